import test from 'ava';
import { VtepTable } from '../../src/evpn/vteps.js';
import { type Ip, toVni } from '../../src/types/index.js';
import { vtepOf } from './support/leaf.js';

const [VNI, OTHER] = [10, 20].map(toVni);
const [A, B, C] = [1, 2, 3].map(vtepOf);

type Step = (vteps: VtepTable) => void;
const route =
  (change: 1 | -1, of: Ip = A): Step =>
  (vteps) =>
    vteps.countRoute(of, change);
const mac =
  (change: 1 | -1, vni = VNI, of: Ip = A): Step =>
  (vteps) =>
    vteps.countMac(of, vni, change);
const flood =
  (change: 1 | -1, vni = VNI, of: Ip = A): Step =>
  (vteps) =>
    vteps.countFlood(of, vni, change);

/** What is counted, and what the table says of each leaf then: routes, MACs, and reasons by VNI. */
const COUNTS: readonly (readonly [
  string,
  readonly Step[],
  readonly (readonly [Ip, number, number, object])[],
])[] = [
  ['nothing', [], []],
  ['a route', [route(1)], [[A, 1, 0, {}]]],
  ['two routes, one goes', [route(1), route(1), route(-1)], [[A, 1, 0, {}]]],
  ['a route that goes', [route(1), route(-1)], []],
  ['a route that goes and comes', [route(1), route(-1), route(1)], [[A, 1, 0, {}]]],
  ['a MAC', [mac(1)], [[A, 0, 1, { 10: 1 }]]],
  ['a MAC whose route goes', [route(1), mac(1), route(-1)], [[A, 0, 1, { 10: 1 }]]],
  ['a MAC that goes', [route(1), mac(1), mac(-1)], [[A, 1, 0, {}]]],
  ['a MAC that goes, and then its route', [route(1), mac(1), mac(-1), route(-1)], []],
  ['MACs of two VNIs', [mac(1), mac(1, OTHER), mac(1)], [[A, 0, 3, { 10: 2, 20: 1 }]]],
  ['one VNI of two that goes', [mac(1), mac(1, OTHER), mac(-1)], [[A, 0, 1, { 20: 1 }]]],
  ['a flood', [flood(1)], [[A, 0, 0, { 10: 1 }]]],
  ['a flood and a MAC', [flood(1), mac(1)], [[A, 0, 1, { 10: 2 }]]],
  ['a flood that comes and goes', [flood(1), flood(-1)], []],
  ['a flood that goes', [flood(1), mac(1), flood(-1)], [[A, 0, 1, { 10: 1 }]]],
  [
    'leaves by turns',
    [route(1), route(1, B), mac(1), mac(1, OTHER, B), route(1), flood(1, VNI, B)],
    [
      [A, 2, 1, { 10: 1 }],
      [B, 1, 1, { 10: 1, 20: 1 }],
    ],
  ],
  ['of two leaves one goes', [route(1), route(1, B), route(-1)], [[B, 1, 0, {}]]],
];

for (const [name, steps, wanted] of COUNTS)
  test(`what is known of remote leaves: ${name}`, (t) => {
    const vteps = new VtepTable();
    for (const step of steps) step(vteps);
    t.deepEqual(
      [...vteps.values()].map(({ address, routes, macs, vnis }) => [
        address,
        routes,
        macs,
        Object.fromEntries(vnis),
      ]),
      wanted.map((each) => [...each]),
    );
    t.is(vteps.size, wanted.length);
    for (const address of [A, B])
      t.is(
        vteps.has(address),
        wanted.some(([known]) => known === address),
      );
  });

test("the machine's own addresses are no remote leaves, whether routes with them come back or not", (t) => {
  const vteps = new VtepTable();
  for (const each of [A, B]) vteps.countRoute(each, 1);
  for (const [own, remotes] of [
    [[], [A, B]],
    [[A], [B]],
    [[A, C], [B]],
    [[A, B], []],
    [[C], [A, B]],
  ]) {
    const addresses = new Set(own);
    t.deepEqual(
      [...vteps.remotes(addresses)].map(({ address }) => address),
      remotes,
    );
    t.is(vteps.remoteCount(addresses), remotes.length);
  }
});
