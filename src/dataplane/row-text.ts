import { formatIp, formatMac } from '../types/index.js';
import { sourceVni } from './difference.js';
import { OUR_ROWS } from './our-rows.js';
import { Ntf, Nud } from './rows.js';
import type { PlaneKey, VniPlane } from './vni-plane.js';

/*
 * The rows of one key in words, as they stand and as they should: for who must know at a glance what is wrong. State
 * and flags are the kernel's names.
 */

/** The name of a device by its ifindex. */
export type DeviceName = (ifindex: number) => string;

/** What the kernel holds for the key, as far as it told. */
export function foundText(plane: VniPlane, which: PlaneKey, nameOf: DeviceName): string {
  const { at, mirror } = plane;
  if (!at) return 'the VNI has no device in a bridge';
  if (which.table === 'mac') {
    const bridge = mirror.bridgeRow(at.bridgeIfindex, at.vlan, which.key);
    const vxlan = mirror.vxlanRow(at.vxlanIfindex, sourceVni(at), which.key);
    const first = bridge ? `bridge row points to ${nameOf(bridge.port)} ${bits(bridge)}` : 'no bridge row';
    if (!vxlan) return `${first}, no vxlan row`;
    const dst =
      vxlan.dst === undefined ? `points to nexthop ${vxlan.nexthopId}` : `has dst ${formatIp(vxlan.dst)}`;
    return `${first}, vxlan row ${dst} ${bits(vxlan)}`;
  }
  if (which.table === 'flood') {
    const row = mirror.defaultRow(at.vxlanIfindex, sourceVni(at), which.key);
    const destination = `default destination ${formatIp(which.key)} on ${at.vxlanName}`;
    return row ? `${destination} ${bits(row)}` : `no ${destination}`;
  }
  if (at.sviIfindex === 0) return 'the VNI has no SVI';
  const row = mirror.neighRow(at.sviIfindex, which.key);
  if (!row) return `no neighbor on ${at.sviName}`;
  const mac = row.mac === undefined ? 'has no MAC' : `is ${formatMac(row.mac)}`;
  return `neighbor on ${at.sviName} ${mac} ${bits(row)}`;
}

/** What should stand for the key; nothing where no intent does, or the VNI cannot forward. */
export function wantedText(plane: VniPlane, which: PlaneKey): string {
  const { at } = plane;
  if (!at?.up || plane.retired) return 'nothing';
  if (which.table === 'mac') {
    const want = plane.macs.get(which.key);
    if (!want) return 'nothing';
    const bridge = want.pinned ? OUR_ROWS.pinnedBridge : OUR_ROWS.bridge;
    return `bridge row points to ${at.vxlanName} ${bits(bridge)}, vxlan row has dst ${formatIp(want.vtep)} ${bits(OUR_ROWS.vxlan)}`;
  }
  if (which.table === 'flood')
    return plane.floods.has(which.key)
      ? `default destination ${formatIp(which.key)} on ${at.vxlanName} ${bits(OUR_ROWS.vxlanDefault)}`
      : 'nothing';
  const want = plane.neighs.get(which.key);
  if (!want || at.sviIfindex === 0) return 'nothing';
  const flags = OUR_ROWS.neigh.flags | (want.router ? Ntf.ROUTER : 0);
  return `neighbor on ${at.sviName} is ${formatMac(want.mac)} ${bits({ state: OUR_ROWS.neigh.state, flags })}`;
}

/** Which table a row is of is said already. */
const OF_NO_INTEREST = Ntf.SELF | Ntf.MASTER;

function bits({ state, flags }: { readonly state: number; readonly flags: number }): string {
  const names = [...namesOf(Nud, state), ...namesOf(Ntf, flags & ~OF_NO_INTEREST)];
  return `(${names.join(', ')})`;
}

function namesOf(table: Readonly<Record<string, number>>, value: number): string[] {
  return Object.keys(table)
    .filter((name) => (value & table[name]) !== 0)
    .map((name) => name.toLowerCase());
}
