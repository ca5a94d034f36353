import test from 'ava';
import type { Destination } from '../../src/bgp/index.js';
import { Importers } from '../../src/evpn/import-index.js';
import { inclusiveMulticast } from '../../src/evpn/route-types/inclusive-multicast.js';
import { type Ip, type Ipv4, parseIp, RouteDistinguisher, toVni } from '../../src/types/index.js';
import { formatNlri, type PathAttributes } from '../../src/wire/index.js';
import { imet } from '../bgp/fabric.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';

const VNI = toVni(10010);
const OTHER = 10020;
const [A, B] = [8, 9].map(vtepOf);
const INGRESS_REPLICATION = 6;
const PIM_SM = 3;

/** A Type-3 of leaf A: the label of its tunnel, and its end where that is another address than the next hop. */
const tunnel = (label: number, endpoint?: Ip, tunnelType = INGRESS_REPLICATION): PathAttributes =>
  pathAttributes({
    nextHop: A,
    pmsiTunnel: { flags: 0, tunnelType, label, endpoint, identifier: new Uint8Array() },
  });
const plain = tunnel(VNI, A);
const tree = tunnel(VNI, undefined, PIM_SM);

/** What a route says in turn, and what the VNI has of it then: the VTEPs that want copies, how many trees, what is to be decided. */
type Step = readonly [PathAttributes, readonly Ip[], number, readonly Ip[]];
const TURNS: readonly (readonly [string, number, readonly Step[]])[] = [
  [
    'without a tag the label does not count',
    0,
    [
      [tunnel(OTHER, A), [A], 0, [A]],
      [plain, [A], 0, [A]],
      [tunnel(0, A), [A], 0, [A]],
    ],
  ],
  [
    'with a tag the label says which VNI of the bundle it is for',
    7,
    [
      [tunnel(OTHER, A), [], 0, []],
      [plain, [A], 0, [A]],
      [tunnel(OTHER, A), [], 0, [A]],
      [tunnel(OTHER, A), [], 0, [A]],
      [plain, [A], 0, [A]],
    ],
  ],
  [
    'the same again changes nothing, but is decided on',
    0,
    [
      [plain, [A], 0, [A]],
      [plain, [A], 0, [A]],
    ],
  ],
  [
    'the end of the tunnel moves, or is the next hop',
    0,
    [
      [plain, [A], 0, [A]],
      [tunnel(VNI, B), [B], 0, [A, B]],
      [tunnel(VNI), [A], 0, [B, A]],
      [tunnel(VNI, parseIp('::ffff:10.0.0.9')), [B], 0, [A, B]],
    ],
  ],
  [
    'a tree takes no copies',
    0,
    [
      [tree, [], 1, []],
      [tree, [], 1, []],
      [plain, [A], 0, [A]],
      [tree, [], 1, [A]],
    ],
  ],
  ['a tree of another VNI of the bundle is not listed', 7, [[tunnel(OTHER, undefined, PIM_SM), [], 0, []]]],
];

for (const [name, ethernetTag, steps] of TURNS)
  test(`a Type-3 in turn: ${name}`, async (t) => {
    const vrf = (await servingLeaf(VNI)).leaf.evpn.vrf(VNI)!;
    const { flooding } = vrf;
    const nlri = imet('10.0.0.8', { ethernetTag });
    const destination = { nlri } as unknown as Destination;
    let old: Importers | undefined;
    for (const [attributes, vteps, trees, dirty] of steps) {
      flooding.dirty.clear();
      const now = new Importers([vrf], attributes);
      inclusiveMulticast.put(vrf, destination, nlri, now, old);
      t.deepEqual(
        [[...flooding.routes.keys()], flooding.trees.size, [...flooding.dirty]],
        [vteps, trees, dirty],
      );
      old = now;
    }
    inclusiveMulticast.remove(vrf, destination, nlri, old!);
    t.deepEqual([...flooding.imported()], []);
  });

test('our own Type-3 is there while the VNI has a VTEP, under its RD and from that VTEP, and is not said twice', async (t) => {
  const { leaf, clock, devices } = await servingLeaf(VNI);
  const told: string[] = [];
  leaf.localRib.listen({
    changed({ nlri, route }, before) {
      const what = route === undefined ? 'withdraw' : before === undefined ? 'announce' : 'replace';
      told.push(`${what} ${nlri.rd} ${formatNlri(nlri)} ${route?.attributes.pmsiTunnel?.group ?? ''}`.trim());
    },
  });
  const settings = {
    asn: 65001,
    routerId: vtepOf(1) as Ipv4,
    advertiseAllVni: true,
    vnis: new Map([
      [
        VNI,
        {
          advertise: true,
          rd: RouteDistinguisher.parse('10.0.0.1:77'),
          importTargets: undefined,
          exportTargets: undefined,
        },
      ],
    ]),
  };
  const [first, second] = ['[3]:[0]:[32]:[10.0.0.1]', '[3]:[0]:[32]:[10.0.0.2]'];
  const group = parseIp('239.1.1.1');
  const rd = String(leaf.evpn.vrf(VNI)!.rd);
  const steps: readonly (readonly [() => void, readonly string[]])[] = [
    [() => leaf.addVni(devices, { sviName: 'other' }), []],
    [() => leaf.addVni(devices, { multicastGroup: group }), [`replace ${rd} ${first} ${group}`]],
    [() => leaf.addVni(devices, { multicastGroup: group, sviName: 'other' }), []],
    [() => leaf.addVni(devices), [`replace ${rd} ${first}`]],
    [() => leaf.addVni(devices, { localVtep: undefined }), [`withdraw ${rd} ${first}`]],
    [() => leaf.addVni(devices, { localVtep: undefined, sviName: 'other' }), []],
    [() => leaf.addVni(devices), [`announce ${rd} ${first}`]],
    [() => leaf.evpn.reconfigure(settings), [`announce 10.0.0.1:77 ${first}`, `withdraw ${rd} ${first}`]],
    [
      () => leaf.addVni(devices, { localVtep: vtepOf(2) }),
      [`withdraw 10.0.0.1:77 ${first}`, `announce 10.0.0.1:77 ${second}`],
    ],
    [() => leaf.addVni(devices, { up: false, localVtep: vtepOf(2) }), [`withdraw 10.0.0.1:77 ${second}`]],
  ];
  for (const [does, wanted] of steps) {
    told.length = 0;
    does();
    clock.advance(20_000);
    t.deepEqual(told, wanted);
  }
});
