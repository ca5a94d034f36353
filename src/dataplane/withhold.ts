import type { Clock, Mac, Timer } from '../types/index.js';
import type { Reconciler } from './reconciler.js';
import type { VniPlane } from './vni-plane.js';

/**
 * True for a remote MAC that its host is reached by without rows of it: the bridge floods frames of unknown destination to
 * its VTEP too, and it is none that no frame may move, since a host on one of our ports could take it then.
 */
export function mayWithhold(plane: VniPlane, mac: Mac): boolean {
  const want = plane.macs.peek(mac);
  if (plane.at?.isFlooded !== true || want === undefined || want.pinned) return false;
  const flood = plane.floods.peek(want.to);
  return flood !== undefined && flood.failure === undefined;
}

/**
 * Has no row of a wanted MAC stand from now on, until `admit`; what stands goes. Returns false where it may not be
 * withheld, or is already.
 */
export function withhold(reconciler: Reconciler, plane: VniPlane, mac: Mac): boolean {
  if (!mayWithhold(plane, mac) || !plane.macs.withhold(mac, true)) return false;
  reconciler.mark(plane, { table: 'mac', key: mac });
  return true;
}

/** Has the rows of a MAC stand again that was withheld; does nothing for another. */
export function admit(reconciler: Reconciler, plane: VniPlane, mac: Mac): void {
  if (plane.macs.withhold(mac, false)) reconciler.mark(plane, { table: 'mac', key: mac });
}

/** The same for every MAC of the VNI. */
export function admitAll(reconciler: Reconciler, plane: VniPlane): void {
  for (const mac of plane.macs.withheldKeys()) admit(reconciler, plane, mac);
}

/** VTEPs that go together are waited for so many milliseconds, since all that is withheld is looked at then. */
const GATHER_MS = 100;

/** Lets in withheld MACs that flooding reaches no longer, since their VTEP is no default destination any more. */
export class Unflooded {
  readonly #planes = new Set<VniPlane>();
  #timer: Timer | undefined;

  constructor(
    readonly reconciler: Reconciler,
    readonly clock: Clock,
  ) {}

  /** A default destination of the VNI has gone. */
  lost(plane: VniPlane): void {
    if (plane.macs.withheld === 0) return;
    this.#planes.add(plane);
    this.#timer ??= this.clock.after(GATHER_MS, () => {
      this.#timer = undefined;
      for (const each of this.#planes) this.#look(each);
      this.#planes.clear();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #look(plane: VniPlane): void {
    for (const mac of plane.macs.withheldKeys())
      if (!mayWithhold(plane, mac)) admit(this.reconciler, plane, mac);
  }
}
