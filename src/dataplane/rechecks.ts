import type { Contests } from './contests.js';
import type { DriftWatch } from './drift-watch.js';
import type { Operation } from './kernel.js';
import type { PlaneKey } from './kernel-tables/key.js';
import type { OwnerPlane } from './owner-plane.js';
import type { Reconciler } from './reconciler.js';

/** What news of a row lead to: whether it is as wanted, who is to blame where it is not, and when it is repaired. */
export class Rechecks {
  /** Rows of ours that nobody wants are removed; those found at start are kept until the brain knows all routes. */
  sweeping = false;

  constructor(
    readonly reconciler: Reconciler,
    readonly contests: Contests,
    readonly watch: DriftWatch,
    /** The key's address is a host's on one of our own ports: it moved, nobody tampered. */
    readonly isHosts: (plane: OwnerPlane, which: PlaneKey) => boolean,
  ) {}

  /** After news of a row: queue the key if the kernel is no longer as wanted, and record who was not us. */
  recheck(plane: OwnerPlane, which: PlaneKey): void {
    if (!plane.wants(which)) {
      if (!this.sweeping || !plane.holdsOwn(which)) return;
      // What appears while ours is being written is another's doing where there is another
      if (plane.isMarked(which) && !this.contests.isAt(plane)) this.reconciler.mark(plane, which);
      else this.#repair(plane, which, (repeated) => this.watch.stray(plane, which, repeated));
      return;
    }
    if (plane.fits(which)) {
      plane.setSettled(which, true);
      // The reconciler knows whether it was our doing
      if (this.watch.log.openAt(plane.owner, which)) this.reconciler.mark(plane, which);
      return;
    }
    const wasOurs =
      (plane.isSettled(which) || (this.contests.isAt(plane) && plane.isMarked(which))) &&
      !this.isHosts(plane, which);
    plane.setSettled(which, false);
    if (wasOurs) this.#repair(plane, which, (repeated) => this.watch.changed(plane, which, repeated));
    else if (!this.contests.awaits(plane, which)) this.reconciler.mark(plane, which);
  }

  /** A write of ours landed on a row that somebody had just set. */
  putBack(plane: OwnerPlane, which: PlaneKey, operations: readonly Operation[]): void {
    this.reconciler.rethink();
    plane.setSettled(which, false);
    plane.putBack(which, operations);
    this.reconciler.queue(plane);
  }

  /** Looks at a row that somebody changed: at once, or later where that goes on and on. */
  #repair(plane: OwnerPlane, which: PlaneKey, record: (repeated: boolean) => void): void {
    const repair = this.contests.repair(plane, which);
    if (!repair) return;
    record(repair.repeated);
    if (repair.delay === 0) this.reconciler.mark(plane, which);
    else this.reconciler.markLater(plane, which, repair.delay);
  }
}
