import test from 'ava';
import fc from 'fast-check';
import type { DecisionRules } from '../../src/bgp/decision.js';
import {
  decide,
  decideSeveral,
  type Path,
  type PathSource,
  STEP_TABLE,
  selectBest,
  selectSeveral,
  TIE_BREAKERS,
} from '../../src/bgp/index.js';
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
  ['not long-lived stale', path({}), path({ ...sequence(9, true), isLongLivedStale: true })],
  ['not long-lived stale', path({}), { ...path(sequence(9, true)), isLongLived: true }],
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
  ['higher LOCAL_PREF', path({ ...as(1, 2, 3) }), path({ ...as(1), isGoing: true })],
  ['higher LOCAL_PREF', path({ localPref: 1, ...as(1, 2, 3) }), path({ localPref: 500, isGoing: true })],
  [
    'higher LOCAL_PREF',
    path({ localPref: 200, isGoing: true, ...as(1, 2) }, { internal: true }),
    path({ localPref: 100 }),
  ],
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

/** What is chosen and by which step. */
const verdict = (paths: Path[], rules: DecisionRules<Path> = {}) => {
  const { best, rule } = decide(paths, rules);
  return { best, rule };
};

for (const [index, [rule, better, worse]] of RULES.entries())
  test(`rule ${index + 1}: ${rule}`, (t) => {
    t.deepEqual([...decide([worse, better]).lost], [[worse, rule]]);
    t.deepEqual(verdict([better, worse]), { best: better, rule });
    t.deepEqual(verdict([worse, better]), { best: better, rule });
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
    t.deepEqual(verdict(paths, { usable }), { best: good, rule: 'usable path' });
    t.is(selectBest(paths, { usable }), good);
    t.is(selectBest(paths), bad);
  }
  for (const paths of [
    [good, bad, better],
    [better, bad, good],
  ]) {
    t.deepEqual(verdict(paths, { usable }), { best: better, rule: 'shorter AS_PATH' });
    t.is(selectBest(paths, { usable }), better);
  }
  t.is(selectBest([good, better], { usable }), better);
  t.is(selectBest([better, good], { usable }), better);
  const worse = path({ ...as(1, 2), med: 7 });
  t.deepEqual(verdict([worse, bad], { usable }), { best: bad, rule: 'higher MAC mobility sequence' });
  t.is(selectBest([worse, bad], { usable }), bad);
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
    t.deepEqual(verdict(paths, { usable }), { best: good, rule: 'usable path' });
    t.is(selectBest(paths, { usable }), good);
  }
});

test('MED counts between routes of one neighboring AS only', (t) => {
  const a = path({ ...as(65000, 1), med: 9 }, { routerId: 1 });
  const b = path({ ...as(65001, 1), med: 1 }, { routerId: 2 });
  t.deepEqual(verdict([a, b]), { best: a, rule: 'lower BGP identifier' });
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
  t.deepEqual(verdict([three, set]), { best: set, rule: 'shorter AS_PATH' });
});

test('an AS_PATH of our own AS has no neighboring AS: MED still compares', (t) => {
  const a = path({ asPath: [], med: 2 });
  const b = path({ asPath: [], med: 1 });
  t.deepEqual(verdict([a, b]), { best: b, rule: 'lower MULTI_EXIT_DISC' });
});

test('mobility concerns Type 2 alone', (t) => {
  const a = path({ ...sequence(9), ...as(1, 2) }, {}, imet('10.0.0.1'));
  const b = path({ ...as(1) }, {}, imet('10.0.0.1'));
  t.deepEqual(verdict([a, b]), { best: b, rule: 'shorter AS_PATH' });
  t.is(selectBest([a, b]), b);
});

test('one path needs no rule, none has no best', (t) => {
  const only = path();
  t.deepEqual(verdict([only]), { best: only, rule: 'only path' });
  t.deepEqual(verdict([]), { best: undefined, rule: 'only path' });
  t.is(selectBest([]), undefined);
  t.is(selectBest([only]), only);
  const twin = path();
  t.deepEqual(verdict([only, twin]), { best: only, rule: 'first of equals' });
  t.is(decide([only, twin]).best, only);
  t.is(selectBest([only, twin]), only);
});

type Change = readonly [attributes: Partial<PathAttributes>, source?: Partial<PathSource>];

/** What wins by each step, and what loses by it, all else equal; in the order of the steps. */
const CONTRASTS: Readonly<Record<string, readonly [good: Change, bad: Change]>> = {
  'not long-lived stale': [[{}], [{ isLongLivedStale: true }]],
  'sticky MAC': [[sequence(1, true)], [sequence(1)]],
  'higher MAC mobility sequence': [[sequence(2)], [sequence(1)]],
  'lower next hop': [[{ nextHop: parseIp('10.0.0.1') }], [{ nextHop: parseIp('10.0.0.2') }]],
  'higher LOCAL_PREF': [[{ localPref: 101 }], [{}]],
  'shorter AS_PATH': [[as(65000)], [as(65000, 1)]],
  'lower ORIGIN': [[{ origin: 0 }], [{ origin: 1 }]],
  'lower MULTI_EXIT_DISC': [[{}], [{ med: 1 }]],
  'external over internal': [
    [{}, { internal: false }],
    [{}, { internal: true }],
  ],
  'lower BGP identifier': [
    [{}, { routerId: 1 }],
    [{}, { routerId: 0xffffffff }],
  ],
  'shorter CLUSTER_LIST': [[{ clusterList: [] }], [{ clusterList: [1] }]],
  'lower neighbor address': [
    [{}, { neighbor: '10.1.0.1' }],
    [{}, { neighbor: '10.1.0.2' }],
  ],
};
const STEPS = [...STEP_TABLE.before.slice(2), ...TIE_BREAKERS].map(({ name }) => name);

/** A path that is as `sides` say by each step. */
function contrasted(nlri: EvpnNlri, sides: readonly (0 | 1 | undefined)[]): Path {
  let attributes: Partial<PathAttributes> = { ...as(65000), origin: 0 };
  let source: Partial<PathSource> = {};
  for (const [i, side] of sides.entries()) {
    const [more, of = {}] = CONTRASTS[STEPS[i]][side ?? 0];
    // The number and the flag are one community
    const { macMobility = attributes.macMobility } = more;
    attributes = { ...attributes, ...more, ...(macMobility && { macMobility }) };
    source = { ...source, ...of };
  }
  return path(attributes, source, nlri);
}

test('every step has its contrast, and the table its order', (t) => {
  t.deepEqual(STEPS, Object.keys(CONTRASTS));
  t.deepEqual(
    STEP_TABLE.several.map(({ name }) => name),
    ['multipath-relax', 'next hop of its own', 'maximum-paths'],
  );
});

for (const [what, nlri, first] of [
  ['a MAC/IP route', macRoute(1), 1],
  ['a Type-3 route', imet('10.0.0.1'), 4],
] as const)
  for (const [at, name] of STEPS.entries())
    if (at === 0 || at >= first)
      test(`${name} decides for ${what} whatever later steps say`, (t) => {
        // The sticky flag and the number are of one community, of which the later one would write the earlier
        const sides = (own: 0 | 1, later: 0 | 1) =>
          STEPS.map((_, i) => (i < at ? undefined : i === at ? own : later)) as (0 | 1 | undefined)[];
        const [winner, loser] = [contrasted(nlri, sides(0, 1)), contrasted(nlri, sides(1, 0))];
        const fixed = (each: Path, sticky: boolean): Path =>
          at === 1
            ? path(
                { ...each.attributes, macMobility: { sequence: sticky ? 1 : 2, sticky } },
                each.source,
                nlri,
              )
            : each;
        const [better, worse] = [fixed(winner, true), fixed(loser, false)];
        for (const paths of [
          [better, worse],
          [worse, better],
        ]) {
          t.deepEqual(verdict(paths), { best: better, rule: name });
          t.is(selectBest(paths), better);
          t.deepEqual([...decide(paths).lost], [[worse, name]]);
        }
      });

test('each of many paths keeps the step that excluded it', (t) => {
  const usable = ({ attributes }: Path) => attributes.origin !== 2;
  const nlri = imet('10.0.0.1');
  const names = STEPS.filter((_, at) => at === 0 || at > 3);
  const losers = names.map((name) =>
    contrasted(
      nlri,
      STEPS.map((each) => (each === name ? 1 : 0)),
    ),
  );
  const best = contrasted(
    nlri,
    STEPS.map(() => 0),
  );
  const dead = path({ localPref: 900, origin: 2 }, {}, nlri);
  const { lost, ...others } = decide([dead, ...losers, best], { usable });
  t.deepEqual(others, { best, rule: 'lower neighbor address' });
  t.is(lost.get(dead), 'usable path');
  t.deepEqual(
    losers.map((each) => lost.get(each)),
    names,
  );
  t.is(lost.size, names.length + 1);
});

test('with always-compare-med MED counts between neighboring ASes too', (t) => {
  const a = path({ ...as(65000, 1), med: 9 }, { routerId: 1 });
  const b = path({ ...as(65001, 1), med: 1 }, { routerId: 2 });
  const rules = { alwaysCompareMed: true };
  t.deepEqual(verdict([a, b], rules), { best: b, rule: 'lower MULTI_EXIT_DISC' });
  t.is(selectBest([a, b], rules), b);
  t.is(selectBest([b, a, a], rules), b);
  t.deepEqual(selectSeveral([a, b], { external: 8, internal: 8, isRelaxed: true }, rules), [b]);
});

/** As an import policy leaves attributes that it rejects. */
const REJECTED = {
  verdict: { before: pathAttributes(), accepted: false, policy: 'from-spines', rule: 'no-such-vni' },
};

test('what the import policy rejects is never chosen, alone or beside others', (t) => {
  const rejected = path({ ...REJECTED, localPref: 900 });
  const other = path({ ...REJECTED });
  const good = path();
  const worse = path({ localPref: 1 });
  for (const paths of [[rejected], [rejected, other], [other, rejected, other]]) {
    t.deepEqual(verdict(paths), { best: undefined, rule: 'only path' });
    t.is(selectBest(paths), undefined);
    t.deepEqual(selectSeveral(paths, { external: 8, internal: 8, isRelaxed: true }), []);
    t.deepEqual(
      [...decide(paths).lost.values()],
      [...new Set(paths)].map(() => 'import-policy'),
    );
  }
  for (const paths of [
    [rejected, good],
    [good, rejected],
    [rejected, good, other],
  ]) {
    t.deepEqual(verdict(paths), { best: good, rule: 'only path' });
    t.is(selectBest(paths), good);
  }
  t.deepEqual(verdict([worse, rejected, good]), { best: good, rule: 'higher LOCAL_PREF' });
  t.is(selectBest([worse, rejected, good]), good);
});

const anyPath = fc
  .record({
    neighbor: fc.integer({ min: 1, max: 9 }),
    routerId: fc.integer({ min: 1, max: 3 }),
    internal: fc.boolean(),
    nextHop: fc.integer({ min: 1, max: 3 }),
    localPref: fc.constantFrom(undefined, 100, 200),
    ases: fc.array(fc.constantFrom(65000, 65001), { maxLength: 2 }),
    med: fc.constantFrom(undefined, 1),
    origin: fc.constantFrom(0, 2),
    sequence: fc.constantFrom(undefined, 1, 2),
    isRejected: fc.boolean(),
  })
  .map(({ neighbor, routerId, internal, nextHop, ases, sequence: number, isRejected, ...rest }) =>
    path(
      {
        ...rest,
        ...(isRejected && REJECTED),
        ...as(...ases),
        nextHop: parseIp(`192.0.2.${nextHop}`),
        ...(number !== undefined && sequence(number)),
      } as Partial<PathAttributes>,
      { neighbor: `10.1.0.${neighbor}`, routerId, internal },
      imet('10.0.0.1'),
    ),
  );

test('any paths: each is chosen or has lost by a step, the short ways agree, and the order of arrival is nothing', (t) => {
  const known = new Set([...STEPS, ...[...STEP_TABLE.before, ...STEP_TABLE.several].map(({ name }) => name)]);
  const mix = fc.record({
    paths: fc.uniqueArray(anyPath, { selector: ({ source }) => source.neighbor, minLength: 1, maxLength: 6 }),
    alwaysCompareMed: fc.boolean(),
    deaf: fc.integer({ min: 0, max: 3 }),
    external: fc.integer({ min: 1, max: 3 }),
    internal: fc.integer({ min: 1, max: 3 }),
    isRelaxed: fc.boolean(),
  });
  fc.assert(
    fc.property(mix, ({ paths, alwaysCompareMed, deaf, ...multipath }) => {
      const dead = parseIp(`192.0.2.${deaf}`);
      const rules = { alwaysCompareMed, usable: ({ attributes }: Path) => attributes.nextHop !== dead };
      const { best, lost } = decide(paths, rules);
      t.is(selectBest(paths, rules), best);
      t.is(decide(paths.toReversed(), rules).best, best);
      t.true(paths.every((each) => (each === best) !== lost.has(each)));
      const several = decideSeveral(paths, multipath, rules);
      t.is(several.best, best);
      t.is<unknown, unknown>(several.chosen[0], best);
      t.deepEqual(several.chosen, selectSeveral(paths.toReversed(), multipath, rules));
      t.true(paths.every((each) => several.chosen.includes(each) !== several.lost.has(each)));
      for (const name of [...lost.values(), ...several.lost.values()]) t.true(known.has(name), name);
    }),
    { numRuns: 1000 },
  );
});
