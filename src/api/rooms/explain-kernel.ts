import { vniOwner } from '../../dataplane/index.js';
import type { MacVrf } from '../../evpn/index.js';
import type { Ip, Mac } from '../../types/index.js';
import type { KernelCheck } from '../explain-schemas.js';
import { failureItem } from '../parts/failure.js';
import { fdbItems, neighRowItem, portName } from '../parts/kernel-rows.js';
import { offloadItem } from '../parts/offload.js';
import { driftItem } from '../resources/drift.js';
import type { Rooms } from './rooms.js';

/** Returns what the kernel holds of a MAC or an IP against what is wanted; `neighs` are those that the switch ASIC has. */
export function kernelCheck(
  rooms: Rooms,
  vrf: MacVrf,
  which: { readonly table: 'mac'; readonly key: Mac } | { readonly table: 'neigh'; readonly key: Ip },
  neighs: ReadonlySet<Ip>,
): KernelCheck {
  const { dataPlane, hardware } = rooms;
  const plane = dataPlane.plane(vrf.vni);
  const owner = vniOwner(vrf.vni);
  const drifts = dataPlane.drift.of(owner, which);
  const nameOf = (port: number) => portName(dataPlane, port);
  const check: KernelCheck = {
    wanted: plane ? plane.wantedText(which) : 'nothing',
    found: plane ? plane.foundText(which, nameOf) : 'nothing',
    fits: plane?.agrees(which) ?? true,
    bridge: null,
    vxlan: null,
    neigh: null,
    offload:
      which.table === 'mac' && plane?.macs.has(which.key)
        ? offloadItem(hardware?.mac(vrf.vni, which.key))
        : null,
    failure: failureItem(plane?.intent(which)?.failure ?? dataPlane.drift.openAt(owner, which)?.failure),
    drifts: drifts.map(driftItem),
  };
  const { at } = vrf;
  if (!at) return check;
  if (which.table === 'neigh') {
    const neigh = at.sviIfindex === 0 ? undefined : dataPlane.mirror.neighRow(at.sviIfindex, which.key);
    return { ...check, neigh: neigh ? neighRowItem(neigh, at.sviName, neighs) : null };
  }
  return { ...check, ...fdbItems(rooms, at, which.key) };
}
