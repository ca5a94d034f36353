import test from 'ava';
import { DEFAULT_FLOOD_LIMIT, type EvpnSettings, whyUnused } from '../../src/evpn/index.js';
import {
  formatIp,
  type Ip,
  type Ipv4,
  parseIp,
  RouteDistinguisher,
  routeTargetOfAs2,
  toVni,
} from '../../src/types/index.js';
import { ExtendedCommunity, type OriginatedAttributes, RouteType } from '../../src/wire/index.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Leaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const OTHER = toVni(10011);

async function scene(local: Ip, floodLimit?: number) {
  const clock = new VirtualClock();
  const settings = floodLimit === undefined ? {} : { floodLimit };
  const leaf = new Leaf(clock, vtepOf(1), 65001, settings);
  const devices = [VNI, OTHER].map((vni) => leaf.world.devices(vni));
  for (const each of devices) leaf.addVni(each, { localVtep: local });
  await leaf.start();
  leaf.dataPlane.sweep();
  clock.advance(100);
  const source = { neighbor: '192.0.2.9', routerId: 9, internal: false };
  const prefix = formatIp(local).includes(':') ? '2001:db8::' : '10.9.';
  const vtep = (n: number) =>
    parseIp(prefix === '10.9.' ? `${prefix}${n >> 8}.${n & 255}` : `${prefix}${n.toString(16)}`);
  /** The VTEPs of these numbers want BUM traffic of the VNI, or no longer do. */
  const imets = (numbers: readonly number[], stands = true, vni = VNI) => {
    for (const n of numbers) {
      const attributes: OriginatedAttributes = {
        nextHop: vtep(n),
        extendedCommunities: [
          ExtendedCommunity.routeTarget(routeTargetOfAs2(65_109, vni)),
          ExtendedCommunity.encapsulation(),
        ],
        pmsiTunnel: { endpoint: vtep(n), vni, group: undefined },
      };
      const rd = RouteDistinguisher.parse(`10.9.9.9:${n}`);
      const nlri = {
        type: RouteType.INCLUSIVE_MULTICAST,
        ...{ rd, ethernetTag: 0, originator: vtep(n) },
      } as const;
      leaf.receive(source, 65_109, stands ? attributes : undefined, [nlri]);
    }
    clock.advance(100);
  };
  const rows = (at = 0) =>
    [...leaf.world.kernel.tables.defaultRows(devices[at].vxlanIfindex, 0)].map(({ dst }) => dst).toSorted();
  const reconfigure = (change: Partial<EvpnSettings>) => {
    leaf.evpn.reconfigure({
      asn: 65001,
      routerId: vtepOf(1) as Ipv4,
      advertiseAllVni: true,
      vnis: new Map(),
      ...change,
    });
    clock.advance(100);
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const vteps = (numbers: readonly number[]) => numbers.map(vtep).toSorted();
  return { clock, leaf, devices, vrf: leaf.evpn.vrf(VNI)!, imets, rows, reconfigure, range, vteps, vtep };
}

for (const local of ['10.0.0.1', '2001:db8:1::1'].map(parseIp))
  test(`${formatIp(local)}: those beyond the limit of a VNI get no copies, those before keep theirs, another VNI has its own`, async (t) => {
    const { leaf, vrf, imets, rows, range, vteps, vtep } = await scene(local);
    imets(range(1000, 1000 + DEFAULT_FLOOD_LIMIT));
    imets(range(1, 901));
    t.deepEqual(rows(), vteps(range(1000, 1000 + DEFAULT_FLOOD_LIMIT)), 'lower addresses push nobody out');
    t.is(vrf.flooding.leftOut?.size, 900);
    const [destination] = vrf.flooding.routes.get(vtep(5))!;
    t.is(whyUnused(destination, vrf, leaf.dataPlane.topology), 'flood-limit');
    imets([2000], true, OTHER);
    t.deepEqual(rows(1), vteps([2000]));
  });

test('a place that is free goes to who waits longest for one', async (t) => {
  const { vrf, imets, rows, range, vteps } = await scene(vtepOf(1), 3);
  imets([1, 2, 3, 9, 8, 7]);
  t.deepEqual(rows(), vteps([1, 2, 3]));
  imets([2], false);
  t.deepEqual(rows(), vteps([1, 3, 9]));
  imets([8, 1], false);
  t.deepEqual(rows(), vteps([3, 9, 7]));
  t.is(vrf.flooding.leftOut, undefined);
  imets(range(10, 300));
  imets(range(10, 300), false);
  t.is(vrf.flooding.leftOut, undefined);
  t.deepEqual(rows(), vteps([3, 9, 7]));
  imets([3, 9, 7], false);
  t.deepEqual(rows(), []);
  t.is(vrf.flooding.routes.size, 0);
});

test('a reload with a lower limit takes the places of those that came last, one with a higher gives more', async (t) => {
  const { vrf, imets, rows, reconfigure, vteps, range } = await scene(vtepOf(1), 5);
  imets(range(1, 8));
  t.deepEqual(rows(), vteps([1, 2, 3, 4, 5]));
  reconfigure({ floodLimit: 2 });
  t.deepEqual(rows(), vteps([1, 2]));
  t.is(vrf.flooding.leftOut?.size, 5);
  reconfigure({ floodLimit: 4 });
  t.deepEqual(rows().length, 4);
  t.true(vteps([1, 2]).every((vtep) => rows().includes(vtep)));
  reconfigure({ floodLimit: 4, flooding: 'disabled' });
  t.deepEqual(rows(), []);
  t.is(vrf.flooding.leftOut, undefined);
  reconfigure({});
  t.deepEqual(rows(), vteps(range(1, 8)));
});
