import test from 'ava';
import type { EvpnSettings } from '../../src/evpn/index.js';
import {
  formatIp,
  type Ipv4,
  parseIp,
  RouteDistinguisher,
  routeTargetOfAs2,
  toVni,
} from '../../src/types/index.js';
import { ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';

const VNI = toVni(10010);
const GROUP = parseIp('239.1.1.1');
const TYPE_3 = '[3]:[0]:[32]:[10.0.0.1]';
const VNI_SETTINGS = { advertise: true, rd: undefined, importTargets: undefined, exportTargets: undefined };

async function pair(settings: Partial<EvpnSettings> = {}, group = false) {
  const clock = new VirtualClock();
  const leaves = [new Leaf(clock, vtepOf(1), 65001, settings), new Leaf(clock, vtepOf(2), 65002)];
  const devices = leaves.map((leaf) => leaf.world.devices(VNI));
  for (const [i, leaf] of leaves.entries()) {
    leaf.addVni(devices[i], group && i === 0 ? { multicastGroup: GROUP } : {});
    await leaf.start();
    leaf.dataPlane.sweep();
  }
  const wire = new Wire(leaves);
  wire.quiesce(clock);
  const defaults = (i: number) =>
    [...leaves[i].world.kernel.tables.defaultRows(devices[i].vxlanIfindex, 0)].map(({ dst }) => dst);
  const reconfigure = (change: Partial<EvpnSettings>) => {
    leaves[0].evpn.reconfigure({
      asn: 65001,
      routerId: vtepOf(1) as Ipv4,
      advertiseAllVni: true,
      vnis: new Map(),
      ...change,
    });
    wire.quiesce(clock);
  };
  return { clock, leaves, devices, wire, defaults, reconfigure };
}

test('without flooding there is no Type-3 and no default destination, here or at the others', async (t) => {
  const { leaves, defaults } = await pair({ flooding: 'disabled' });
  t.deepEqual(leaves[0].originated(), []);
  t.deepEqual(defaults(0), []);
  t.deepEqual(defaults(1), []);
  t.is(leaves[0].evpn.vteps.size, 1);
});

test('one VNI can differ from the others, both ways', async (t) => {
  const off = await pair({ vnis: new Map([[VNI, { ...VNI_SETTINGS, flooding: 'disabled' }]]) });
  t.deepEqual(off.leaves[0].originated(), []);
  const vnis = new Map([[VNI, { ...VNI_SETTINGS, flooding: 'head-end-replication' as const }]]);
  const on = await pair({ flooding: 'disabled', vnis });
  t.deepEqual(on.leaves[0].originated(), [TYPE_3]);
  t.deepEqual(on.defaults(0), [vtepOf(2)]);
});

test('a reload turns flooding off and on and leaves the other routes alone', async (t) => {
  const { leaves, devices, clock, wire, defaults, reconfigure } = await pair();
  const host = 0x020000000001 as Parameters<Leaf['hostSpeaks']>[1];
  leaves[0].hostSpeaks(devices[0], host);
  wire.quiesce(clock);
  const vrf = leaves[0].evpn.vrf(VNI);
  reconfigure({ flooding: 'disabled' });
  t.deepEqual(leaves[0].originated(), ['[2]:[0]:[48]:[02:00:00:00:00:01]']);
  t.deepEqual([defaults(0), defaults(1)], [[], []]);
  reconfigure({ vnis: new Map([[VNI, { ...VNI_SETTINGS, flooding: 'disabled' }]]) });
  t.deepEqual(defaults(0), []);
  reconfigure({});
  t.deepEqual(leaves[0].originated(), ['[2]:[0]:[48]:[02:00:00:00:00:01]', TYPE_3]);
  t.deepEqual([defaults(0), defaults(1)], [[vtepOf(2)], [vtepOf(1)]]);
  // The VNI was never let go of
  t.is(leaves[0].evpn.vrf(VNI), vrf);
});

test('a device with a multicast group announces its tree, and nobody replicates to it nor it to anybody', async (t) => {
  const { leaves, devices, clock, wire, defaults } = await pair({}, true);
  t.deepEqual(leaves[0].originated(), [TYPE_3]);
  t.deepEqual([...leaves[0].localRib.routes()][0].attributes.pmsiTunnel, {
    endpoint: vtepOf(1),
    vni: 10010,
    group: GROUP,
  });
  t.deepEqual([defaults(0), defaults(1)], [[], []]);
  // The group goes: from now on head-end replication, both ways
  leaves[0].addVni(devices[0]);
  wire.quiesce(clock);
  t.is([...leaves[0].localRib.routes()][0].attributes.pmsiTunnel?.group, undefined);
  t.deepEqual([defaults(0), defaults(1)], [[vtepOf(2)], [vtepOf(1)]]);
});

test('routes of a VNI that goes stand nowhere, those of a tree neither, and its leaves are forgotten', async (t) => {
  const { leaves, devices, clock, wire } = await pair({}, true);
  leaves[0].hostSpeaks(devices[0], 0x020000000001 as Parameters<Leaf['hostSpeaks']>[1]);
  wire.quiesce(clock);
  const { rib, evpn } = leaves[1];
  const importers = () => [...rib.destinations()].map((route) => evpn.importer.importersOf(route).length);
  t.deepEqual(importers(), [1, 1]);
  t.is(evpn.vteps.size, 1);
  leaves[1].removeVni(devices[1]);
  wire.quiesce(clock);
  t.deepEqual(importers(), [0, 0]);
  t.is(evpn.vteps.size, 0);
  leaves[1].addVni(devices[1]);
  wire.quiesce(clock);
  t.deepEqual(importers(), [1, 1]);
  t.is(evpn.vteps.size, 1);
});

for (const [own, endpoint] of [
  ['10.0.0.1', '10.0.0.2'],
  ['fd00::1', 'fd00::2'],
].map((pair) => pair.map(parseIp)))
  test(`${formatIp(endpoint)}: the end of a tunnel, which is nobody's next hop, gets copies when it is our own VTEP no more, and none when it is again`, async (t) => {
    const clock = new VirtualClock();
    const leaf = new Leaf(clock, own, 65001, { routerId: vtepOf(1) as Ipv4 });
    const devices = leaf.world.devices(VNI);
    const { kernel } = leaf.world;
    const isOurs = (stands: boolean) => {
      kernel.setTopology({ ...kernel.topology, ownVteps: new Set(stands ? [own, endpoint] : [own]) });
      clock.advance(1000);
    };
    const defaults = () => [...kernel.tables.defaultRows(devices.vxlanIfindex, 0)].map(({ dst }) => dst);
    leaf.addVni(devices);
    await leaf.start();
    leaf.dataPlane.sweep();
    isOurs(true);
    const originator = vtepOf(9);
    leaf.receive(
      { neighbor: '192.0.2.9', routerId: 9, internal: false },
      65009,
      {
        nextHop: originator,
        extendedCommunities: [
          ExtendedCommunity.routeTarget(routeTargetOfAs2(65009, VNI)),
          ExtendedCommunity.encapsulation(),
        ],
        pmsiTunnel: { endpoint, vni: VNI },
      },
      [
        {
          type: RouteType.INCLUSIVE_MULTICAST,
          rd: RouteDistinguisher.parse('10.0.0.9:2'),
          ethernetTag: 0,
          originator,
        },
      ],
    );
    clock.advance(1000);
    t.deepEqual(defaults(), []);
    isOurs(false);
    t.deepEqual(defaults(), [endpoint]);
    isOurs(true);
    t.deepEqual(defaults(), []);
  });
