import { Nud, type VrfAttachment } from '../../../src/dataplane/index.js';
import type { EvpnSettings } from '../../../src/evpn/index.js';
import { type Mac, parseIp, toVni } from '../../../src/types/index.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './leaf.js';
import { vrfOf, withVrfs } from './vrf-leaf.js';

/** The VNI of hosts, and the L3VNI of the VRF. */
export const HOSTS = toVni(10010);
export const L3 = toVni(4001);

/** So many leaves with a VNI of hosts and one VRF, which know each other's routes. */
export async function routedFabric(count = 2, settings: Partial<EvpnSettings> = {}, vtep = vtepOf) {
  const clock = new VirtualClock();
  const leaves = Array.from({ length: count }, (_, i) => new Leaf(clock, vtep(i + 1), 65001 + i, settings));
  const devices = leaves.map(({ world }) => ({ hosts: world.devices(HOSTS), l3: world.devices(L3) }));
  const wire = new Wire(leaves);
  /** The VRF of leaf `i`, changed by `over`. */
  const vrf = (i: number, over: Partial<VrfAttachment> = {}) => {
    const { kernel } = leaves[i].world;
    kernel.setTopology(
      withVrfs(kernel.topology, vrfOf(L3, devices[i].l3, vtep(i + 1), { vnis: [HOSTS], ...over })),
    );
  };
  for (const [i, leaf] of leaves.entries()) {
    leaf.addVni(devices[i].hosts);
    leaf.addVni(devices[i].l3);
    vrf(i);
    await leaf.start();
    leaf.dataPlane.sweep();
  }
  /** A host of leaf `i` speaks, and the kernel knows its IP. */
  const host = (i: number, mac: Mac, ip: string) => {
    leaves[i].hostSpeaks(devices[i].hosts, mac);
    leaves[i].world.kernel.putNeigh({
      ifindex: devices[i].hosts.bridgeIfindex,
      ip: parseIp(ip),
      mac,
      state: Nud.REACHABLE,
      flags: 0,
      protocol: 0,
    });
  };
  const settle = () => wire.quiesce(clock);
  settle();
  return { clock, leaves, devices, wire, vrf, host, settle };
}
