/** The VRFs of a leaf, each with the bridge and the VXLAN device of its L3VNI: made for each daemon, so that nothing of another is left. */
import type { Batch, Leaf } from '../lab/index.js';
import { formatMac, type Mac } from '../src/types/index.js';
import { l3Bridge, l3Vxlan, l3vniAt, tableAt, vrfName } from './vrf-workload.js';

/** Devices of a group are removed at once. */
const GROUP = '8';
const OWN_ROUTER_MAC = formatMac(0x02_00_40_00_00_00 as Mac);

/** What makes them. */
export function addVrfs({ vtep }: Leaf, vrfs: number): Batch {
  const numbers = Array.from({ length: vrfs }, (_, n) => n);
  return {
    ip: numbers.flatMap((n) => [
      `link add ${vrfName(n)} group ${GROUP} type vrf table ${tableAt(n)}`,
      `link set ${vrfName(n)} up`,
      `link add ${l3Bridge(n)} group ${GROUP} address ${OWN_ROUTER_MAC} type bridge mcast_snooping 0`,
      `link set ${l3Bridge(n)} master ${vrfName(n)}`,
      `link add ${l3Vxlan(n)} group ${GROUP} type vxlan id ${l3vniAt(n)} local ${vtep} dstport 4789 nolearning`,
      `link set ${l3Vxlan(n)} master ${l3Bridge(n)} addrgenmode none up`,
      `link set ${l3Bridge(n)} up`,
    ]),
    bridge: numbers.map((n) => `link set dev ${l3Vxlan(n)} learning off`),
  };
}

/** What removes them, with their routes, neighbors and rows. */
export const DROP_VRFS: Batch = { ip: [`link del group ${GROUP}`], bridge: [] };
