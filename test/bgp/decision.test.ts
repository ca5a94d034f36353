import test from 'ava';
import { decide, type Path, type PathSource, selectBest } from '../../src/bgp/index.js';
import { parseIp } from '../../src/types/index.js';
import type { EvpnNlri, PathAttributes } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { id, imet, macRoute } from './fabric.js';

const path = (
  attributes: Partial<PathAttributes> = {},
  source: Partial<PathSource> = {},
  nlri: EvpnNlri = macRoute(1),
): Path => ({
  source: { neighbor: '10.1.0.1', routerId: id('10.0.0.250'), internal: false, ...source },
  attributes: pathAttributes({ asPath: [{ type: 2, asns: [65000, 65010] }], ...attributes }),
  nlri,
  receivedAt: 0,
  stale: false,
});

const sequence = (n: number, sticky = false) => ({ macMobility: { sequence: n, sticky } });
const as = (...asns: number[]) => ({ asPath: [{ type: 2 as const, asns }] });

/** The preferred one first; each also with everything that later rules look at turned against it. */
const RULES: readonly (readonly [string, Path, Path])[] = [
  ['sticky MAC', path(sequence(0, true)), path(sequence(9))],
  [
    'higher MAC mobility sequence',
    path({ ...sequence(2), nextHop: parseIp('10.0.0.99') }),
    path({ ...sequence(1), nextHop: parseIp('10.0.0.1') }),
  ],
  ['higher MAC mobility sequence', path({ ...sequence(1), localPref: 1 }), path({ localPref: 500 })],
  ['lower next hop', path({ localPref: 50 }), path({ nextHop: parseIp('10.0.0.11'), localPref: 500 })],
  ['lower next hop', path({ nextHop: parseIp('10.0.0.11') }), path({ nextHop: parseIp('2001:db8::1') })],
  ['higher LOCAL_PREF', path({ localPref: 200, ...as(1, 2, 3) }), path({ ...as(1) })],
  ['shorter AS_PATH', path({ ...as(1), localPref: 100 }), path({ ...as(1, 2) })],
  ['shorter AS_PATH', path({ ...as(65000), origin: 2 }), path({ origin: 0 })],
  ['lower ORIGIN', path({ origin: 0, med: 9 }), path({ origin: 2, med: 1 })],
  ['lower MULTI_EXIT_DISC', path({ med: 1 }, { internal: true }), path({ med: 2 }, { internal: false })],
  ['lower MULTI_EXIT_DISC', path({}), path({ med: 1 })],
  ['external over internal', path({}, { routerId: 9 }), path({}, { internal: true, routerId: 1 })],
  ['lower BGP identifier', path({}, { routerId: 1, neighbor: '10.1.0.9' }), path({}, { routerId: 2 })],
  ['lower BGP identifier', path({ originatorId: 1 }, { routerId: 9 }), path({}, { routerId: 2 })],
  [
    'shorter CLUSTER_LIST',
    path({ clusterList: [1] }, { neighbor: '10.1.0.9' }),
    path({ clusterList: [1, 2] }),
  ],
  ['lower neighbor address', path({}, { neighbor: '10.1.0.9' }), path({}, { neighbor: '10.1.0.10' })],
  ['lower neighbor address', path({}, { neighbor: '10.1.0.9' }), path({}, { neighbor: '2001:db8::1' })],
  ['lower neighbor address', path({}, { neighbor: 'fe80::1%eth1' }), path({}, { neighbor: 'fe80::1%eth2' })],
];

for (const [index, [rule, better, worse]] of RULES.entries())
  test(`rule ${index + 1}: ${rule}`, (t) => {
    t.deepEqual(decide([better, worse]), { best: better, rule });
    t.deepEqual(decide([worse, better]), { best: better, rule });
    t.is(selectBest([better, worse]), better);
    t.is(selectBest([worse, better]), better);
  });

test('what is not usable is excluded where something else is, whatever it has on its side', (t) => {
  const usable = ({ attributes }: Path) => attributes.med !== 7;
  const bad = path({ ...sequence(9), ...as(1), med: 7 });
  const good = path({ ...as(1, 2, 3) });
  const better = path({ ...as(1, 2) });
  for (const paths of [
    [good, bad],
    [bad, good],
    [bad, good, bad],
  ]) {
    t.deepEqual(decide(paths, usable), { best: good, rule: 'only usable path' });
    t.is(selectBest(paths, usable), good);
    t.is(selectBest(paths), bad);
  }
  for (const paths of [
    [good, bad, better],
    [better, bad, good],
  ]) {
    t.deepEqual(decide(paths, usable), { best: better, rule: 'shorter AS_PATH' });
    t.is(selectBest(paths, usable), better);
  }
  t.is(selectBest([good, better], usable), better);
  t.is(selectBest([better, good], usable), better);
  const worse = path({ ...as(1, 2), med: 7 });
  t.deepEqual(decide([worse, bad], usable), { best: bad, rule: 'higher MAC mobility sequence' });
  t.is(selectBest([worse, bad], usable), bad);
});

test('what is not usable for its NLRI alone is excluded, though the attributes are the same', (t) => {
  const usable = ({ nlri }: Path) => nlri.type !== 2 || nlri.label1 !== 7;
  const { attributes } = path();
  const bad = { ...path({}, {}, macRoute(1, { label1: 7 })), attributes };
  const good = { ...path({}, { routerId: 0xffffffff }), attributes };
  for (const paths of [
    [good, bad],
    [bad, good],
  ]) {
    t.deepEqual(decide(paths, usable), { best: good, rule: 'only usable path' });
    t.is(selectBest(paths, usable), good);
  }
});

test('MED counts between routes of one neighbouring AS only', (t) => {
  const a = path({ ...as(65000, 1), med: 9 }, { routerId: 1 });
  const b = path({ ...as(65001, 1), med: 1 }, { routerId: 2 });
  t.deepEqual(decide([a, b]), { best: a, rule: 'lower BGP identifier' });
  t.is(selectBest([a, b]), a);
  t.is(selectBest([b, a]), a);
});

test('three paths of two ASes: MED makes no ring, whatever the order', (t) => {
  const a = path({ ...as(65000, 1), med: 9 }, { routerId: 1 });
  const b = path({ ...as(65001, 1), med: 5 }, { routerId: 2 });
  const c = path({ ...as(65000, 1), med: 1 }, { routerId: 3 });
  for (const order of [
    [a, b, c],
    [a, c, b],
    [b, a, c],
    [b, c, a],
    [c, a, b],
    [c, b, a],
  ])
    t.is(decide(order).best, b);
});

test('AS_SET counts one, confederation segments nothing', (t) => {
  const set = path({
    asPath: [
      { type: 2, asns: [1] },
      { type: 1, asns: [2, 3, 4] },
      { type: 3, asns: [5, 6] },
    ],
  });
  const three = path({ ...as(1, 2, 3) });
  t.deepEqual(decide([three, set]), { best: set, rule: 'shorter AS_PATH' });
});

test('an AS_PATH of our own AS has no neighbouring AS: MED still compares', (t) => {
  const a = path({ asPath: [], med: 2 });
  const b = path({ asPath: [], med: 1 });
  t.deepEqual(decide([a, b]), { best: b, rule: 'lower MULTI_EXIT_DISC' });
});

test('mobility concerns Type 2 alone', (t) => {
  const a = path({ ...sequence(9), ...as(1, 2) }, {}, imet('10.0.0.1'));
  const b = path({ ...as(1) }, {}, imet('10.0.0.1'));
  t.deepEqual(decide([a, b]), { best: b, rule: 'shorter AS_PATH' });
  t.is(selectBest([a, b]), b);
});

test('one path needs no rule, none has no best', (t) => {
  const only = path();
  t.deepEqual(decide([only]), { best: only, rule: 'only path' });
  t.deepEqual(decide([]), { best: undefined, rule: 'only path' });
  t.is(selectBest([]), undefined);
  t.is(selectBest([only]), only);
  const twin = path();
  t.deepEqual(decide([only, twin]), { best: only, rule: 'first of equals' });
  t.is(decide([only, twin]).best, only);
  t.is(selectBest([only, twin]), only);
});
