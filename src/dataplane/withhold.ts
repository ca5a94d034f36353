import type { Ip, Mac } from '../types/index.js';
import type { Reconciler } from './reconciler.js';
import type { VniPlane } from './vni-plane.js';

/**
 * True for a remote MAC that its host is reached by without rows of it: the bridge floods frames of unknown destination to
 * its VTEP too, and it is none that no frame may move, since a host on one of our ports could take it then.
 */
export function mayWithhold(plane: VniPlane, mac: Mac): boolean {
  const want = plane.macs.peek(mac);
  if (want === undefined || want.pinned) return false;
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

/** The same for every MAC of the VNI; with `vtep` for those behind it alone. */
export function admitAll(reconciler: Reconciler, plane: VniPlane, vtep?: Ip): void {
  if (plane.macs.withheld === 0) return;
  for (const mac of plane.macs.withheldKeys())
    if (vtep === undefined || plane.macs.peek(mac)?.to === vtep) admit(reconciler, plane, mac);
}
