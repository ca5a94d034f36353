import test from 'ava';
import fc from 'fast-check';
import type { LocalMac } from '../../src/dataplane/index.js';
import {
  type Claim,
  decideOwner,
  type IpFacts,
  type Move,
  MoveHistory,
  moveCause,
  type Ownership,
  type Pin,
  Rule,
  UNOWNED,
  whyIp,
  whyMac,
} from '../../src/evpn/index.js';
import { type Esi, type Ip, parseMac } from '../../src/types/index.js';
import { vtepOf } from './support/leaf.js';

const US = vtepOf(2);
const claim = (sequence: number, leaf = 3, pin?: Pin, segment?: Esi): Claim => ({
  sequence,
  pin,
  vtep: vtepOf(leaf),
  segment,
});
const [ES1, ES2] = ['03:00:00:00:00:00:01:00:00:01', '03:00:00:00:00:00:01:00:00:02'] as Esi[];
const local = (epoch = 1, isStatic = false): LocalMac => ({ port: 5, epoch, isStatic, isSticky: false });
const owned = (owner: Ownership['owner'], sequence: number, localEpoch = 0, beatenEpoch = 0): Ownership => ({
  owner,
  sequence,
  localEpoch,
  beatenEpoch,
});
const historyOf = (...moves: [Move['from'], Move['to'], number][]) => {
  const history = new MoveHistory();
  for (const [from, to, sequence] of moves)
    history.record({ at: 0, from, to, fromVtep: undefined, vtep: undefined, sequence });
  return history;
};

const CASES: [string, Rule, Ownership, LocalMac | undefined, Claim[], MoveHistory | undefined][] = [
  ['no word of anybody', Rule.NOBODY, UNOWNED, undefined, [], undefined],
  ['nobody now, a number remembered', Rule.NOBODY, owned('none', 4), undefined, [], undefined],
  ['ours alone', Rule.ONLY_CLAIM, owned('local', 0, 1), local(), [], undefined],
  ['theirs alone', Rule.ONLY_CLAIM, owned('remote', 0), undefined, [claim(0)], undefined],
  [
    'two routes of one leaf are one claim',
    Rule.ONLY_CLAIM,
    owned('remote', 2),
    undefined,
    [claim(2), claim(1)],
    undefined,
  ],
  [
    'two leaves, two numbers',
    Rule.SEQUENCE,
    owned('remote', 2),
    undefined,
    [claim(1), claim(2, 4)],
    undefined,
  ],
  ['two leaves, one number', Rule.VTEP, owned('remote', 2), undefined, [claim(2, 4), claim(2)], undefined],
  [
    'two leaves, one sticky',
    Rule.STICKY,
    owned('remote', 2),
    undefined,
    [claim(2), claim(0, 4, Rule.STICKY)],
    undefined,
  ],
  [
    'it came here',
    Rule.ARRIVED,
    owned('local', 1, 7),
    local(7),
    [claim(0)],
    historyOf(['remote', 'local', 1]),
  ],
  ['ours by number, with no move seen', Rule.SEQUENCE, owned('local', 1, 7), local(7), [claim(0)], undefined],
  ['ours by address', Rule.VTEP, owned('local', 0, 7), local(7), [claim(0)], undefined],
  ['ours because configured', Rule.CONFIGURED, owned('local', 0, 7), local(7, true), [claim(9)], undefined],
  [
    'it came here, and the other leaf took back its word',
    Rule.ARRIVED,
    owned('local', 1, 7),
    local(7),
    [],
    historyOf(['none', 'remote', 0], ['remote', 'local', 1]),
  ],
  [
    'it was here all the while',
    Rule.ONLY_CLAIM,
    owned('local', 3, 7),
    local(7),
    [],
    historyOf(['local', 'remote', 3], ['remote', 'local', 3]),
  ],
  [
    'theirs by number',
    Rule.SEQUENCE,
    owned('remote', 3, 0, 7),
    local(7),
    [claim(3, 1)],
    historyOf(['none', 'local', 2], ['local', 'remote', 3]),
  ],
  [
    'theirs by address',
    Rule.VTEP,
    owned('remote', 2, 0, 7),
    local(7),
    [claim(2, 1)],
    historyOf(['none', 'local', 2], ['local', 'remote', 2]),
  ],
  [
    'theirs because sticky',
    Rule.STICKY,
    owned('remote', 0, 0, 7),
    local(7),
    [claim(0, 3, Rule.STICKY)],
    undefined,
  ],
  [
    'theirs with the number that we had, from a higher address',
    Rule.SEQUENCE,
    owned('remote', 2, 0, 7),
    local(7),
    [claim(2)],
    historyOf(['none', 'local', 2], ['local', 'remote', 2]),
  ],
  [
    'theirs since both were news',
    Rule.SEQUENCE,
    owned('remote', 1, 0, 7),
    local(7),
    [claim(1, 1)],
    undefined,
  ],
  ['theirs, with no number', Rule.VTEP, owned('remote', 0, 0, 7), local(7), [claim(0, 1)], undefined],
  [
    'it came here at last',
    Rule.ARRIVED,
    owned('local', 3, 7),
    local(7),
    [claim(2)],
    historyOf(['none', 'local', 1], ['local', 'remote', 2], ['remote', 'local', 3]),
  ],
  [
    'it was seen here at first',
    Rule.SEQUENCE,
    owned('local', 3, 7),
    local(7),
    [claim(2)],
    historyOf(['remote', 'local', 1], ['local', 'none', 1], ['none', 'local', 1]),
  ],
  [
    'it came here and was configured',
    Rule.CONFIGURED,
    owned('local', 1, 7),
    local(7, true),
    [claim(0)],
    historyOf(['remote', 'local', 1]),
  ],
  [
    'nobody, wherever it was',
    Rule.NOBODY,
    owned('none', 1),
    undefined,
    [],
    historyOf(['remote', 'local', 1]),
  ],
  [
    'two leaves, both sticky',
    Rule.VTEP,
    owned('remote', 2),
    undefined,
    [3, 4].map((n) => claim(2, n, Rule.STICKY)),
    undefined,
  ],
  [
    'two leaves of one segment',
    Rule.SEGMENT,
    owned('remote', 2),
    undefined,
    [claim(2, 3, undefined, ES1), claim(1, 4, undefined, ES1)],
    undefined,
  ],
  [
    'two leaves, each of a segment',
    Rule.SEQUENCE,
    owned('remote', 2),
    undefined,
    [claim(2, 3, undefined, ES1), claim(1, 4, undefined, ES2)],
    undefined,
  ],
  [
    'two leaves, one of a segment',
    Rule.SEQUENCE,
    owned('remote', 2),
    undefined,
    [claim(2, 3, undefined, ES1), claim(1, 4)],
    undefined,
  ],
  [
    'ours, by a row that was not looked at',
    Rule.PENDING,
    owned('local', 1, 7),
    local(8),
    [claim(0)],
    undefined,
  ],
  ['a row that was not looked at', Rule.PENDING, owned('remote', 0, 0, 7), local(8), [claim(0)], undefined],
  ['a route that was not looked at', Rule.PENDING, owned('local', 0, 1), undefined, [claim(0)], undefined],
];

for (const [name, rule, ownership, here, remotes, history] of CASES)
  test(`${name}: ${rule}`, (t) => {
    t.is(whyMac({ ownership, local: here, remotes, localVtep: US, history }), rule);
  });

test('frozen outweighs all', (t) => {
  const history = historyOf(['remote', 'local', 1]);
  history.frozen = true;
  t.is(
    whyMac({ ownership: owned('local', 1, 7), local: local(7), remotes: [claim(5)], localVtep: US, history }),
    Rule.FROZEN,
  );
});

test('what was just decided always has a rule, and the rule speaks for the one who has it', (t) => {
  const claims = fc.record({
    sequence: fc.nat(3),
    pin: fc.constantFrom(undefined, Rule.STICKY, Rule.GATEWAY, Rule.IMMUTABLE),
    vtep: fc.constantFrom(1, 3).map(vtepOf),
  });
  const step = fc.record({
    local: fc.option(
      fc.record({ epoch: fc.integer({ min: 1, max: 4 }), isStatic: fc.boolean(), isSticky: fc.boolean() }),
      {
        nil: undefined,
      },
    ),
    remote: fc.option(claims, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      let ownership = UNOWNED;
      const history = new MoveHistory();
      for (const { local: here, remote } of steps) {
        const stay = here && { ...here, port: 5, isSticky: false };
        const before = ownership;
        ownership = decideOwner(before, stay, remote, US);
        const { owner, sequence } = ownership;
        if (owner !== before.owner)
          history.record({
            at: 0,
            from: before.owner,
            to: owner,
            fromVtep: undefined,
            vtep: undefined,
            sequence,
          });
        const remotes = remote ? [remote] : [];
        const rule = whyMac({ ownership, local: stay, remotes, localVtep: US, history });
        t.not(rule, Rule.PENDING, JSON.stringify([before, here, remote, ownership]));
        if (owner === 'none') t.is(rule, Rule.NOBODY);
        if (owner !== 'none' && (!here || !remote))
          t.true(rule === Rule.ONLY_CLAIM || (rule === Rule.ARRIVED && here !== undefined));
        if (remote?.pin !== undefined && rule === remote.pin) t.is(owner, 'remote');
        if (rule === Rule.CONFIGURED) t.true(owner === 'local' && (here?.isStatic || here?.isSticky));
        if (rule === Rule.ARRIVED) t.is(owner, 'local');
      }
    }),
    { numRuns: 2000, seed: 7 },
  );
});

const LEFT = vtepOf(3);
const change = (from: Move['from'], to: Move['to'], fromVtep?: Ip, sequence = 3): Move => ({
  at: 0,
  from,
  to,
  fromVtep,
  vtep: undefined,
  sequence,
});

for (const [cause, move, before] of [
  ['it aged out or was removed here', change('local', 'none')],
  ['its last route went', change('remote', 'none', LEFT)],
  ['its last route went', change('remote', 'none', LEFT), change('local', 'remote')],
  ['it was seen on a port of this leaf', change('none', 'local')],
  ['it arrived on a port of this leaf', change('remote', 'local')],
  ['it arrived on a port of this leaf; it left 10.0.0.3', change('remote', 'local', LEFT)],
  ['it arrived on a port of this leaf', change('remote', 'local', undefined, 4), change('local', 'remote')],
  ['it arrived on a port of this leaf', change('remote', 'local'), change('remote', 'local')],
  [
    'the remote claim went, and the local row had stayed',
    change('remote', 'local', LEFT),
    change('local', 'remote'),
  ],
  ['it was seen on a port of this leaf', change('none', 'local'), change('local', 'remote')],
  ['a remote leaf announced it', change('none', 'remote')],
  ['a remote leaf claims it with sequence number 3', change('local', 'remote')],
  [
    'another leaf claims it with sequence number 3; it left 10.0.0.3',
    change('remote', 'remote', LEFT),
    change('local', 'remote'),
  ],
] as const)
  test(`${move.from} to ${move.to}${before ? ` after ${before.from} to ${before.to}` : ''}: ${cause}`, (t) => {
    t.is(moveCause(move, before), cause);
  });

/** Our claim: the number of its MAC, and what is true of it; undefined where we have none. */
type Here = NonNullable<IpFacts['local']>;
const here = (over: Partial<Here> = {}): Here => ({
  mac: parseMac('02:00:00:00:00:01'),
  ownsMac: true,
  sequence: 2,
  isPinned: false,
  isNew: false,
  ...over,
});
const there = (of: Claim, ownsMac = true) => ({ claim: of, ownsMac });
const STALE = here({ ownsMac: false });

const IP_CASES: readonly (readonly [
  string,
  Rule,
  IpFacts['owner'],
  Here | undefined,
  IpFacts['remotes'],
  MoveHistory?,
])[] = [
  ['no word of anybody', Rule.NOBODY, 'none', undefined, []],
  ['ours alone', Rule.ONLY_CLAIM, 'local', here(), []],
  [
    'ours, whose MAC is here and theirs not there',
    Rule.FOLLOWS_MAC,
    'local',
    here(),
    [there(claim(9), false)],
  ],
  ['ours, whose MAC is not here', Rule.MAC_IS_ELSEWHERE, 'none', STALE, []],
  ['both, whose MACs are elsewhere', Rule.MAC_IS_ELSEWHERE, 'none', STALE, [there(claim(9), false)]],
  ['theirs alone', Rule.ONLY_CLAIM, 'remote', undefined, [there(claim(1))]],
  [
    'theirs, whose MAC is there and ours not here',
    Rule.FOLLOWS_MAC,
    'remote',
    STALE,
    [there(claim(1)), there(claim(0, 4))],
  ],
  ['theirs, whose MAC is not there', Rule.MAC_IS_ELSEWHERE, 'none', undefined, [there(claim(1), false)]],
  ['two leaves, two numbers', Rule.SEQUENCE, 'remote', undefined, [there(claim(2)), there(claim(1, 4))]],
  ['two leaves, one number', Rule.VTEP, 'remote', undefined, [there(claim(2)), there(claim(2, 4))]],
  [
    'two leaves, the MAC of one there',
    Rule.FOLLOWS_MAC,
    'remote',
    undefined,
    [there(claim(1)), there(claim(2, 4), false)],
  ],
  ['two routes of one leaf', Rule.ONLY_CLAIM, 'remote', undefined, [there(claim(2)), there(claim(1))]],
  [
    'three leaves, the MACs of two there',
    Rule.SEQUENCE,
    'remote',
    undefined,
    [there(claim(2)), there(claim(1, 4)), there(claim(2, 5), false)],
  ],
  ['ours by number', Rule.SEQUENCE, 'local', here(), [there(claim(1))]],
  ['ours by address', Rule.VTEP, 'local', here(), [there(claim(2))]],
  ['ours because configured', Rule.CONFIGURED, 'local', here({ isPinned: true }), [there(claim(9))]],
  ['it came here', Rule.ARRIVED, 'local', here(), [there(claim(1))], historyOf(['remote', 'local', 2])],
  ['theirs because sticky', Rule.STICKY, 'remote', here(), [there(claim(0, 3, Rule.STICKY))]],
  ['theirs by number', Rule.SEQUENCE, 'remote', here(), [there(claim(3))]],
  ['theirs by address', Rule.VTEP, 'remote', here(), [there(claim(2, 1))]],
  ['theirs by an older word, of a higher address', Rule.STAYED, 'remote', here(), [there(claim(2))]],
  ['theirs by an older word, of a lower number', Rule.STAYED, 'remote', here(), [there(claim(1, 1))]],
  [
    'it went from leaf to leaf, and came here with its MAC',
    Rule.SEQUENCE,
    'local',
    here(),
    [there(claim(1))],
    historyOf(['remote', 'remote', 2]),
  ],
  [
    'a permanent neighbor that was not looked at',
    Rule.PENDING,
    'remote',
    here({ isPinned: true }),
    [there(claim(9))],
  ],
  ['a neighbor that was not looked at', Rule.PENDING, 'remote', here({ isNew: true }), [there(claim(1))]],
  [
    'ours, by a neighbor that was not looked at',
    Rule.PENDING,
    'local',
    here({ isNew: true }),
    [there(claim(1))],
  ],
  ['a route that was not looked at', Rule.PENDING, 'none', undefined, [there(claim(1))]],
  ['a withdrawal that was not looked at', Rule.PENDING, 'remote', here(), []],
];

for (const [name, rule, owner, local, remotes, history] of IP_CASES)
  test(`an IP, ${name}: ${rule}`, (t) => {
    t.is(whyIp({ owner, local, remotes, localVtep: US, history }), rule);
    const frozen = new MoveHistory();
    frozen.frozen = true;
    t.is(whyIp({ owner, local, remotes, localVtep: US, history: frozen }), Rule.FROZEN);
  });
