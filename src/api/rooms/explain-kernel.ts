import { foundText, wantedText } from '../../dataplane/index.js';
import type { MacVrf } from '../../evpn/index.js';
import type { Ip, Mac } from '../../types/index.js';
import type { KernelCheck } from '../explain-schemas.js';
import { fdbRowItem, neighRowItem } from '../present.js';
import { type HardwareRows, portName } from './mac-item.js';
import type { Rooms } from './rooms.js';
import { driftItem, failureItem } from './trouble-items.js';

/** What the kernel holds of a MAC or an IP against what is wanted; `hardware` shows what the switch ASIC took. */
export function kernelCheck(
  { dataPlane }: Rooms,
  vrf: MacVrf,
  which: { readonly table: 'mac'; readonly key: Mac } | { readonly table: 'neigh'; readonly key: Ip },
  hardware: HardwareRows,
): KernelCheck {
  const plane = dataPlane.plane(vrf.vni);
  const drifts = dataPlane.drift.of(vrf.vni, which);
  const nameOf = (port: number) => portName(dataPlane, port);
  const check: KernelCheck = {
    wanted: plane ? wantedText(plane, which) : 'nothing',
    found: plane ? foundText(plane, which, nameOf) : 'nothing',
    fits: plane?.agrees(which) ?? true,
    bridge: null,
    vxlan: null,
    neigh: null,
    failure: failureItem(plane?.intent(which)?.failure ?? dataPlane.drift.openAt(vrf.vni, which)?.failure),
    drifts: drifts.map(driftItem),
  };
  const { at } = vrf;
  if (!at) return check;
  const { mirror } = dataPlane;
  if (which.table === 'neigh') {
    const neigh = at.sviIfindex === 0 ? undefined : mirror.neighRow(at.sviIfindex, which.key);
    return { ...check, neigh: neigh ? neighRowItem(neigh, at.sviName) : null };
  }
  const bridge = mirror.bridgeRow(at.bridgeIfindex, at.vlan, which.key);
  const vxlan = mirror.vxlanRow(at.vxlanIfindex, at.collectMetadata ? at.vni : 0, which.key);
  const shownBridge = hardware?.find((row) => 'port' in row && row.mac === which.key) ?? bridge;
  const shownVxlan = hardware?.find((row) => 'dst' in row && row.mac === which.key) ?? vxlan;
  return {
    ...check,
    bridge: bridge && shownBridge ? fdbRowItem(shownBridge, nameOf(bridge.port)) : null,
    vxlan: shownVxlan ? fdbRowItem(shownVxlan, at.vxlanName) : null,
  };
}
