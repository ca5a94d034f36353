import type { Clock, Ip, Mac, Vni } from '../types/index.js';
import type { Failure } from './intents.js';
import type { PlaneKey } from './vni-plane.js';

/**
 * Why the kernel was not as wanted: somebody else changed or removed a row of ours (`foreign-change`); the kernel
 * refuses what is wanted (`refused`); a row carries our mark and nobody wants it (`stray`); a row that is not ours to
 * overwrite, such as one set by hand, stands in the way (`blocked`).
 */
export type DriftCause = 'foreign-change' | 'refused' | 'stray' | 'blocked';

/** What was done about it; the first three are of open drifts, the others of closed ones. */
export type DriftAction =
  | 'queued'
  | 'retrying'
  | 'left-alone'
  | 'rewritten'
  | 'removed'
  | 'restored-by-another'
  | 'no-longer-wanted'
  | 'device-gone';

/** A difference between what is wanted in the kernel and what stands there. */
export interface Drift {
  /** Grows with every drift. */
  readonly id: number;
  readonly vni: Vni;
  readonly which: PlaneKey;
  readonly cause: DriftCause;
  /** Clock.wallTime() when it was found. */
  readonly since: number;
  /** The rows as they were found, in words. */
  readonly found: string;
  readonly wanted: string;
  readonly action: DriftAction;
  /** Where rows are in the way, the command that deletes them. */
  readonly fix: string | undefined;
  /** The kernel's last refusal. */
  readonly failure: Failure | undefined;
  /** Clock.wallTime() when the kernel was as wanted again; undefined while it is not. */
  readonly resolvedAt: number | undefined;
}

/** What is told of a drift when it is found. */
export type DriftFacts = Pick<Drift, 'cause' | 'found' | 'wanted' | 'action' | 'fix' | 'failure'>;

type Writable<Type> = { -readonly [Field in keyof Type]: Type[Field] };
interface OpenDrifts {
  readonly mac: Map<Mac, Writable<Drift>>;
  readonly flood: Map<Ip, Writable<Drift>>;
  readonly neigh: Map<Ip, Writable<Drift>>;
}

const KEPT = 1000;

/** The open drifts, at most one for each key, and the latest resolved ones. */
export class DriftLog {
  /** Drifts since start; what the kernel flushed with its device was none. */
  total = 0;
  #lastId = 0;
  /** Drifts that stand; while there is none, asking costs nothing. */
  openCount = 0;
  readonly #open = new Map<Vni, OpenDrifts>();
  readonly #closed: Drift[] = [];
  /** Those that stand and will not be kept. */
  readonly #passing = new Set<Drift>();

  constructor(
    readonly clock: Clock,
    /** Told each drift when it is found. */
    readonly found: (drift: Drift) => void = () => {},
  ) {}

  /** The drift that stands for a key. */
  openAt(vni: Vni, which: PlaneKey): Drift | undefined {
    const drifts = this.#open.get(vni);
    return drifts && entryOf(drifts, which);
  }

  /** All that is still known of a key, oldest first. */
  of(vni: Vni, which: PlaneKey): Drift[] {
    const known = this.#closed.filter(
      (drift) => drift.vni === vni && drift.which.table === which.table && drift.which.key === which.key,
    );
    const standing = this.openAt(vni, which);
    return standing ? [...known, standing] : known;
  }

  /** How many stand in a VNI. */
  openIn(vni: Vni): number {
    const drifts = this.#open.get(vni);
    return drifts ? drifts.mac.size + drifts.flood.size + drifts.neigh.size : 0;
  }

  /** Those that stand in a VNI because of a row that is not ours to overwrite. */
  *blockedIn(vni: Vni): Iterable<Drift> {
    const drifts = this.#open.get(vni);
    if (!drifts) return;
    for (const table of [drifts.mac, drifts.flood, drifts.neigh])
      for (const drift of table.values()) if (drift.cause === 'blocked') yield drift;
  }

  /**
   * Enters a drift; where one stands for the key already, it stays what it was. One that is not kept is forgotten once it is
   * over, as the many of a row that is changed again and again would push all others out.
   */
  open(vni: Vni, which: PlaneKey, kept: boolean, facts: () => DriftFacts): void {
    if (this.openAt(vni, which)) return;
    let drifts = this.#open.get(vni);
    if (!drifts) {
      drifts = { mac: new Map(), flood: new Map(), neigh: new Map() };
      this.#open.set(vni, drifts);
    }
    this.total++;
    this.openCount++;
    const drift = {
      id: ++this.#lastId,
      vni,
      which,
      since: this.clock.wallTime(),
      resolvedAt: undefined,
      ...facts(),
    };
    if (which.table === 'mac') drifts.mac.set(which.key, drift);
    else drifts[which.table].set(which.key, drift);
    if (kept) this.found(drift);
    else this.#passing.add(drift);
  }

  /**
   * A row that is not ours to overwrite is what keeps the key from being written: notes that on the open drift, with
   * the rows as they are now, or enters one. It is kept, however often the row was changed before.
   */
  block(vni: Vni, which: PlaneKey, facts: () => DriftFacts): void {
    const drifts = this.#open.get(vni);
    const standing = drifts && entryOf(drifts, which);
    if (!standing) {
      this.open(vni, which, true, facts);
      return;
    }
    const isNews = standing.cause !== 'blocked';
    Object.assign(standing, facts());
    this.#passing.delete(standing);
    if (isNews) this.found(standing);
  }

  /** The kernel refused to write the key: notes it on the open drift, or enters one. */
  refuse(
    vni: Vni,
    which: PlaneKey,
    failure: Failure,
    facts: () => Pick<DriftFacts, 'found' | 'wanted'>,
  ): void {
    const drifts = this.#open.get(vni);
    const standing = drifts && entryOf(drifts, which);
    if (standing) {
      // What was in the way no longer is
      const cause = standing.cause === 'blocked' ? 'refused' : standing.cause;
      Object.assign(standing, { cause, action: 'retrying', fix: undefined, failure });
    } else
      this.open(vni, which, true, () => ({
        cause: 'refused',
        action: 'retrying',
        fix: undefined,
        failure,
        ...facts(),
      }));
  }

  /** The key is as wanted: its open drift, if any, is resolved. */
  close(vni: Vni, which: PlaneKey, action: DriftAction): void {
    const drifts = this.#open.get(vni);
    const drift = drifts && entryOf(drifts, which);
    if (!drifts || !drift) return;
    forget(drifts, which);
    this.#retire(drift, action);
    if (this.openIn(vni) === 0) this.#open.delete(vni);
  }

  /** What stands in a VNI as somebody's change was a flush of the kernel's own, and no drift. */
  dismiss(vni: Vni): void {
    const drifts = this.#open.get(vni);
    if (!drifts) return;
    for (const table of [drifts.mac, drifts.flood, drifts.neigh])
      for (const drift of table.values())
        if (drift.cause === 'foreign-change' && drift.failure === undefined) {
          forget(drifts, drift.which);
          this.#retire(drift, 'device-gone');
        }
    if (this.openIn(vni) === 0) this.#open.delete(vni);
  }

  /** Closes all that stand in a VNI. */
  closeVni(vni: Vni, action: DriftAction): void {
    const drifts = this.#open.get(vni);
    if (!drifts) return;
    this.#open.delete(vni);
    for (const table of [drifts.mac, drifts.flood, drifts.neigh])
      for (const drift of table.values()) this.#retire(drift, action);
  }

  /** The resolved drifts that are still kept, then the open ones, in no order; live. */
  *drifts(): IterableIterator<Drift> {
    yield* this.#closed.slice(-KEPT);
    for (const { mac, flood, neigh } of this.#open.values()) {
      yield* mac.values();
      yield* flood.values();
      yield* neigh.values();
    }
  }

  /** How many `drifts` gives. */
  get size(): number {
    return this.openCount + Math.min(this.#closed.length, KEPT);
  }

  #retire(drift: Writable<Drift>, action: DriftAction): void {
    this.openCount--;
    drift.action = action;
    const flushed = isFlush(drift);
    if (flushed) this.total--;
    if (this.#passing.delete(drift) || flushed) return;
    drift.resolvedAt = this.clock.wallTime();
    this.#closed.push(drift);
    // Trimmed by half, so that a storm costs no shift a row
    if (this.#closed.length > 2 * KEPT) this.#closed.splice(0, KEPT);
  }
}

/** The kernel flushed the row with its device: nobody changed it, and such rows go by the hundred. */
export function isFlush({ cause, action, failure }: Drift): boolean {
  return cause === 'foreign-change' && action === 'device-gone' && failure === undefined;
}

function forget(drifts: OpenDrifts, which: PlaneKey): void {
  if (which.table === 'mac') drifts.mac.delete(which.key);
  else drifts[which.table].delete(which.key);
}

function entryOf(drifts: OpenDrifts, which: PlaneKey): Writable<Drift> | undefined {
  return which.table === 'mac' ? drifts.mac.get(which.key) : drifts[which.table].get(which.key);
}
