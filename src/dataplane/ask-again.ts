import type { Mac } from '../types/index.js';
import type { Reconciler } from './reconciler.js';
import { sourceVni } from './topology.js';
import type { VniPlane } from './vni-plane.js';

/**
 * Has the driver of a switch ASIC asked once more to take a remote MAC that stands as it is wanted: by a delete and an add
 * of the VXLAN device's row, since a row that is written as it is makes no news for a driver (drivers/net/vxlan:
 * vxlan_fdb_update_existing). Does nothing for a MAC that is about to be written anyway.
 */
export function askAgain(reconciler: Reconciler, plane: VniPlane, mac: Mac): void {
  const which = { table: 'mac', key: mac } as const;
  const { at } = plane;
  const dst = plane.macs.peek(mac)?.to;
  if (!at || dst === undefined || !plane.isLive || plane.isMarked(which) || !plane.fits(which)) return;
  const row = { table: 'vxlan', ifindex: at.vxlanIfindex, srcVni: sourceVni(at), mac, dst } as const;
  reconciler.rethink();
  plane.setSettled(which, false);
  plane.putBack(which, [
    { ...row, verb: 'delete' },
    { ...row, verb: 'add' },
  ]);
  reconciler.queue(plane);
}
