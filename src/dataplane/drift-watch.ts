import { type EventSink, NO_EVENTS } from '../events/index.js';
import type { Clock, LimitedLog, Timer } from '../types/index.js';
import { type Drift, type DriftAction, type DriftCause, DriftLog, isFlush } from './drift.js';
import { formatKey } from './kernel-tables/index.js';
import type { Failure } from './kernel-tables/intents.js';
import { addressOf, type PlaneKey } from './kernel-tables/key.js';
import type { DeviceName } from './kernel-tables/owned-table.js';
import { ownerFacts, vniOf } from './owner.js';
import type { OwnerPlane } from './owner-plane.js';

/** The kernel reports rows that it flushes with a device in part before it reports the device. */
const LOG_MILLISECONDS = 100;
/** And so long while something that the kernel has reported waits to be heard, which may explain it. */
const UNHEARD_MILLISECONDS = 5_000;

/** Judges what the data plane and the reconciler find, and keeps the log of drifts in line with it. */
export class DriftWatch {
  readonly log: DriftLog;
  readonly #clock: Clock;
  readonly #limited: LimitedLog;
  /** Found, and not logged yet, oldest first. */
  readonly #unsaid = new Set<Drift>();
  #saying: Timer | undefined;

  constructor(
    clock: Clock,
    /** The key's address is a host's of our own ports: it moved, and the routes will follow. */
    readonly isHosts: (plane: OwnerPlane, which: PlaneKey) => boolean,
    readonly nameOf: DeviceName,
    limited: LimitedLog,
    /** Nothing is ours here, so that nothing drifts. */
    readonly observes = false,
    readonly events: EventSink = NO_EVENTS,
    /** Hears what the kernel has reported; false where some of it still waits. */
    readonly hear: () => boolean = () => true,
  ) {
    this.log = new DriftLog(clock, (drift) => {
      this.#unsaid.add(drift);
      this.#sayLater();
    });
    this.#clock = clock;
    this.#limited = limited;
  }

  /** A row that stood as wanted does so no longer, and we did not do it; `repeated`: one of many times. */
  changed(plane: OwnerPlane, which: PlaneKey, repeated = false): void {
    if (this.observes || !plane.isUp || this.isHosts(plane, which)) return;
    if (plane.isBlocked(which)) this.#block(plane, which);
    else this.#open(plane, which, !repeated, 'foreign-change', 'queued');
  }

  /** A row with our mark stands that nobody wants; a key that is queued already was wanted until now. */
  stray(plane: OwnerPlane, which: PlaneKey, repeated = false): void {
    if (this.observes || plane.isMarked(which)) return;
    this.#open(plane, which, !repeated, 'stray', 'queued');
  }

  /** The reconciler looked at the key and nothing failed; `written` operations were applied. `isLacking` as of Outcomes. */
  settled(plane: OwnerPlane, which: PlaneKey, written: number, isLacking: boolean): void {
    // What was heard of the key meanwhile is looked at in its turn, and may have been all that was in the way
    const isLeft = isLacking && plane.isUp && !plane.isMarked(which) && plane.operations(which).length === 0;
    // Of a MAC nothing but another's row keeps the rows from being written; of an IP its host's being here may
    if (isLeft && plane.isOnlyBlocked(which) && !this.isHosts(plane, which)) this.#block(plane, which);
    if (this.log.openCount === 0 || !plane.agrees(which)) return;
    this.log.close(plane.owner, which, closingAction(plane, written, plane.wants(which)));
  }

  /** The kernel refused an operation for the key. */
  failed(plane: OwnerPlane, which: PlaneKey, failure: Failure): void {
    this.log.refuse(plane.owner, which, failure, () => this.#texts(plane, which));
  }

  /** The VNI's device is gone, and with it what differed. */
  detached(plane: OwnerPlane): void {
    this.log.closeAll(plane.owner, 'device-gone');
  }

  /** A device of the VNI's has gone down, if only for a moment: what was just missed, the kernel itself removed. */
  flushed(plane: OwnerPlane): void {
    this.log.dismiss(plane.owner);
  }

  /** Logs what is not logged yet. */
  close(): void {
    this.#saying?.cancel();
    this.#report(Number.POSITIVE_INFINITY);
  }

  #sayLater(): void {
    this.#saying ??= this.#clock.after(LOG_MILLISECONDS, () => {
      this.#saying = undefined;
      const age = this.hear() ? LOG_MILLISECONDS : UNHEARD_MILLISECONDS;
      this.#report(this.#clock.wallTime() - age);
      if (this.#unsaid.size > 0) this.#sayLater();
    });
  }

  /** Says what was found until then. */
  #report(until: number): void {
    for (const drift of this.#unsaid) {
      if (drift.since > until) return;
      this.#unsaid.delete(drift);
      if (isFlush(drift)) continue;
      const { owner, which, cause, found, wanted } = drift;
      this.events.push({
        kind: 'drift',
        vni: vniOf(owner),
        table: which.table,
        key: formatKey(which),
        ...addressOf(which),
        cause,
        found,
        wanted,
      });
      logDrift(this.#limited, drift);
    }
  }

  #block(plane: OwnerPlane, which: PlaneKey): void {
    this.log.block(plane.owner, which, () => ({
      cause: 'blocked',
      action: 'left-alone',
      fix: plane.removalCommands(which, this.nameOf).join(' && ') || undefined,
      failure: undefined,
      ...this.#texts(plane, which),
    }));
  }

  #open(plane: OwnerPlane, which: PlaneKey, kept: boolean, cause: DriftCause, action: DriftAction): void {
    this.log.open(plane.owner, which, kept, () => ({
      cause,
      action,
      fix: undefined,
      failure: undefined,
      ...this.#texts(plane, which),
    }));
  }

  #texts(plane: OwnerPlane, which: PlaneKey): { found: string; wanted: string } {
    return { found: plane.foundText(which, this.nameOf), wanted: plane.wantedText(which) };
  }
}

function closingAction(plane: OwnerPlane, written: number, wanted: boolean): DriftAction {
  if (!plane.isUp) return 'device-gone';
  if (wanted) return written > 0 ? 'rewritten' : 'restored-by-another';
  return written > 0 ? 'removed' : 'no-longer-wanted';
}

/** What is logged, and how loudly: a refusal with the errno where it happens, and what is fixed without the operator is no warning. */
const LINES = {
  'foreign-change': ['info', 'somebody changed or removed a row of ours'],
  stray: ['info', 'a row with our mark is wanted no longer'],
  blocked: ['warn', "a row that is not ours to overwrite stands where a remote host's should be"],
  refused: undefined,
} as const satisfies Record<DriftCause, readonly ['info' | 'warn', string] | undefined>;

function logDrift(log: LimitedLog, { owner, which, cause, found, wanted, action, fix }: Drift): void {
  const line = LINES[cause];
  if (line === undefined) return;
  const [level, sentence] = line;
  log[level](sentence, () => ({
    ...ownerFacts(owner),
    table: which.table,
    key: formatKey(which),
    found,
    wanted,
    action,
    ...(fix !== undefined && { fix }),
  }));
}
