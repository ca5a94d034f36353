import test from 'ava';
import { Importers } from '../../src/evpn/import-index.js';
import { RdAllocator } from '../../src/evpn/index.js';
import { type Esi, type Ip, type Ipv4, type Mac, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

/* What comes and goes leaves nothing behind: the sizes of tables after many rounds. */
const VNI = toVni(10010);
const ROUTER_ID = parseIp('10.0.0.1') as Ipv4;

test('VNIs that are made and deleted leave no plane, no import target and no table of rows', async (t) => {
  const { clock, leaf } = await servingLeaf(VNI);
  const { dataPlane, evpn } = leaf;
  const sizes = () => [dataPlane.planeCount, evpn.importer.index.targetCount, dataPlane.mirror.tableCount];
  const peer = new SegmentMember(leaf, 8, parseIp('10.0.0.8'));
  const round = (n: number) => {
    const vni = toVni(20_000 + n);
    const devices = leaf.world.devices(vni);
    leaf.addVni(devices);
    leaf.hostSpeaks(devices, parseMac('02:00:00:00:00:07'));
    peer.macIp(parseMac('02:00:00:00:00:08'), vni, { ip: parseIp('192.0.2.8'), sequence: 3 });
    clock.advance(50);
    leaf.removeVni(devices);
    peer.macIp(parseMac('02:00:00:00:00:08'), vni, { ip: parseIp('192.0.2.8'), stands: false });
    clock.advance(50);
  };
  for (let n = 0; n < 5; n++) round(n);
  const before = sizes();
  for (let n = 5; n < 200; n++) round(n);
  t.deepEqual(sizes(), before);
  t.true(before[0] <= 2, 'the VNI that stands, and one that is over and waits for the next change');
  t.is(evpn.memory.size(), 0);
  t.is(evpn.vteps.size, 0);
});

test('more VNIs than there are numbers of route distinguishers may come and go', (t) => {
  const allocator = new RdAllocator();
  const none = new Set<never>();
  for (let n = 1; n <= 200_000; n++) {
    allocator.rd(ROUTER_ID, toVni(n), none);
    allocator.release(toVni(n));
  }
  t.deepEqual([...allocator.displaced()], []);
  // Each of these shares its number with one that stays
  for (let n = 1; n <= 10_000; n++) allocator.rd(ROUTER_ID, toVni(n), none);
  for (let n = 1; n <= 10_000; n++) {
    const vni = toVni(0x1_0000 + n);
    const rd = allocator.rd(ROUTER_ID, vni, none);
    allocator.release(vni);
    t.is(allocator.rd(ROUTER_ID, vni, none), rd, 'it keeps what only it was given');
    allocator.release(vni);
  }
  t.is([...allocator.displaced()].length, 4096);
});

test('what was kept over a restart is given up for others only', (t) => {
  const kept = Array.from({ length: 6000 }, (_, n) => [toVni(0x2_0000 + n), 0x8000 + n] as const);
  const allocator = new RdAllocator(kept);
  const none = new Set<never>();
  t.is(String(allocator.rd(ROUTER_ID, kept[0][0], none)), `10.0.0.1:${kept[0][1]}`);
  allocator.release(kept[1][0]);
  t.true([...allocator.displaced()].length <= 4097);
  t.is(String(allocator.rd(ROUTER_ID, kept[0][0], none)), `10.0.0.1:${kept[0][1]}`);
});

test('leaves of a segment that come and go are forgotten while the segment stands, so are the segments of an attribute set', async (t) => {
  const { clock, leaf } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  const esi = '03443839ff0000010001' as Esi;
  const stays = new SegmentMember(leaf, 9, parseIp('10.0.0.9'));
  stays.perEs(esi, [VNI]);
  for (let n = 0; n < 500; n++) {
    const member = new SegmentMember(leaf, 8, (0x0a09_0000 + n) as Ip);
    member.perEs(esi, [VNI]);
    clock.advance(1);
    member.perEs(esi, [VNI], false);
    clock.advance(1);
  }
  const segment = vrf.segments.get(esi)!;
  t.true(segment.leaves.length <= 66, String(segment.leaves.length));
  t.true(segment.hasLeaf(parseIp('10.0.0.9')));
  stays.perEs(esi, [VNI], false);
  clock.advance(10);
  t.is(vrf.segments.get(esi), undefined);

  const importers = new Importers([], pathAttributes());
  for (let n = 0; n < 100_000; n++) importers.ofSegment(n.toString(16).padStart(20, '0') as Esi);
  t.true(importers.segmentCount <= 1024);
});

test('MACs and IPs that come and go leave no entry', async (t) => {
  const { clock, leaf, devices } = await servingLeaf(VNI);
  const vrf = leaf.evpn.vrf(VNI)!;
  const peer = new SegmentMember(leaf, 8, parseIp('10.0.0.8'));
  for (let round = 0; round < 20; round++)
    for (const stands of [true, false]) {
      for (let n = 0; n < 100; n++) {
        const mac = (0x0200_0000_0000 + round * 100 + n) as Mac;
        peer.macIp(mac, VNI, { ip: (0x0a00_0100 + n) as Ip, stands });
        if (stands) leaf.hostSpeaks(devices, (mac + 0x1_0000) as Mac);
        else leaf.hostAges(devices, (mac + 0x1_0000) as Mac);
      }
      clock.advance(50);
    }
  t.is(vrf.macs.size, 0);
  t.is(vrf.ips.size, 0);
  t.is(leaf.dataPlane.plane(VNI)?.macs.size, 0);
  t.is(leaf.dataPlane.plane(VNI)?.neighs.size, 0);
  t.is(leaf.rib.size, 0);
});
