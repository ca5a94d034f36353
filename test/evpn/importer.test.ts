import test from 'ava';
import type { Destination, Path } from '../../src/bgp/index.js';
import type { MacVrf, UnusedReason } from '../../src/evpn/index.js';
import { type Esi, type Ip, parseIp, toVni } from '../../src/types/index.js';
import { macRoute } from '../bgp/fabric.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const [VNI, OTHER] = [10010, 10020].map(toVni);
const ESI = '03443839ff0000010001' as Esi;
const V4 = vtepOf(9);
const V6 = parseIp('2001:db8::9');

const pathOf = (nextHop: Ip): Path => ({
  nlri: macRoute(0x0200_0000_0001),
  attributes: pathAttributes({ nextHop }),
  source: { neighbor: '192.0.2.9', routerId: 9, internal: false },
  receivedAt: 0,
  stale: false,
});

/** A VNI whose device has that VTEP, or none; or that has no device. */
const vniOf = (local: Ip | 'no VTEP' | 'no device') =>
  ({
    at: local === 'no device' ? undefined : { localVtep: local === 'no VTEP' ? undefined : local },
  }) as unknown as MacVrf;
const [OURS4, OURS6] = [vniOf(vtepOf(1)), vniOf(parseIp('2001:db8::1'))];

const FAMILY = 'next-hop-family';
/** The VNIs, and why none of them can use a next hop of IPv4, and of IPv6. */
const FAMILIES: readonly (readonly [
  string,
  readonly MacVrf[],
  UnusedReason | undefined,
  UnusedReason | undefined,
])[] = [
  ['no VNI', [], undefined, undefined],
  ['IPv4', [OURS4], undefined, FAMILY],
  ['IPv6', [OURS6], FAMILY, undefined],
  ['IPv4 alone, several', [OURS4, OURS4, OURS4], undefined, FAMILY],
  ['both', [OURS4, OURS6], undefined, undefined],
  ['both, IPv4 last', [OURS6, OURS6, OURS4], undefined, undefined],
  ['IPv4, and one without a device', [vniOf('no device'), OURS4, vniOf('no device')], undefined, FAMILY],
  ['IPv4, and one whose device has no VTEP', [OURS4, vniOf('no VTEP')], undefined, undefined],
];

for (const [name, vrfs, ofV4, ofV6] of FAMILIES)
  test(`why no VNI reaches a next hop: VTEPs of ${name}`, async (t) => {
    const { leaf } = await servingLeaf(VNI);
    const { importer } = leaf.evpn;
    const own = vtepOf(7);
    importer.judgeBy(vrfs, { ...leaf.dataPlane.topology, ownVteps: new Set([own]) });
    t.is(importer.whyNowhere(pathOf(V4)), ofV4);
    t.is(importer.whyNowhere(pathOf(V6)), ofV6);
    t.is(importer.whyNowhere(pathOf(own)), 'own-next-hop');
    t.is(importer.whyNowhere(pathOf(parseIp('127.0.0.1'))), 'martian-next-hop');
  });

test('routes are judged anew where the family of the VTEPs or our own VTEPs are others, and only then', async (t) => {
  const { leaf } = await servingLeaf(VNI);
  const { importer } = leaf.evpn;
  const { topology } = leaf.dataPlane;
  const moved = { ...topology, ownVteps: new Set<Ip>() };
  importer.judgeBy([OURS4], topology);
  for (const [vrfs, seen, isOther] of [
    [[OURS4], topology, false],
    [[OURS4], moved, true],
    [[OURS4], moved, false],
    [[OURS6], moved, true],
    [[OURS6], moved, false],
    [[OURS4], topology, true],
    [[OURS4, OURS4], { ...topology }, false],
  ] as const)
    t.is(importer.judgeBy(vrfs, seen), isOther);
});

test('why a path is not used: the best by the VNIs, another by what it says or because another is better', async (t) => {
  const { leaf } = await servingLeaf(VNI);
  const { importer } = leaf.evpn;
  const [best, usable, far] = [V4, vtepOf(8), V6].map(pathOf);
  const destination = { nlri: best.nlri, paths: [best, usable, far], best } as unknown as Destination;
  const why = (path: Path) => importer.whyPathUnused(destination, path, leaf.dataPlane.topology);
  t.deepEqual([best, usable, far].map(why), ['route-targets', 'not-best', FAMILY]);
  const gone = { ...destination, best: undefined };
  t.is(importer.whyUnused(gone, leaf.dataPlane.topology), undefined);
});

test('a route of two VNIs stands in the other when one goes, and its leaf is known until both are gone', async (t) => {
  const { leaf, clock, devices } = await servingLeaf(VNI);
  const others = leaf.world.devices(OTHER);
  leaf.addVni(others);
  clock.advance(100);
  new SegmentMember(leaf, 9, V4).perEs(ESI, [VNI, OTHER]);
  clock.advance(100);
  const { evpn } = leaf;
  const [destination] = leaf.rib.destinations();
  const state = () => [
    evpn.importer.importersOf(destination).map(({ vni }) => vni),
    [...evpn.vteps.values()].map(({ address, routes }) => [address, routes]),
  ];
  t.deepEqual(state(), [[VNI, OTHER], [[V4, 1]]]);
  leaf.removeVni(devices);
  clock.advance(100);
  t.deepEqual(state(), [[OTHER], [[V4, 1]]]);
  leaf.removeVni(others);
  clock.advance(100);
  t.deepEqual(state(), [[], []]);
});
