import type { Topology, VrfAttachment } from '../../dataplane/index.js';
import { formatIp, formatMac, type Vni } from '../../types/index.js';
import type { IpVrfs } from './ip-vrfs.js';

/** What is wrong with a VRF that its devices alone do not show. */
export interface VrfFault {
  readonly vrf: string;
  readonly vni: Vni;
  readonly problem: string;
  readonly fix: string | undefined;
}

/** Faults of VRFs as routes and other VRFs show them. */
export function* vrfFaults(
  ipVrfs: Pick<IpVrfs, 'values' | 'isRefused'>,
  { vrfs, vnis }: Pick<Topology, 'vrfs' | 'vnis'>,
): Iterable<VrfFault> {
  for (const at of vrfs.values())
    if (at.l3vni !== undefined) {
      if (ipVrfs.isRefused(at))
        yield {
          vrf: at.name,
          vni: at.l3vni,
          problem: `routing table ${at.tableId} has the routes of the underlay, or of another VRF: none is installed for the VRF`,
          fix: `ip link add ${at.name} type vrf table TABLE, with a table of its own`,
        };
      yield* otherVteps(at, at.l3vni, vnis);
    }
  for (const { name: vrf, l3vni: vni, routers } of ipVrfs.values())
    for (const { mac, vteps } of routers.shared())
      yield {
        vrf,
        vni,
        problem: `${vteps.map(formatIp).join(' and ')} have the same router MAC ${formatMac(mac)}: all routed frames for them go to ${formatIp(vteps[0])}`,
        fix: 'give the SVI of the L3VNI another MAC on one of the leaves: `ip link set dev SVI address MAC`',
      };
}

/** VNIs of hosts whose routes cannot have the VRF's label, since they have one next hop. */
function* otherVteps(at: VrfAttachment, l3vni: Vni, vnis: Topology['vnis']): Iterable<VrfFault> {
  for (const vni of at.vnis) {
    const local = vnis.get(vni)?.localVtep;
    if (local === at.localVtep) continue;
    yield {
      vrf: at.name,
      vni: l3vni,
      problem: `VNI ${vni} has another local address than the L3VNI: its hosts are not announced for the VRF`,
      fix: `ip link set dev ${vnis.get(vni)?.vxlanName} type vxlan local ${at.localVtep === undefined ? 'ADDRESS' : formatIp(at.localVtep)}`,
    };
  }
}
