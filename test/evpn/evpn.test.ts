import test from 'ava';
import { Ntf, Nud } from '../../src/dataplane/index.js';
import { ESI_ZERO, IPV4_ANY, MAC_ZERO, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { ExtendedCommunity, RouteType } from '../../src/wire/index.js';
import { withOwn } from '../dataplane/memory-world.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf, Wire } from './support/leaf.js';

const VNI = toVni(10010);
const HOST = parseMac('02:00:00:00:00:01');
const OTHER = parseMac('02:00:00:00:00:02');
const IP = parseIp('10.10.10.11');
const IP6 = parseIp('2001:db8::11');

async function fabric(count = 2) {
  const clock = new VirtualClock();
  const leaves = Array.from({ length: count }, (_, i) => new Leaf(clock, vtepOf(i + 1), 65001 + i));
  const devices = leaves.map((leaf) => leaf.world.devices(VNI));
  for (const [i, leaf] of leaves.entries()) {
    leaf.addVni(devices[i]);
    await leaf.start();
    leaf.dataPlane.sweep();
  }
  const wire = new Wire(leaves);
  wire.quiesce(clock);
  return { clock, leaves, devices, wire };
}

const neighbor = (mac: Mac, ifindex: number, ip = IP, flags = 0) => ({
  ifindex,
  ip,
  mac,
  state: Nud.REACHABLE,
  flags,
  protocol: 0,
});

test('a VNI that is up is announced, and its floods are installed at the others', async (t) => {
  const { leaves, devices } = await fabric(3);
  t.deepEqual(leaves[0].originated(), ['[3]:[0]:[32]:[10.0.0.1]']);
  const rows = [...leaves[0].world.kernel.tables.defaultRows(devices[0].vxlanIfindex, 0)];
  t.deepEqual(rows.map((row) => row.dst).sort(), [vtepOf(2), vtepOf(3)]);
  t.true(rows.every((row) => row.state === (Nud.NOARP | Nud.PERMANENT)));
});

test('a learned MAC is announced, installed at the other leaf, and taken back when it ages', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  t.deepEqual(leaves[0].originated(), ['[2]:[0]:[48]:[02:00:00:00:00:01]', '[3]:[0]:[32]:[10.0.0.1]']);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].vxlanIfindex, dst: vtepOf(1) });
  t.is(leaves[1].evpn.vrf(VNI)?.counts.remoteMacs, 1);
  t.deepEqual(
    [...leaves[1].evpn.vteps.values()].map(({ address, macs, routes }) => ({ address, macs, routes })),
    [{ address: vtepOf(1), macs: 1, routes: 2 }],
  );
  leaves[0].hostAges(devices[0], HOST);
  wire.quiesce(clock);
  t.deepEqual(leaves[0].originated(), ['[3]:[0]:[32]:[10.0.0.1]']);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: undefined, dst: undefined });
  t.is(leaves[1].evpn.vrf(VNI)?.counts.remoteMacs, 0);
});

test('rows that take the place of a local one are written vxlan first, and removed bridge first', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  const { applied } = leaves[1].world.kernel;
  leaves[1].hostSpeaks(devices[1], HOST);
  wire.quiesce(clock);
  applied.length = 0;
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  leaves[0].hostAges(devices[0], HOST);
  wire.quiesce(clock);
  t.deepEqual(
    applied.map(({ verb, table }) => `${verb} ${table}`),
    ['add vxlan', 'add bridge', 'delete bridge', 'delete vxlan'],
  );
});

test('a neighbor on the SVI becomes MAC/IP, for both families, once its MAC is known', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  const { kernel } = leaves[0].world;
  kernel.putNeigh(neighbor(HOST, devices[0].bridgeIfindex));
  kernel.putNeigh(neighbor(HOST, devices[0].bridgeIfindex, IP6, Ntf.ROUTER));
  wire.quiesce(clock);
  t.deepEqual(leaves[0].originated(), ['[3]:[0]:[32]:[10.0.0.1]']);
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  t.deepEqual(leaves[0].originated(), [
    '[2]:[0]:[48]:[02:00:00:00:00:01]',
    '[2]:[0]:[48]:[02:00:00:00:00:01]:[128]:[2001:db8::11]',
    '[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.10.10.11]',
    '[3]:[0]:[32]:[10.0.0.1]',
  ]);
  const { tables } = leaves[1].world.kernel;
  const row = tables.neighRow(devices[1].bridgeIfindex, IP);
  t.like(row, { mac: HOST, state: Nud.NOARP, flags: Ntf.EXT_LEARNED });
  const row6 = tables.neighRow(devices[1].bridgeIfindex, IP6);
  t.like(row6, { mac: HOST, state: Nud.NOARP, flags: Ntf.EXT_LEARNED | Ntf.ROUTER });
  // The neighbor goes, the MAC stays
  kernel.dropNeigh(devices[0].bridgeIfindex, IP);
  wire.quiesce(clock);
  t.is(tables.neighRow(devices[1].bridgeIfindex, IP), undefined);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].vxlanIfindex, dst: vtepOf(1) });
  // The MAC goes, and with it what rests on it
  leaves[0].hostAges(devices[0], HOST);
  wire.quiesce(clock);
  t.is(tables.neighRow(devices[1].bridgeIfindex, IP6), undefined);
});

test('a host that moves is announced with the next number, back and forth', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  for (let move = 1; move <= 6; move++) {
    const here = move % 2;
    leaves[here].hostSpeaks(devices[here], HOST);
    wire.quiesce(clock);
    t.is(leaves[here].evpn.vrf(VNI)?.macs.get(HOST)?.ownership.owner, 'local');
    t.is(leaves[here].evpn.vrf(VNI)?.macs.get(HOST)?.ownership.sequence, move);
    t.deepEqual(leaves[here].rowsOf(devices[here], HOST), {
      port: devices[here].accessIfindex,
      dst: undefined,
    });
    t.deepEqual(leaves[1 - here].rowsOf(devices[1 - here], HOST), {
      port: devices[1 - here].vxlanIfindex,
      dst: vtepOf(here + 1),
    });
  }
});

test('a late withdraw of the old leaf never removes the local row of a host that moved here', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  leaves[1].hostSpeaks(devices[1], HOST);
  clock.advance(10);
  // The old leaf ages it out by itself before it hears of the move, and its withdraw comes late
  leaves[0].hostAges(devices[0], HOST);
  clock.advance(10);
  wire.deliver(leaves[0], leaves[1]);
  clock.advance(1000);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].accessIfindex, dst: undefined });
  wire.quiesce(clock);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].accessIfindex, dst: undefined });
  t.deepEqual(leaves[0].rowsOf(devices[0], HOST), { port: devices[0].vxlanIfindex, dst: vtepOf(2) });
});

test('the number is remembered when the MAC ages out', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  leaves[1].hostSpeaks(devices[1], HOST);
  wire.quiesce(clock);
  leaves[1].hostAges(devices[1], HOST);
  wire.quiesce(clock);
  t.deepEqual(leaves[0].rowsOf(devices[0], HOST), { port: undefined, dst: undefined });
  leaves[1].hostSpeaks(devices[1], HOST);
  wire.quiesce(clock);
  t.is(leaves[1].evpn.vrf(VNI)?.macs.get(HOST)?.ownership.sequence, 1);
});

test('a row that somebody deletes or overwrites is put back and recorded', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  const { kernel } = leaves[1].world;
  const { bridgeIfindex, vxlanIfindex } = devices[1];
  const stands = () =>
    t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: vxlanIfindex, dst: vtepOf(1) });
  kernel.dropBridge(bridgeIfindex, 0, HOST);
  clock.advance(10);
  stands();
  kernel.dropVxlan(vxlanIfindex, 0, HOST, undefined);
  clock.advance(10);
  stands();
  await leaves[1].world.overwriteVxlanRow(devices[1], HOST, parseIp('10.9.9.9'));
  clock.advance(10);
  stands();
  kernel.dropVxlan(vxlanIfindex, 0, MAC_ZERO, vtepOf(1));
  clock.advance(10);
  t.truthy(kernel.tables.defaultRow(vxlanIfindex, 0, vtepOf(1)));
  t.is(leaves[1].dataPlane.drift.total, 4);
});

test('failed rows are tried again, and a lost burst of notifications is made up for', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  const { kernel } = leaves[1].world;
  let failing = true;
  kernel.fault = () => (failing ? 105 : 0);
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: undefined, dst: undefined });
  failing = false;
  clock.advance(20_000);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].vxlanIfindex, dst: vtepOf(1) });
  kernel.dropBridge(devices[1].bridgeIfindex, 0, HOST);
  leaves[1].hostSpeaks(devices[1], OTHER);
  kernel.overrun();
  wire.quiesce(clock);
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].vxlanIfindex, dst: vtepOf(1) });
  t.deepEqual(leaves[0].rowsOf(devices[0], OTHER), { port: devices[0].vxlanIfindex, dst: vtepOf(2) });
});

test('rows found at start stay until the sweep, and only unwanted ones of ours go then', async (t) => {
  const clock = new VirtualClock();
  const leaf = new Leaf(clock, vtepOf(1), 65001);
  const devices = leaf.world.devices(VNI);
  leaf.addVni(devices);
  const { kernel } = leaf.world;
  const { bridgeIfindex, vxlanIfindex: port } = devices;
  kernel.putBridge({ bridgeIfindex, vlan: 0, mac: HOST, port, state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED });
  kernel.putBridge({ bridgeIfindex, vlan: 0, mac: OTHER, port, state: Nud.NOARP, flags: 0 });
  const vxlan = { ifindex: port, srcVni: 0, dst: vtepOf(2), nexthopId: 0 };
  kernel.putVxlan({ ...vxlan, mac: HOST, state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED });
  kernel.putVxlan({ ...vxlan, mac: MAC_ZERO, state: Nud.PERMANENT, flags: Ntf.SELF });
  await leaf.start();
  clock.advance(1000);
  t.deepEqual(leaf.rowsOf(devices, HOST), { port, dst: vtepOf(2) });
  leaf.dataPlane.sweep();
  clock.advance(1000);
  t.deepEqual(leaf.rowsOf(devices, HOST), { port: undefined, dst: undefined });
  t.is(kernel.tables.bridgeRow(bridgeIfindex, 0, OTHER)?.port, port);
  t.truthy(kernel.tables.defaultRow(port, 0, vtepOf(2)));
});

test('a VNI that moves to another device, vanishes and comes back ends as if it had always been so', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  wire.quiesce(clock);
  leaves[1].removeVni(devices[1]);
  wire.quiesce(clock);
  t.is(leaves[1].evpn.vrf(VNI), undefined);
  t.deepEqual(leaves[1].originated(), []);
  const next = leaves[1].world.devices(VNI);
  leaves[1].addVni(next);
  wire.quiesce(clock);
  t.deepEqual(leaves[1].rowsOf(next, HOST), { port: next.vxlanIfindex, dst: vtepOf(1) });
  leaves[1].addVni(next, { up: false });
  wire.quiesce(clock);
  t.deepEqual(leaves[1].originated(), []);
  t.deepEqual(leaves[1].rowsOf(next, HOST), { port: undefined, dst: undefined });
  leaves[1].addVni(next);
  wire.quiesce(clock);
  t.deepEqual(leaves[1].rowsOf(next, HOST), { port: next.vxlanIfindex, dst: vtepOf(1) });
});

test('flush removes exactly what is ours', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  leaves[1].hostSpeaks(devices[1], OTHER);
  leaves[0].world.kernel.putNeigh(neighbor(HOST, devices[0].bridgeIfindex));
  wire.quiesce(clock);
  const { kernel } = leaves[1].world;
  kernel.putNeigh(neighbor(OTHER, devices[1].bridgeIfindex, IP6));
  const flushed = leaves[1].dataPlane.flush();
  clock.advance(100);
  await flushed;
  t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: undefined, dst: undefined });
  t.deepEqual([...kernel.tables.defaultRows(devices[1].vxlanIfindex, 0)], []);
  t.is(kernel.tables.neighRow(devices[1].bridgeIfindex, IP), undefined);
  t.truthy(kernel.tables.neighRow(devices[1].bridgeIfindex, IP6));
  t.deepEqual(leaves[1].rowsOf(devices[1], OTHER), { port: devices[1].accessIfindex, dst: undefined });
});

test('routes for our own MACs, from ourselves, of multicast MACs and other VNIs install nothing', async (t) => {
  const { clock, leaves, devices } = await fabric(1);
  const [leaf] = leaves;
  const { kernel } = leaf.world;
  kernel.setTopology(withOwn(kernel.topology, VNI, [OTHER]));
  clock.advance(10);
  const source = { neighbor: '192.0.2.9', routerId: 9, internal: false };
  const mac = (address: Mac, over = {}) => ({
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd: leaf.evpn.vrf(VNI)!.rd,
    esi: ESI_ZERO,
    ethernetTag: 0,
    mac: address,
    ip: undefined,
    label1: VNI,
    label2: undefined,
    ...over,
  });
  const attributes = (nextHop = vtepOf(9), rt = 10010) => ({
    nextHop,
    extendedCommunities: [ExtendedCommunity.encapsulation(), (0x0002n << 48n) | (65009n << 32n) | BigInt(rt)],
    pmsiTunnel: undefined,
  });
  kernel.applied.length = 0;
  leaf.receive(source, 65009, attributes(), [mac(OTHER)]);
  leaf.receive(source, 65009, attributes(), [mac(parseMac('01:00:5e:00:00:01'))]);
  leaf.receive(source, 65009, attributes(), [mac(HOST, { ethernetTag: 7 })]);
  leaf.receive(source, 65009, attributes(vtepOf(1)), [mac(parseMac('02:00:00:00:00:07'))]);
  leaf.receive(source, 65009, attributes(IPV4_ANY), [mac(parseMac('02:00:00:00:00:08'))]);
  leaf.receive(source, 65009, attributes(vtepOf(9), 10011), [mac(parseMac('02:00:00:00:00:09'))]);
  clock.advance(1000);
  t.deepEqual(kernel.applied, []);
  leaf.receive(source, 65009, attributes(), [mac(HOST)]);
  clock.advance(1000);
  t.deepEqual(leaf.rowsOf(devices[0], HOST), { port: devices[0].vxlanIfindex, dst: vtepOf(9) });
  // The MAC is ours no longer: the route that stands counts now
  kernel.setTopology(withOwn(kernel.topology, VNI, []));
  clock.advance(1000);
  t.deepEqual(leaf.rowsOf(devices[0], OTHER), { port: devices[0].vxlanIfindex, dst: vtepOf(9) });
});

test('an IP that moves to another MAC takes its number plus one', async (t) => {
  const { clock, leaves, devices, wire } = await fabric();
  leaves[0].hostSpeaks(devices[0], HOST);
  leaves[0].world.kernel.putNeigh(neighbor(HOST, devices[0].bridgeIfindex));
  wire.quiesce(clock);
  t.is(leaves[1].world.kernel.tables.neighRow(devices[1].bridgeIfindex, IP)?.mac, HOST);
  leaves[1].hostSpeaks(devices[1], OTHER);
  leaves[1].world.kernel.putNeigh(neighbor(OTHER, devices[1].bridgeIfindex));
  wire.quiesce(clock);
  t.is(leaves[1].evpn.vrf(VNI)?.macs.get(OTHER)?.ownership.sequence, 1);
  t.is(leaves[0].world.kernel.tables.neighRow(devices[0].bridgeIfindex, IP)?.mac, OTHER);
  t.false(leaves[0].originated().some((key) => key.includes('[10.10.10.11]')));
  t.true(leaves[1].originated().includes('[2]:[0]:[48]:[02:00:00:00:00:02]:[32]:[10.10.10.11]'));
});

for (const [what, row] of [
  ['static', { state: Nud.NOARP, flags: 0 }],
  ['static and sticky', { state: Nud.NOARP, flags: Ntf.STICKY }],
  ['sticky', { state: Nud.REACHABLE, flags: Ntf.STICKY }],
] as const)
  test(`a ${what} local MAC is not lost to a claim; only NTF_STICKY is sticky for the fabric`, async (t) => {
    const { clock, leaves, devices, wire } = await fabric();
    const { bridgeIfindex, accessIfindex: port } = devices[0];
    leaves[0].world.kernel.putBridge({ bridgeIfindex, vlan: 0, mac: HOST, port, ...row });
    wire.quiesce(clock);
    const applied = leaves[1].world.kernel.applied.length;
    for (let attack = 0; attack < 3; attack++) {
      leaves[1].hostSpeaks(devices[1], HOST);
      wire.quiesce(clock);
      t.deepEqual(leaves[0].rowsOf(devices[0], HOST), { port, dst: undefined });
      if (what === 'static') {
        t.is(leaves[1].dataPlane.plane(VNI)?.macs.get(HOST), undefined, 'a new arrival over there');
        continue;
      }
      t.deepEqual(leaves[1].rowsOf(devices[1], HOST), { port: devices[1].vxlanIfindex, dst: vtepOf(1) });
      t.is(leaves[1].world.kernel.applied.length, applied, 'the kernel itself keeps the row where it is');
    }
    t.is(
      leaves[1].originated().some((key) => key.includes('02:00:00:00:00:01')),
      what === 'static',
    );
  });

test('new settings serve, unserve and rename VNIs without touching the others', async (t) => {
  const { clock, leaves, wire } = await fabric();
  const [leaf] = leaves;
  const settings = { asn: leaf.asn, routerId: leaf.vtep as never, advertiseAllVni: true };
  leaf.evpn.reconfigure({ ...settings, vnis: new Map() });
  clock.advance(10);
  const { rd } = leaf.evpn.vrf(VNI)!;
  t.is(String(rd), '10.0.0.1:10010');
  const off = { advertise: false, rd: undefined, importTargets: undefined, exportTargets: undefined };
  leaf.evpn.reconfigure({ ...settings, vnis: new Map([[VNI, off]]) });
  wire.quiesce(clock);
  t.is(leaf.evpn.vrf(VNI), undefined);
  t.deepEqual(leaf.originated(), []);
  leaf.evpn.reconfigure({ ...settings, vnis: new Map() });
  wire.quiesce(clock);
  t.is(leaf.evpn.vrf(VNI)?.rd, rd);
  t.deepEqual(leaf.originated(), ['[3]:[0]:[32]:[10.0.0.1]']);
});
