import test from 'ava';
import { Nud } from '../../src/dataplane/index.js';
import { type Mac, parseIp, parseMac } from '../../src/types/index.js';
import { attachment, usable, withVni } from '../dataplane/memory-world.js';
import { House, VNI } from './support/house.js';

/* SVIs upon a bridge that filters VLANs: whose MAC it knows, frames reach; of another's it floods. */
const SVI = 900;
const GATEWAY = parseMac('02:00:5e:00:01:01');

async function leaf(mac: Mac, ip = '192.0.2.1', isRouted = false) {
  const house = await House.build();
  const [room] = house.rooms;
  const { kernel } = room.leaf.world;
  const { devices } = room;
  const at = {
    vlanAware: true,
    vlan: 10,
    bridgeName: 'br0',
    sviIfindex: SVI,
    sviName: 'br0.10',
    sviMac: mac,
  };
  const topology = withVni(kernel.topology, devices, attachment(VNI, devices, room.leaf.vtep, at));
  kernel.setTopology({
    ...topology,
    l3vnis: new Set(isRouted ? [VNI] : []),
    interfaces: new Map(topology.interfaces).set(SVI, {
      name: 'br0.10',
      running: true,
      addresses: [usable(parseIp(ip))],
    }),
  });
  house.pass();
  const told = async () => {
    const { problems } = (await room.get('/api/v1/status')) as {
      problems: { problem: string; severity: string; fix: string | null }[];
    };
    return problems.filter(({ fix }) => fix?.endsWith('self local'));
  };
  return { house, room, kernel, devices, told };
}

test('a gateway whose MAC the bridge has no row of is a warning with the command, until the row stands', async (t) => {
  const { house, kernel, devices, room, told } = await leaf(GATEWAY);
  t.deepEqual(await told(), [
    {
      severity: 'warning',
      problem: `VNI ${VNI}: br0.10: its MAC 02:00:5e:00:01:01 is not that of br0, which has no row of it in VLAN 10: what hosts send to it is flooded, to other leaves too, and each that has the same gateway routes a copy`,
      fix: 'bridge fdb add 02:00:5e:00:01:01 dev br0 vlan 10 self local',
    },
  ]);
  const { problems } = (await room.get(`/api/v1/vnis/${VNI}`)) as { problems: { fix: string | null }[] };
  t.true(problems.some(({ fix }) => fix === 'bridge fdb add 02:00:5e:00:01:01 dev br0 vlan 10 self local'));
  const { bridgeIfindex } = devices;
  const row = { bridgeIfindex, mac: GATEWAY, port: bridgeIfindex, state: Nud.PERMANENT, flags: 0 };
  kernel.putBridge({ ...row, vlan: 20 });
  house.pass();
  t.is((await told()).length, 1, 'another VLAN');
  kernel.putBridge({ ...row, vlan: 10 });
  house.pass();
  t.deepEqual(await told(), []);
});

test("the bridge's own MAC, an SVI that is no gateway, and that of an L3VNI are none", async (t) => {
  const same = await leaf(parseMac('02:00:00:00:00:fe'));
  t.deepEqual(await same.told(), []);
  const linkLocal = await leaf(GATEWAY, 'fe80::1');
  t.deepEqual(await linkLocal.told(), []);
  const routed = await leaf(GATEWAY, '192.0.2.1', true);
  t.deepEqual(await routed.told(), []);
});
