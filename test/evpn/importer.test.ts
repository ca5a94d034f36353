import test from 'ava';
import type { Destination, Path } from '../../src/bgp/index.js';
import { listOf } from '../../src/evpn/few.js';
import type { EvpnSettings, MacVrf, UnusedReason } from '../../src/evpn/index.js';
import {
  ESI_MAX,
  ESI_ZERO,
  type Esi,
  type Ip,
  type Ipv4,
  parseIp,
  parseMac,
  toVni,
} from '../../src/types/index.js';
import { macRoute } from '../bgp/fabric.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const [VNI, OTHER] = [10010, 10020].map(toVni);
const ESI = '03443839ff0000010001' as Esi;
const ESI_2 = '03443839ff0000010002' as Esi;
const MAC = parseMac('02:00:00:00:00:01');
const IP = parseIp('192.0.2.11');
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
  ['IPv6, and one whose device has no VTEP', [OURS6, vniOf('no VTEP')], undefined, undefined],
  ['a device that has none', [vniOf('no VTEP')], undefined, undefined],
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
  new SegmentMember(leaf, 8, vtepOf(8)).perEs(ESI, [VNI]);
  clock.advance(100);
  t.is(leaf.evpn.vteps.size, 2);
  leaf.removeVni(devices);
  clock.advance(100);
  t.deepEqual(state(), [[OTHER], [[V4, 1]]], 'the leaf of a route that no other VNI imports is forgotten');
  leaf.removeVni(others);
  clock.advance(100);
  t.deepEqual(state(), [[], []]);
});

/** A leaf with two VNIs, and what each of them has of the one MAC/IP route that `says` announces. */
async function twoVnis() {
  const { leaf, clock, devices } = await servingLeaf(VNI);
  const others = leaf.world.devices(OTHER);
  leaf.addVni(others);
  clock.advance(100);
  const member = new SegmentMember(leaf, 9, V4);
  for (const esi of [ESI, ESI_2]) {
    member.perEs(esi, [VNI, OTHER]);
    for (const vni of [VNI, OTHER]) member.perEvi(esi, vni);
  }
  clock.advance(1000);
  const { tables } = leaf.world.kernel;
  return {
    clock,
    says: (targets: readonly number[], esi: Esi = ESI_ZERO, sequence = 0) =>
      member.macIp(MAC, VNI, { ip: IP, esi, sequence, targets, stands: targets.length > 0 }),
    /** The VNIs where the MAC has a route, the IP has one, the kernel has the MAC's row, and the IP's. */
    where: () =>
      [[VNI, devices] as const, [OTHER, others] as const].map(([vni, { bridgeIfindex, vxlanIfindex }]) => {
        const vrf = leaf.evpn.vrf(vni)!;
        return [
          listOf(vrf.macs.get(MAC)?.remotes).length,
          listOf(vrf.ips.get(IP)?.remotes).length,
          tables.vxlanRow(vxlanIfindex, 0, MAC)?.dst,
          tables.neighRow(bridgeIfindex, IP)?.mac,
        ];
      }),
    /** The segments that count the route, in each VNI. */
    segments: () =>
      [VNI, OTHER].map((vni) =>
        [...leaf.evpn.vrf(vni)!.segments.values()]
          .filter(({ routes }) => routes.size === 1)
          .map(({ esi }) => esi),
      ),
    vteps: () => [...leaf.evpn.vteps.values()].map(({ address, macs, routes }) => [address, macs, routes]),
  };
}

const HERE = [1, 1, V4, MAC];
const NOT_HERE = [0, 0, undefined, undefined];

test('a route enters the claims of each VNI that its targets come to name, and leaves those that they name no more', async (t) => {
  const { clock, says, where, vteps } = await twoVnis();
  const discoveries = 6;
  for (const [targets, sequence, wanted] of [
    [[VNI], 0, [HERE, NOT_HERE]],
    [[VNI, OTHER], 0, [HERE, HERE]],
    [[VNI, OTHER], 1, [HERE, HERE]],
    [[OTHER, VNI], 1, [HERE, HERE]],
    [[OTHER], 1, [NOT_HERE, HERE]],
    [[VNI], 2, [HERE, NOT_HERE]],
    [[99], 2, [NOT_HERE, NOT_HERE]],
    [[VNI, OTHER, 99], 2, [HERE, HERE]],
    [[], 2, [NOT_HERE, NOT_HERE]],
  ] as const) {
    says(targets, ESI_ZERO, sequence);
    clock.advance(1000);
    t.deepEqual(where(), wanted);
    const macs = wanted.filter((each) => each === HERE).length;
    t.deepEqual(vteps(), [[V4, macs, discoveries + Number(macs > 0)]]);
  }
});

test('a MAC/IP route counts for the Ethernet segment that it names last, in the VNIs that import it, and for no reserved one', async (t) => {
  const { clock, says, where, segments } = await twoVnis();
  for (const [targets, esi, wanted] of [
    [[VNI], ESI, [[ESI], []]],
    [[VNI, OTHER], ESI, [[ESI], [ESI]]],
    [[VNI, OTHER], ESI_2, [[ESI_2], [ESI_2]]],
    [[VNI, OTHER], ESI_ZERO, [[], []]],
    [[OTHER], ESI, [[], [ESI]]],
    [[VNI], ESI_2, [[ESI_2], []]],
    [[VNI], ESI_MAX, [[], []]],
    [[VNI], ESI_2, [[ESI_2], []]],
    [[], ESI_2, [[], []]],
  ] as const) {
    says(targets, esi);
    clock.advance(1000);
    t.deepEqual(segments(), wanted);
    t.deepEqual(
      where(),
      [VNI, OTHER].map((vni) => ((targets as readonly number[]).includes(vni) ? HERE : NOT_HERE)),
    );
  }
});

test('why a VNI does not import a route: its content, else its targets; and why it uses none that it imports', async (t) => {
  const { leaf, clock } = await servingLeaf(VNI);
  leaf.addVni(leaf.world.devices(OTHER));
  clock.advance(100);
  const { importer } = leaf.evpn;
  const [here, other] = [VNI, OTHER].map((vni) => leaf.evpn.vrf(vni)!);
  const member = new SegmentMember(leaf, 9, V4);
  const why = () => {
    clock.advance(1000);
    const [destination] = leaf.rib.destinations();
    return [
      importer.whyNotImported(destination, here),
      importer.whyNotImported(destination, other),
      importer.whyUnused(destination, leaf.dataPlane.topology),
    ];
  };
  member.macIp(MAC, VNI, { ip: IP });
  t.deepEqual(why(), [undefined, 'route-targets', undefined]);
  here.own = { ...here.own, ips: new Set([IP]) };
  t.deepEqual(why(), [undefined, 'route-targets', 'own-ip']);
  here.own = { ...here.own, macs: new Set([MAC]) };
  t.deepEqual(why(), [undefined, 'route-targets', 'own-mac']);
  member.macIp(MAC, VNI, { ip: IP, targets: [99] });
  t.deepEqual(why(), ['route-targets', 'route-targets', 'route-targets']);
  member.macIp(MAC, VNI, { ip: IP, stands: false });
  member.macIp(parseMac('01:00:5e:00:00:01'), VNI);
  t.deepEqual(why(), ['mac-address', 'mac-address', 'mac-address']);
});

test('a route that is withdrawn as the targets of a VNI change is imported nowhere', async (t) => {
  const { leaf, clock } = await servingLeaf(VNI);
  const member = new SegmentMember(leaf, 9, V4);
  const settings = (target: number): EvpnSettings => ({
    asn: 65001,
    routerId: vtepOf(1) as Ipv4,
    advertiseAllVni: true,
    vnis: new Map([
      [
        VNI,
        {
          advertise: true,
          rd: undefined,
          importTargets: [{ kind: 'any-as', localAdministrator: target }],
          exportTargets: undefined,
        },
      ],
    ]),
  });
  for (const [before, after] of [
    [10010, 99],
    [99, 10010],
  ]) {
    leaf.evpn.reconfigure(settings(before));
    member.macIp(MAC, VNI, { ip: IP });
    clock.advance(1000);
    const vrf = leaf.evpn.vrf(VNI)!;
    t.is(vrf.macs.size, before === 10010 ? 1 : 0);
    leaf.evpn.reconfigure(settings(after));
    member.macIp(MAC, VNI, { ip: IP, stands: false });
    t.is(leaf.rib.size, 1, 'kept until the reader has taken it');
    clock.advance(1000);
    t.deepEqual([vrf.macs.size, leaf.evpn.vteps.size, leaf.rib.size], [0, 0, 0]);
  }
});
