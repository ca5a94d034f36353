import test from 'ava';
import fc from 'fast-check';
import type { LocalMac } from '../../src/dataplane/index.js';
import {
  type Claim,
  decideOwner,
  type Move,
  MoveHistory,
  moveCause,
  type Ownership,
  type Pin,
  Rule,
  UNOWNED,
  whyMac,
} from '../../src/evpn/index.js';
import { vtepOf } from './support/leaf.js';

const US = vtepOf(2);
const claim = (sequence: number, leaf = 3, pin?: Pin): Claim => ({
  sequence,
  pin,
  vtep: vtepOf(leaf),
});
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

test('every change of hands has a cause in words', (t) => {
  const sides = ['none', 'local', 'remote'] as const;
  const causes = sides.flatMap((from) =>
    sides.map((to) =>
      moveCause({ at: 0, from, to, fromVtep: undefined, vtep: undefined, sequence: 3 }, undefined),
    ),
  );
  t.true(causes.every((cause) => cause.length > 10));
  t.is(
    moveCause(
      { at: 0, from: 'local', to: 'remote', fromVtep: undefined, vtep: undefined, sequence: 3 },
      undefined,
    ),
    'a remote leaf claims it with sequence number 3',
  );
  const gone: Move = {
    at: 0,
    from: 'local',
    to: 'remote',
    fromVtep: undefined,
    vtep: undefined,
    sequence: 3,
  };
  const back: Move = {
    at: 0,
    from: 'remote',
    to: 'local',
    fromVtep: undefined,
    vtep: undefined,
    sequence: 3,
  };
  t.is(moveCause(back, gone), 'the remote claim went, and the local row had stayed');
  t.is(moveCause({ ...back, sequence: 4 }, gone), 'it arrived on a port of this leaf');
});
