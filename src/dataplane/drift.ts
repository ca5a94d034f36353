import type { Clock } from '../types/index.js';
import type { Failure } from './kernel-tables/intents.js';
import type { PlaneKey } from './kernel-tables/key.js';
import { KeyMap } from './kernel-tables/key-map.js';
import { ownerNumber, type RowOwner } from './owner.js';

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
  readonly owner: RowOwner;
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

/** What is logged of a drift when it is found. */
export type DriftFacts = Pick<Drift, 'cause' | 'found' | 'wanted' | 'action' | 'fix' | 'failure'>;

type Writable<Type> = { -readonly [Field in keyof Type]: Type[Field] };

const KEPT = 1000;

/** The open drifts, at most one for each key, and the latest resolved ones. */
export class DriftLog {
  /** Drifts since start; what the kernel flushed with its device was none. */
  total = 0;
  #lastId = 0;
  /** Drifts that stand; while there is none, asking costs nothing. */
  openCount = 0;
  /** By owner. */
  readonly #open = new Map<number, KeyMap<Writable<Drift>>>();
  readonly #closed: Drift[] = [];
  /** Those that stand and will not be kept. */
  readonly #passing = new Set<Drift>();

  constructor(
    readonly clock: Clock,
    /** Told each drift when it is found. */
    readonly found: (drift: Drift) => void = () => {},
  ) {}

  /** The drift that stands for a key. */
  openAt(owner: RowOwner, which: PlaneKey): Drift | undefined {
    return this.openCount === 0 ? undefined : this.#standing(owner, which);
  }

  /** All that is still known of a key, oldest first. */
  of(owner: RowOwner, which: PlaneKey): Drift[] {
    const number = ownerNumber(owner);
    const known = this.#closed.filter(
      (drift) =>
        ownerNumber(drift.owner) === number &&
        drift.which.table === which.table &&
        drift.which.key === which.key,
    );
    const standing = this.openAt(owner, which);
    return standing ? [...known, standing] : known;
  }

  /** Returns how many stand of an owner. */
  openIn(owner: RowOwner): number {
    return this.#open.get(ownerNumber(owner))?.size ?? 0;
  }

  /** Those of an owner that stand because of a row that is not ours to overwrite. */
  *blockedIn(owner: RowOwner): Iterable<Drift> {
    for (const drift of this.#open.get(ownerNumber(owner))?.values() ?? [])
      if (drift.cause === 'blocked') yield drift;
  }

  /**
   * Enters a drift; where one stands for the key already, it stays what it was. One that is not kept is forgotten once it is
   * over, as the many of a row that is changed again and again would push all others out.
   */
  open(owner: RowOwner, which: PlaneKey, kept: boolean, facts: () => DriftFacts): void {
    if (this.openAt(owner, which)) return;
    const number = ownerNumber(owner);
    let drifts = this.#open.get(number);
    if (!drifts) {
      drifts = new KeyMap();
      this.#open.set(number, drifts);
    }
    this.total++;
    this.openCount++;
    const drift = {
      id: ++this.#lastId,
      owner,
      // What it is part of, a plane or a flight, is not to be held by a list of the past
      which: { table: which.table, key: which.key } as PlaneKey,
      since: this.clock.wallTime(),
      resolvedAt: undefined,
      ...facts(),
    };
    drifts.set(which, drift);
    if (kept) this.found(drift);
    else this.#passing.add(drift);
  }

  /**
   * A row that is not ours to overwrite is what keeps the key from being written: notes that on the open drift, with
   * the rows as they are now, or enters one. It is kept, however often the row was changed before.
   */
  block(owner: RowOwner, which: PlaneKey, facts: () => DriftFacts): void {
    const standing = this.#standing(owner, which);
    if (!standing) {
      this.open(owner, which, true, facts);
      return;
    }
    const isNews = standing.cause !== 'blocked';
    Object.assign(standing, facts());
    this.#passing.delete(standing);
    if (isNews) this.found(standing);
  }

  /** The kernel refused to write the key: notes it on the open drift, or enters one. */
  refuse(
    owner: RowOwner,
    which: PlaneKey,
    failure: Failure,
    facts: () => Pick<DriftFacts, 'found' | 'wanted'>,
  ): void {
    const standing = this.#standing(owner, which);
    if (standing) {
      // What was in the way no longer is
      const cause = standing.cause === 'blocked' ? 'refused' : standing.cause;
      Object.assign(standing, { cause, action: 'retrying', fix: undefined, failure });
    } else
      this.open(owner, which, true, () => ({
        cause: 'refused',
        action: 'retrying',
        fix: undefined,
        failure,
        ...facts(),
      }));
  }

  /** The key is as wanted: its open drift, if any, is resolved. */
  close(owner: RowOwner, which: PlaneKey, action: DriftAction): void {
    const drift = this.#standing(owner, which);
    if (drift) this.#over(drift, action);
  }

  /** What stands of an owner as somebody's change was a flush of the kernel's own, and no drift. */
  dismiss(owner: RowOwner): void {
    for (const drift of this.#open.get(ownerNumber(owner))?.values() ?? [])
      if (drift.cause === 'foreign-change' && drift.failure === undefined) this.#over(drift, 'device-gone');
  }

  /** Closes all that stand of an owner. */
  closeAll(owner: RowOwner, action: DriftAction): void {
    for (const drift of this.#open.get(ownerNumber(owner))?.values() ?? []) this.#over(drift, action);
  }

  /** The resolved drifts that are still kept, then the open ones, in no order; live. */
  *drifts(): IterableIterator<Drift> {
    yield* this.#closed.slice(-KEPT);
    for (const drifts of this.#open.values()) yield* drifts.values();
  }

  /** Returns how many `drifts` gives. */
  get size(): number {
    return this.openCount + Math.min(this.#closed.length, KEPT);
  }

  #standing(owner: RowOwner, which: PlaneKey): Writable<Drift> | undefined {
    return this.#open.get(ownerNumber(owner))?.get(which);
  }

  #over(drift: Writable<Drift>, action: DriftAction): void {
    const number = ownerNumber(drift.owner);
    const drifts = this.#open.get(number);
    drifts?.delete(drift.which);
    if (drifts?.size === 0) this.#open.delete(number);
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
