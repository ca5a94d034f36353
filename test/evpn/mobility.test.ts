import test from 'ava';
import type { LocalMac } from '../../src/dataplane/index.js';
import {
  type Claim,
  compareClaims,
  decideFrozen,
  decideOwner,
  type IpSides,
  judgeIp,
  judgeLoneIp,
  judgeMac,
  MAX_SEQUENCE,
  nextSequence,
  type Ownership,
  type Pin,
  Rule,
  sequenceWithIp,
  UNOWNED,
} from '../../src/evpn/index.js';
import { vtepOf } from './support/leaf.js';

const US = vtepOf(2);
const LOWER = 1;
const HIGHER = 3;
const claim = (sequence: number, leaf = HIGHER, pin?: Pin): Claim => ({ sequence, pin, vtep: vtepOf(leaf) });
const row = (epoch: number, over: Partial<LocalMac> = {}): LocalMac => ({
  port: 5,
  epoch,
  isStatic: false,
  isSticky: false,
  ...over,
});
const ours = (sequence: number, localEpoch = 7): Ownership => ({
  owner: 'local',
  sequence,
  localEpoch,
  beatenEpoch: 0,
});
const theirs = (sequence: number, beatenEpoch = 0): Ownership => ({
  owner: 'remote',
  sequence,
  localEpoch: 0,
  beatenEpoch,
});
const nobodys = (sequence: number): Ownership => ({ owner: 'none', sequence, localEpoch: 0, beatenEpoch: 0 });

/** What was decided before, our row, the remote claim; whose it is then, with which number, and by which rule. */
const MACS: readonly (readonly [
  string,
  Ownership,
  LocalMac | undefined,
  Claim | undefined,
  Ownership['owner'],
  number,
  Rule,
])[] = [
  ['nobody', nobodys(3), undefined, undefined, 'none', 3, Rule.NOBODY],
  ['nobody ever', UNOWNED, undefined, undefined, 'none', 0, Rule.NOBODY],
  ['a route alone of a MAC that never moved', UNOWNED, undefined, claim(0), 'remote', 0, Rule.ONLY_CLAIM],
  ['a route alone of a MAC that moved once', UNOWNED, undefined, claim(1), 'remote', 1, Rule.ONLY_CLAIM],
  [
    'a route alone below the number remembered',
    nobodys(5),
    undefined,
    claim(2),
    'remote',
    5,
    Rule.ONLY_CLAIM,
  ],
  ['our row has gone', ours(3), undefined, claim(2), 'remote', 3, Rule.ONLY_CLAIM],
  ['the route has gone', theirs(3, 7), row(7), undefined, 'local', 3, Rule.ONLY_CLAIM],
  ['a lower number takes nothing', ours(3), row(7), claim(2), 'local', 3, Rule.SEQUENCE],
  ['both are news: the number remembered', nobodys(3), row(7), claim(2), 'local', 3, Rule.SEQUENCE],
  [
    'both are news: the address of the two that is theirs',
    UNOWNED,
    row(7),
    claim(0, LOWER),
    'remote',
    0,
    Rule.VTEP,
  ],
  ['two with one address: it is not ours', ours(1), row(7), claim(1, 2), 'remote', 1, Rule.VTEP],
  [
    'what was beaten stays so by a claim that is lower now',
    theirs(4, 7),
    row(7),
    claim(1),
    'remote',
    4,
    Rule.STAYED,
  ],
  ['it arrives where nothing was', theirs(4), row(8), claim(6), 'local', 7, Rule.ARRIVED],
  ['another row than the beaten one arrives', theirs(4, 7), row(8), claim(4), 'local', 5, Rule.ARRIVED],
  ['a route alone', UNOWNED, undefined, claim(2), 'remote', 2, Rule.ONLY_CLAIM],
  ['a row alone, the number remembered', nobodys(4), row(7), undefined, 'local', 4, Rule.ONLY_CLAIM],
  ['both are news: the number', UNOWNED, row(7), claim(1), 'remote', 1, Rule.SEQUENCE],
  ['both are news: the address', UNOWNED, row(7), claim(0), 'local', 0, Rule.VTEP],
  ['a higher number takes it', ours(1), row(7), claim(2), 'remote', 2, Rule.SEQUENCE],
  ['an equal one from a lower address, too', ours(1), row(7), claim(1, LOWER), 'remote', 1, Rule.VTEP],
  ['an equal one from a higher address does not', ours(1), row(7), claim(1), 'local', 1, Rule.VTEP],
  ['it arrives', theirs(4), row(8), claim(4), 'local', 5, Rule.ARRIVED],
  ['it arrives, and the number was higher once', theirs(9), row(8), claim(4), 'local', 9, Rule.ARRIVED],
  [
    'it goes and comes back here while a route claims it',
    ours(1),
    row(8),
    claim(4),
    'local',
    5,
    Rule.ARRIVED,
  ],
  ['the same, and our number is above', ours(6), row(8), claim(4), 'local', 6, Rule.ARRIVED],
  ['the row that was ours stays', ours(1, 8), row(8), claim(4), 'remote', 4, Rule.SEQUENCE],
  ['what was beaten does not arrive', theirs(4, 7), row(7), claim(4), 'remote', 4, Rule.STAYED],
  // Pins
  ...([Rule.STICKY, Rule.GATEWAY, Rule.IMMUTABLE] as const).flatMap(
    (pin) =>
      [
        [`${pin}: no arrival`, theirs(0), row(8), claim(0, HIGHER, pin), 'remote', 0, pin],
        [`${pin}: no number of ours`, ours(9), row(7), claim(0, HIGHER, pin), 'remote', 9, pin],
        [`${pin}: both are news`, UNOWNED, row(7), claim(0, HIGHER, pin), 'remote', 0, pin],
      ] as const,
  ),
  // Configuration
  ...([{ isStatic: true }, { isSticky: true }, { isStatic: true, isSticky: true }] as const).flatMap(
    (over) => {
      const what = Object.keys(over).join(' and ');
      return [
        [`${what}: a higher number`, ours(1), row(7, over), claim(9), 'local', 1, Rule.CONFIGURED],
        [
          `${what}: sticky there`,
          ours(0),
          row(7, over),
          claim(0, LOWER, Rule.STICKY),
          'local',
          0,
          Rule.CONFIGURED,
        ],
        [
          `${what}: configured while sticky there`,
          theirs(0),
          row(8, over),
          claim(0, LOWER, Rule.STICKY),
          'local',
          0,
          Rule.CONFIGURED,
        ],
        [`${what}: the VM has moved here`, theirs(4), row(8, over), claim(4), 'local', 5, Rule.CONFIGURED],
        [
          `${what}: a row that was beaten is configured in place`,
          theirs(4, 7),
          row(7, over),
          claim(4),
          'local',
          4,
          Rule.CONFIGURED,
        ],
      ] as const;
    },
  ),
  // The top of the numbers (RFC 7432 §7.7: 32 bits)
  [
    'the last number is taken',
    theirs(0),
    row(8),
    claim(MAX_SEQUENCE - 1),
    'local',
    MAX_SEQUENCE,
    Rule.ARRIVED,
  ],
  [
    'no number is left: the address',
    theirs(0),
    row(8),
    claim(MAX_SEQUENCE),
    'local',
    MAX_SEQUENCE,
    Rule.VTEP,
  ],
  [
    'nor for who comes to a higher one',
    theirs(0),
    row(8),
    claim(MAX_SEQUENCE, LOWER),
    'remote',
    MAX_SEQUENCE,
    Rule.VTEP,
  ],
  [
    'it takes a local one as any',
    ours(3),
    row(7),
    claim(MAX_SEQUENCE),
    'remote',
    MAX_SEQUENCE,
    Rule.SEQUENCE,
  ],
];

for (const [name, before, local, remote, owner, sequence, rule] of MACS)
  test(`MAC: ${name}`, (t) => {
    const after = decideOwner(before, local, remote, US);
    t.deepEqual(after, {
      owner,
      sequence,
      localEpoch: owner === 'local' ? local!.epoch : 0,
      beatenEpoch: owner === 'remote' && local ? local.epoch : 0,
    });
    t.deepEqual({ ...judgeMac(before, local, remote, US) }, { owner, rule });
    t.like(decideOwner(after, local, remote, US), { owner, sequence }, 'another look changes nothing');
  });

test('MACs that never moved share what is remembered of them', (t) => {
  const [first, second] = [HIGHER, LOWER].map((leaf) => decideOwner(UNOWNED, undefined, claim(0, leaf), US));
  t.is(first, second);
  t.is(decideOwner(theirs(0), undefined, undefined, US), UNOWNED);
});

test('the number that beats another stays at the top', (t) => {
  t.is(nextSequence(0), 1);
  t.is(nextSequence(MAX_SEQUENCE - 1), MAX_SEQUENCE);
  t.is(nextSequence(MAX_SEQUENCE), 0xffff_ffff);
});

const sides = (over: Partial<IpSides>): IpSides => ({
  before: 'local',
  isNew: false,
  isPinnedHere: false,
  sequence: 1,
  remote: claim(1),
  localVtep: US,
  ...over,
});

const IPS: readonly (readonly [string, Partial<IpSides>, Ownership['owner'], Rule])[] = [
  ['a higher number', { remote: claim(2) }, 'remote', Rule.SEQUENCE],
  ['a lower number', { remote: claim(0) }, 'local', Rule.SEQUENCE],
  ['a lower address', { remote: claim(1, LOWER) }, 'remote', Rule.VTEP],
  ['a higher address', {}, 'local', Rule.VTEP],
  ['it arrives', { before: 'remote', isNew: true, remote: claim(9) }, 'local', Rule.ARRIVED],
  ['what was beaten stays so', { before: 'remote' }, 'remote', Rule.STAYED],
  ['also with a higher number', { before: 'remote', sequence: 9 }, 'remote', Rule.STAYED],
  ['another binding here arrives', { before: 'local', isNew: true, remote: claim(9) }, 'local', Rule.ARRIVED],
  ['both are news: the number', { before: 'none', isNew: true, remote: claim(2) }, 'remote', Rule.SEQUENCE],
  ['no news of what nobody had: the number', { before: 'none', remote: claim(0) }, 'local', Rule.SEQUENCE],
  [
    'no number is left, and our address is lower',
    { before: 'remote', isNew: true, remote: claim(MAX_SEQUENCE) },
    'local',
    Rule.VTEP,
  ],
  ['both are news', { before: 'none', isNew: true }, 'local', Rule.VTEP],
  ...([Rule.STICKY, Rule.GATEWAY, Rule.IMMUTABLE] as const).map(
    (pin) =>
      [
        `${pin}: no arrival`,
        { before: 'remote', isNew: true, remote: claim(0, 3, pin) },
        'remote',
        pin,
      ] as const,
  ),
  ['pinned here', { isPinnedHere: true, remote: claim(9) }, 'local', Rule.CONFIGURED],
  [
    'pinned on both sides',
    { isPinnedHere: true, remote: claim(9, LOWER, Rule.STICKY) },
    'local',
    Rule.CONFIGURED,
  ],
  [
    'no number is left',
    { before: 'remote', isNew: true, remote: claim(MAX_SEQUENCE, LOWER) },
    'remote',
    Rule.VTEP,
  ],
];

for (const [name, over, owner, rule] of IPS)
  test(`IP: ${name}`, (t) => {
    t.deepEqual({ ...judgeIp(sides(over)) }, { owner, rule });
  });

for (const [here, there, owner, rule] of [
  [undefined, undefined, 'none', Rule.NOBODY],
  [true, undefined, 'local', Rule.ONLY_CLAIM],
  [true, false, 'local', Rule.FOLLOWS_MAC],
  [undefined, true, 'remote', Rule.ONLY_CLAIM],
  [false, true, 'remote', Rule.FOLLOWS_MAC],
  [false, undefined, 'none', Rule.MAC_IS_ELSEWHERE],
  [undefined, false, 'none', Rule.MAC_IS_ELSEWHERE],
  [false, false, 'none', Rule.MAC_IS_ELSEWHERE],
] as const)
  test(`IP: of claims whose MACs are where they say, here ${here} and there ${there}`, (t) => {
    t.deepEqual({ ...judgeLoneIp(here, there) }, { owner, rule });
  });

test('with an IP that came here its MAC takes the next number, if it has none that is as high', (t) => {
  const arrival = { before: 'remote', isNew: true } as const;
  t.is(sequenceWithIp(sides({ ...arrival, sequence: 1, remote: claim(4) })), 5);
  t.is(sequenceWithIp(sides({ ...arrival, before: 'local', sequence: 1, remote: claim(4) })), 5);
  t.is(sequenceWithIp(sides({ ...arrival, sequence: 5, remote: claim(4) })), 5);
  t.is(sequenceWithIp(sides({ ...arrival, sequence: 9, remote: claim(4) })), 9);
  t.is(sequenceWithIp(sides({ ...arrival, sequence: 1, remote: claim(MAX_SEQUENCE) })), MAX_SEQUENCE);
  t.is(sequenceWithIp(sides({ before: 'none', isNew: true, sequence: 1, remote: claim(4) })), 1);
  t.is(sequenceWithIp(sides({ before: 'remote', isNew: false, sequence: 1, remote: claim(4) })), 1);
});

/** The better one first, with what later rules look at turned against it. */
const CLAIMS: readonly (readonly [string, Claim, Claim])[] = [
  ['pinned', claim(0, HIGHER, Rule.STICKY), claim(9, LOWER)],
  ['the number, among pinned ones', claim(2, HIGHER, Rule.GATEWAY), claim(1, LOWER, Rule.STICKY)],
  ['the number', claim(2, HIGHER), claim(1, LOWER)],
  ['the address', claim(1, LOWER), claim(1, HIGHER)],
  ['the address, among pinned ones', claim(1, LOWER, Rule.IMMUTABLE), claim(1, HIGHER, Rule.STICKY)],
];

for (const [name, better, worse] of CLAIMS)
  test(`order of claims: ${name}`, (t) => {
    t.true(compareClaims(better, worse) < 0);
    t.true(compareClaims(worse, better) > 0);
    t.is(compareClaims(better, { ...better }), 0);
  });

const AT = vtepOf(HIGHER);
/** What was decided before, where it is frozen (undefined: here), our row, the best claim of that place; what is decided. */
const FROZEN: readonly (readonly [
  string,
  Ownership,
  typeof AT | undefined,
  LocalMac | undefined,
  Claim | undefined,
  Ownership,
])[] = [
  ['here, by our row', ours(3), undefined, row(7), claim(9), ours(3)],
  ['here, and nobody else says a word', ours(3), undefined, row(7), undefined, ours(3)],
  ['here, and our row has gone', ours(3), undefined, undefined, claim(9), nobodys(3)],
  ['here, and our row has come back', nobodys(3), undefined, row(8), claim(9), ours(3, 8)],
  ['here, and no word of anybody', nobodys(3), undefined, undefined, undefined, nobodys(3)],
  ['there, and a host here', theirs(3), AT, row(8), claim(3), theirs(3, 8)],
  ['there, and a host here with a higher number before', theirs(3), AT, row(8), claim(5), theirs(5, 8)],
  ['there, and its route has gone', theirs(3), AT, row(8), undefined, nobodys(3)],
  ['there, and all has gone', theirs(3), AT, undefined, undefined, nobodys(3)],
  ['there, by a route with the next number', theirs(3), AT, undefined, claim(4), theirs(4)],
  ['there, by a route with a lower number', theirs(3), AT, undefined, claim(1), theirs(3)],
  ['there, and an operator puts it here', theirs(3), AT, row(8, { isStatic: true }), claim(3), ours(3, 8)],
  ['there, and it is sticky here', theirs(3), AT, row(8, { isSticky: true }), claim(3), ours(3, 8)],
];

for (const [name, before, place, local, remote, after] of FROZEN)
  test(`frozen MAC: ${name}`, (t) => {
    t.deepEqual(decideFrozen(before, place, local, remote), after);
  });
