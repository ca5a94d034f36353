import test from 'ava';
import { type Esi, formatIp, parseIp, parseMac, toVni } from '../../src/types/index.js';
import { servingLeaf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const HERE = parseMac('02:00:00:00:00:01');
const THERE = parseMac('02:00:00:00:00:02');

for (const ip of ['192.0.2.77', '2001:db8::77'].map(parseIp))
  test(`${formatIp(ip)}: a claim with a MAC that is not elsewhere hides no other that can be right`, async (t) => {
    const { clock, leaf, devices } = await servingLeaf(VNI);
    const lower = new SegmentMember(leaf, 8, parseIp('10.0.0.8'));
    const higher = new SegmentMember(leaf, 9, parseIp('10.0.0.9'));
    const neigh = () => leaf.world.kernel.tables.neighRow(devices.bridgeIfindex, ip)?.mac;
    leaf.hostSpeaks(devices, HERE);
    clock.advance(1000);
    lower.macIp(HERE, VNI, { ip });
    clock.advance(1000);
    t.is(neigh(), undefined, 'the host is here, and silent');
    higher.macIp(THERE, VNI, { ip });
    clock.advance(1000);
    t.is(neigh(), THERE);
    // The host of the better claim goes there: its MAC's word counts now
    leaf.hostAges(devices, HERE);
    clock.advance(1000);
    t.is(neigh(), HERE);
    leaf.hostSpeaks(devices, HERE);
    clock.advance(1000);
    t.is(neigh(), THERE);
  });

for (const ip of ['192.0.2.77', '2001:db8::77'].map(parseIp))
  test(`${formatIp(ip)}: of two MACs that one leaf gives it with one number the lower has it, whichever came first`, async (t) => {
    for (const macs of [
      [HERE, THERE],
      [THERE, HERE],
    ]) {
      const { clock, leaf, devices } = await servingLeaf(VNI);
      const member = new SegmentMember(leaf, 8, parseIp('10.0.0.8'));
      for (const mac of macs) {
        member.macIp(mac, VNI, { ip });
        clock.advance(1000);
      }
      t.is(leaf.world.kernel.tables.neighRow(devices.bridgeIfindex, ip)?.mac, HERE);
    }
  });

test('of two routes of one leaf, of which one names an Ethernet segment, the same counts, whichever came first', async (t) => {
  const esi = '03443839ff0000010001' as Esi;
  const ways = [{ esi }, { ip: parseIp('192.0.2.77') }];
  for (const order of [ways, ways.toReversed()]) {
    const { clock, leaf, devices } = await servingLeaf(VNI);
    const other = new SegmentMember(leaf, 9, parseIp('10.0.0.9'));
    other.perEs(esi, [VNI]);
    other.perEvi(esi, VNI);
    const member = new SegmentMember(leaf, 8, parseIp('10.0.0.8'));
    for (const how of order) {
      member.macIp(THERE, VNI, how);
      clock.advance(1000);
    }
    t.is(leaf.rowsOf(devices, THERE).dst, other.vtep, 'the route without an IP comes first');
  }
});
