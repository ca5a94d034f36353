import { toVni } from '../../../src/types/index.js';
import { vtepOf } from '../../evpn/support/leaf.js';
import { network, vrfOf, withVrfs } from '../../evpn/support/vrf-leaf.js';
import { House, type HouseOptions, VNI } from './house.js';

export const L3 = toVni(4001);
export const VRF_NAME = `vrf${L3}`;

/** Two leaves with a VRF that are both in 192.0.2.0/24, and each announce 198.51.100.0/24. */
export async function routedHouse(options: HouseOptions = {}) {
  const vrfs = new Map([[VRF_NAME, { networks: [network('198.51.100.0/24')] }]]);
  const house = await House.build({ settings: { vrfs }, ...options });
  house.rooms.forEach(({ leaf }, i) => {
    const devices = leaf.world.devices(L3);
    leaf.addVni(devices);
    const { kernel } = leaf.world;
    const networks = [network('192.0.2.0/24')];
    kernel.setTopology(
      withVrfs(kernel.topology, vrfOf(L3, devices, vtepOf(i + 1), { vnis: [VNI], networks })),
    );
  });
  house.pass();
  house.pass();
  const [here, there] = house.rooms;
  return { house, here, there, rooms: house.rooms };
}
