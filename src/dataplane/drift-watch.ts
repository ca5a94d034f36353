import { type Clock, formatIp, formatMac, type LimitedLog } from '../types/index.js';
import { type Drift, type DriftAction, type DriftCause, DriftLog } from './drift.js';
import type { Failure } from './intents.js';
import { type DeviceName, foundText, wantedText } from './row-text.js';
import type { PlaneKey, VniPlane } from './vni-plane.js';

/** Judges what the data plane and the reconciler find, and keeps the log of drifts in line with it. */
export class DriftWatch {
  readonly log: DriftLog;

  constructor(
    clock: Clock,
    /** The key's address is a host's of our own ports: it moved, and the routes will follow. */
    readonly isHosts: (plane: VniPlane, which: PlaneKey) => boolean,
    readonly nameOf: DeviceName,
    limited: LimitedLog,
    /** Nothing is ours here, so that nothing drifts. */
    readonly observes = false,
  ) {
    this.log = new DriftLog(clock, (drift) => logDrift(limited, drift));
  }

  /** A row that stood as wanted does so no longer, and we did not do it; `repeated`: one of many times. */
  changed(plane: VniPlane, which: PlaneKey, repeated = false): void {
    if (this.observes || !plane.at?.up || this.isHosts(plane, which)) return;
    const isBlocked = plane.isBlocked(which);
    this.log.open(plane.vni, which, !repeated, () => ({
      cause: isBlocked ? 'blocked' : 'foreign-change',
      action: isBlocked ? 'left-alone' : 'queued',
      failure: undefined,
      ...this.#texts(plane, which),
    }));
  }

  /** A row with our mark stands that nobody wants; a key that is queued already was wanted until now. */
  stray(plane: VniPlane, which: PlaneKey, repeated = false): void {
    if (this.observes || plane.isMarked(which)) return;
    this.log.open(plane.vni, which, !repeated, () => ({
      cause: 'stray',
      action: 'queued',
      failure: undefined,
      ...this.#texts(plane, which),
    }));
  }

  /** The reconciler looked at the key and nothing failed; `written` operations were applied. */
  settled(plane: VniPlane, which: PlaneKey, written: number): void {
    if (written === 0 && plane.at?.up && !plane.isSettled(which) && plane.wants(which))
      this.#blocked(plane, which);
    if (this.log.openCount === 0 || !plane.agrees(which)) return;
    this.log.close(plane.vni, which, closingAction(plane, written, plane.wants(which)));
  }

  /** The kernel refused an operation for the key. */
  failed(plane: VniPlane, which: PlaneKey, failure: Failure): void {
    this.log.refuse(plane.vni, which, failure, () => this.#texts(plane, which));
  }

  /** The VNI's device is gone, and with it what differed. */
  detached(plane: VniPlane): void {
    this.log.closeVni(plane.vni, 'device-gone');
  }

  #blocked(plane: VniPlane, which: PlaneKey): void {
    if ((which.table !== 'mac' && !plane.isBlocked(which)) || this.isHosts(plane, which)) return;
    this.log.open(plane.vni, which, true, () => ({
      cause: 'blocked',
      action: 'left-alone',
      failure: undefined,
      ...this.#texts(plane, which),
    }));
  }

  #texts(plane: VniPlane, which: PlaneKey): { found: string; wanted: string } {
    return { found: foundText(plane, which, this.nameOf), wanted: wantedText(plane, which) };
  }
}

function closingAction(plane: VniPlane, written: number, wanted: boolean): DriftAction {
  if (!plane.at?.up) return 'device-gone';
  if (wanted) return written > 0 ? 'rewritten' : 'restored-by-another';
  return written > 0 ? 'removed' : 'no-longer-wanted';
}

/** A refusal is logged with the errno where it happens. */
const SENTENCES = {
  'foreign-change': 'somebody changed or removed a row of ours',
  stray: 'a row with our mark is wanted no longer',
  blocked: "a row that is not ours to overwrite stands where a remote host's should be",
  refused: undefined,
} as const satisfies Record<DriftCause, string | undefined>;

function logDrift(log: LimitedLog, { vni, which, cause, found, wanted, action }: Drift): void {
  const sentence = SENTENCES[cause];
  if (sentence === undefined) return;
  log.info(sentence, () => ({
    vni,
    table: which.table,
    key: which.table === 'mac' ? formatMac(which.key) : formatIp(which.key),
    found,
    wanted,
    action,
  }));
}
