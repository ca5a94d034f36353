import test from 'ava';
import { formatIp, formatMac, parseIp, parseLargeCommunity } from '../../src/types/index.js';
import { changePathAttributes, formatNlri, type UpdateContext, UpdateDecoder } from '../../src/wire/index.js';
import {
  AS_PATH,
  attribute,
  ESI,
  EXTENDED_COMMUNITIES,
  EXTERNAL,
  EXTERNAL_TWO_OCTETS,
  IMET_ROUTE,
  INTERNAL,
  LOCAL_PREF,
  MAC_ROUTE,
  ORIGIN,
  RD,
  reach,
  route,
  unreach,
  updateBody,
} from './octets.js';

const SOUND = [ORIGIN, AS_PATH, EXTENDED_COMMUNITIES];

function decode(attributes: string[], context: UpdateContext = EXTERNAL, withdrawn = '', nlri = '') {
  return new UpdateDecoder().decode(updateBody(attributes, withdrawn, nlri), context);
}

test('routes of all five types, in order', (t) => {
  const routes = [
    route(1, `${RD}${'01'.repeat(10)} 00000007 00271a`),
    MAC_ROUTE,
    route(2, `${RD}${ESI}00000000 30 020000000011 20 0a0a0a0b 00271a 002af7`),
    route(2, `${RD}${ESI}00000000 30 020000000011 80 20010db8000000000000000000000001 00271a`),
    IMET_ROUTE,
    route(4, `${RD}${'02'.repeat(10)} 20 0a000001`),
    route(5, `${RD}${ESI}00000000 10 0a140000 0a140001 002af7`),
    route(5, `${RD}${ESI}00000000 40 20010db8000000000000000000000000 ${'00'.repeat(16)} 002af7`),
  ];
  const update = decode([reach(routes.join('')), ...SOUND]);
  t.deepEqual(update.reachable.map(formatNlri), [
    '[1]:[7]:[01:01:01:01:01:01:01:01:01:01]',
    '[2]:[0]:[48]:[02:00:00:00:00:11]',
    '[2]:[0]:[48]:[02:00:00:00:00:11]:[32]:[10.10.10.11]',
    '[2]:[0]:[48]:[02:00:00:00:00:11]:[128]:[2001:db8::1]',
    '[3]:[0]:[32]:[10.0.0.1]',
    '[4]:[02:02:02:02:02:02:02:02:02:02]:[32]:[10.0.0.1]',
    '[5]:[0]:[16]:[10.20.0.0]',
    '[5]:[0]:[64]:[2001:db8::]',
  ]);
  const twoLabels = update.reachable[2];
  t.true(twoLabels.type === 2 && twoLabels.label1 === 10010 && twoLabels.label2 === 10999);
  t.deepEqual(
    update.reachable.map(({ rd }) => String(rd)),
    new Array(8).fill('10.0.0.1:2'),
  );
});

test('withdrawn and reachable routes of one message', (t) => {
  const update = decode([unreach(IMET_ROUTE), reach(MAC_ROUTE), ...SOUND]);
  t.deepEqual(update.withdrawn.map(formatNlri), ['[3]:[0]:[32]:[10.0.0.1]']);
  t.deepEqual(update.reachable.map(formatNlri), ['[2]:[0]:[48]:[02:00:00:00:00:11]']);
  t.false(update.endOfRib);
});

test('unknown route types are counted and lose nothing else', (t) => {
  const unknown = route(9, '0102') + route(0, '');
  const update = decode([reach(unknown + MAC_ROUTE), ...SOUND, unreach(IMET_ROUTE + unknown)]);
  t.is(update.unknownRouteTypes, 4);
  t.deepEqual([update.reachable.length, update.withdrawn.length, update.faults.length], [1, 1, 0]);
});

test('an IPv4-mapped next hop is the IPv4 address, alone and with a link-local one behind it', (t) => {
  const mapped = '00000000000000000000ffff0a000009';
  const nextHopOf = (octetsOf: string) => decode([reach(MAC_ROUTE, octetsOf), ...SOUND]).attributes?.nextHop;
  t.is(nextHopOf(mapped), parseIp('10.0.0.9'));
  t.is(nextHopOf(`${mapped}fe80${'00'.repeat(13)}01`), parseIp('10.0.0.9'));
  const global = '20010db8000000000000000000000009';
  t.is(nextHopOf(global), parseIp('2001:db8::9'));
});

test('End-of-RIB is an MP_UNREACH of our family, empty and alone', (t) => {
  t.true(decode([unreach('')]).endOfRib);
  t.true(decode([attribute('800f', '001946')]).endOfRib);
  t.false(decode([unreach(IMET_ROUTE)]).endOfRib);
  t.false(decode([unreach('', '0001 01')]).endOfRib);
  t.false(decode([unreach(''), ORIGIN, AS_PATH]).endOfRib);
  t.false(decode([unreach(''), reach(MAC_ROUTE), ...SOUND]).endOfRib);
  t.false(decode([unreach('')], EXTERNAL, '', '18c0a800').endOfRib);
  t.false(decode([unreach('')], EXTERNAL, '18c0a800').endOfRib);
  t.false(decode([]).endOfRib);
});

test('other families and IPv4 routes are passed over', (t) => {
  const update = decode(
    [reach('18c0a800', '0a000001', '0001 01'), unreach('ff', '0002 80'), ...SOUND],
    EXTERNAL,
    '18c0a801',
    '20c0a80001',
  );
  t.deepEqual(
    [update.reachable, update.withdrawn, update.attributes, update.faults],
    [[], [], undefined, []],
  );
});

test('every attribute comes to its field', (t) => {
  const { attributes, faults } = decode(
    [
      reach(MAC_ROUTE, '20010db8000000000000000000000001'),
      attribute('4001', '02'),
      attribute('4002', '0202 0000fde8 fa56ea01 0101 0000fde9'),
      attribute('4003', '0a000001'),
      attribute('8004', '0000000a'),
      LOCAL_PREF,
      attribute('4006', ''),
      attribute('c007', '0000fde9 0a000001'),
      attribute('c008', 'ffffff01 fde80001'),
      attribute('8009', '0a000002'),
      attribute('800a', '0a000003 0a000004'),
      attribute(
        'd010',
        `030c000000000008 0002fde90000271a 0202fa56ea01271a 01020a000001271a 0003fde900000001
         0600010000000000 0600000000000005 0603020000000099 030d000000000000 0608010000000000
         0608020000000000 0603020000000088 030c00000000000a`.replace(/\s/g, ''),
      ),
      attribute('c016', '00 06 00271a 20010db8000000000000000000000001'),
      attribute('e063', '0102'),
    ],
    INTERNAL,
  );
  t.deepEqual(faults, []);
  t.truthy(attributes);
  if (attributes === undefined) return;
  const { nextHop, asPath, extendedCommunities, routeTargets, routerMac, pmsiTunnel } = attributes;
  t.is(formatIp(nextHop), '2001:db8::1');
  t.deepEqual(asPath, [
    { type: 2, asns: [65000, 4200000001] },
    { type: 1, asns: [65001] },
  ]);
  t.is(extendedCommunities.length, 13);
  t.deepEqual(
    routeTargets.map((target) => target.toString(16)),
    ['2fde90000271a', '202fa56ea01271a', '1020a000001271a'],
  );
  t.is(routerMac && formatMac(routerMac), '02:00:00:00:00:99');
  t.is(pmsiTunnel?.tunnelType, 6);
  t.is(pmsiTunnel?.label, 10010);
  t.is(pmsiTunnel?.endpoint, parseIp('2001:db8::1'));
  const { origin, asPathLength, neighborAs, med, localPref, originatorId, clusterList } = attributes;
  t.deepEqual([origin, asPathLength, neighborAs, med, localPref], [2, 3, 65000, 10, 100]);
  t.deepEqual([originatorId, clusterList], [0x0a000002, [0x0a000003, 0x0a000004]]);
  const { encapsulations, macMobility, defaultGateway, ndFlags } = attributes;
  t.deepEqual([encapsulations, macMobility], [[8, 10], { sequence: 5, sticky: true }]);
  t.deepEqual([defaultGateway, ndFlags], [true, 3]);
});

test('without communities there is nothing of EVPN', (t) => {
  const { attributes } = decode([reach(MAC_ROUTE), ORIGIN, AS_PATH]);
  t.deepEqual(attributes?.routeTargets, []);
  t.deepEqual(
    [attributes?.macMobility, attributes?.routerMac, attributes?.ndFlags, attributes?.pmsiTunnel],
    [undefined, undefined, undefined, undefined],
  );
});

test('the global one of two IPv6 next hops counts', (t) => {
  const { attributes } = decode([
    reach(MAC_ROUTE, `20010db8000000000000000000000001fe80${'00'.repeat(13)}01`),
    ...SOUND,
  ]);
  t.is(attributes && formatIp(attributes.nextHop), '2001:db8::1');
});

test('a PMSI tunnel of another type keeps its octets', (t) => {
  const { attributes } = decode([
    reach(IMET_ROUTE),
    ...SOUND,
    attribute('c016', '0003 00271a e0000001 0a000001'),
  ]);
  t.is(attributes?.pmsiTunnel?.endpoint, undefined);
  t.deepEqual([...(attributes?.pmsiTunnel?.identifier ?? [])], [224, 0, 0, 1, 10, 0, 0, 1]);
});

test('the same octets give the same object, wherever MP_REACH stands', (t) => {
  const decoder = new UpdateDecoder();
  const one = decoder.decode(updateBody([reach(MAC_ROUTE), ...SOUND]), EXTERNAL);
  const two = decoder.decode(
    updateBody([ORIGIN, reach(IMET_ROUTE), AS_PATH, EXTENDED_COMMUNITIES]),
    EXTERNAL,
  );
  const three = decoder.decode(updateBody([...SOUND, unreach(IMET_ROUTE), reach(MAC_ROUTE)]), EXTERNAL);
  t.is(one.attributes, two.attributes);
  t.is(one.attributes, three.attributes);
  t.true(Object.isFrozen(one.attributes?.extendedCommunities));
  t.is(decoder.internedSets, 1);
});

test('large communities are read, each once, and a policy changes them (RFC 8092)', (t) => {
  const twice = '0000fde8 00000001 00000064'.repeat(2);
  const large = attribute('c020', `${twice} ffffffff 00000000 ffffffff`);
  const { attributes } = new UpdateDecoder().decode(
    updateBody([reach(MAC_ROUTE), ...SOUND, large]),
    EXTERNAL,
  );
  t.deepEqual(attributes?.largeCommunities.map(String), ['65000:1:100', '4294967295:0:4294967295']);
  const verdict = { before: attributes!, accepted: true, policy: 'p', rule: 'r' };
  const [added, others, none] = [
    { addLargeCommunities: ['1:2:3', '65000:1:100'].map(parseLargeCommunity) },
    { largeCommunities: [parseLargeCommunity('1:2:3')] },
    { largeCommunities: [] },
  ].map((changes) => changePathAttributes(attributes!, [changes], verdict).largeCommunities.map(String));
  t.deepEqual(added, ['65000:1:100', '4294967295:0:4294967295', '1:2:3']);
  t.deepEqual(others, ['1:2:3']);
  t.deepEqual(none, []);
});

test('another next hop, another session kind, another octet give another object', (t) => {
  const decoder = new UpdateDecoder();
  const all = [
    decoder.decode(updateBody([reach(MAC_ROUTE), ...SOUND, LOCAL_PREF]), EXTERNAL),
    decoder.decode(updateBody([reach(MAC_ROUTE), ...SOUND, LOCAL_PREF]), INTERNAL),
    decoder.decode(updateBody([reach(MAC_ROUTE, '0a000002'), ...SOUND, LOCAL_PREF]), INTERNAL),
    decoder.decode(updateBody([reach(MAC_ROUTE), ORIGIN, AS_PATH, LOCAL_PREF]), INTERNAL),
  ].map(({ attributes }) => attributes);
  t.is(new Set(all).size, 4);
  t.false(all.includes(undefined));
});

test('what the decoder gave does not change when the buffer does', (t) => {
  const body = updateBody([reach(MAC_ROUTE), ...SOUND, attribute('c016', '0003 00271a e0000001')]);
  const update = new UpdateDecoder().decode(body, EXTERNAL);
  const before = JSON.stringify(update, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  body.fill(0);
  const after = JSON.stringify(update, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  t.is(after, before);
});

test('attributes that come twice in turn are one object, and tell their faults twice', (t) => {
  const decoder = new UpdateDecoder();
  const plain = updateBody([reach(MAC_ROUTE), ...SOUND]);
  const faulty = updateBody([...SOUND, LOCAL_PREF, reach(MAC_ROUTE)]);
  const longer = updateBody([reach(MAC_ROUTE), ...SOUND, attribute('8004', '00000000')]);
  const all = [plain, plain, faulty, faulty, plain, longer, longer, plain].map((body) =>
    decoder.decode(body, EXTERNAL),
  );
  t.deepEqual(
    all.map(({ attributes }) => all.findIndex((other) => other.attributes === attributes)),
    [0, 0, 2, 2, 0, 5, 5, 0],
  );
  t.deepEqual(
    all.map(({ faults }) => faults.length),
    [0, 0, 1, 1, 0, 0, 0, 0],
  );
  t.is(decoder.decode(faulty, INTERNAL).faults.length, 0);
});

test('what came before changes nothing of what is read', (t) => {
  const mac = (last: string) => route(2, `${RD}${ESI}00000000 30 0200000000${last} 00 00271a`);
  const otherMed = attribute('8004', '00000007');
  const messages: [string, UpdateContext][] = [
    [[reach(mac('01')), ...SOUND], EXTERNAL],
    [[reach(mac('02')), ...SOUND], EXTERNAL],
    [[reach(mac('02')), ...SOUND], INTERNAL],
    [[reach(mac('02')), ...SOUND], EXTERNAL_TWO_OCTETS],
    // Of the same length: another type, a route of an unknown type, two routes, one cut short, a length that lies
    [[reach(mac('03').replace(/^02/, '03')), ...SOUND], EXTERNAL],
    [[reach(mac('03').replace(/^02/, '63')), ...SOUND], EXTERNAL],
    [[reach(mac('03').replace(/^0221/, '0220')), ...SOUND], EXTERNAL],
    [[reach(mac('03').replace(/^0221/, '02ff')), ...SOUND], EXTERNAL],
    [[reach(mac('04')), ...SOUND.toReversed()], EXTERNAL],
    [[...SOUND, reach(mac('05'))], EXTERNAL],
    [[reach(mac('06')), ...SOUND, otherMed], EXTERNAL],
    [[unreach(mac('06'))], EXTERNAL],
    [[reach(mac('07')), unreach(mac('06')), ...SOUND], EXTERNAL],
    [[reach(mac('08')), ...SOUND.slice(1)], EXTERNAL],
    [[reach(''), ...SOUND], EXTERNAL],
  ].map(([attributes, context]) => [(attributes as string[]).join('|'), context as UpdateContext]);
  const read = (decoder: UpdateDecoder, [attributes, context]: (typeof messages)[number]) => {
    try {
      return decoder.decode(updateBody(attributes.split('|')), context);
    } catch (error) {
      return (error as Error).message;
    }
  };
  const alone = messages.map((message) => read(new UpdateDecoder(), message));
  for (const [i, first] of messages.entries())
    for (const [j, second] of messages.entries()) {
      const decoder = new UpdateDecoder();
      read(decoder, first);
      t.deepEqual(read(decoder, second), alone[j], `${j} behind ${i}`);
      t.deepEqual(read(decoder, first), alone[i], `${i} behind ${j}`);
      t.deepEqual(read(decoder, first), alone[i], `${i} again`);
    }
  // The cases are of both kinds
  t.true(alone.some((result) => typeof result === 'string'));
  t.is(alone.filter((result) => typeof result !== 'string' && result.reachable.length > 0).length, 6);
});

const withMed = (med: number): Buffer =>
  updateBody([reach(MAC_ROUTE), ...SOUND, attribute('8004', med.toString(16).padStart(8, '0'))]);

test('UPDATEs of more sets than are known again, in any order, each have their own', (t) => {
  const decoder = new UpdateDecoder();
  const sets = Array.from({ length: 3_000 }, (_, i) => i * 65_537);
  const alone = new Map(sets.map((med) => [med, new UpdateDecoder().decode(withMed(med), EXTERNAL)]));
  for (let turn = 0; turn < 3; turn++)
    for (let i = 0; i < sets.length; i++) {
      // A different stride each time, and every set twice in a row
      const med = sets[(i * [1, 7, 1_231][turn]) % sets.length];
      const first = decoder.decode(withMed(med), EXTERNAL);
      t.deepEqual(first, alone.get(med));
      t.is(decoder.decode(withMed(med), EXTERNAL).attributes, first.attributes);
    }
});

test('sets that nobody holds are let go, but for the latest', (t) => {
  const decoder = new UpdateDecoder();
  const held = decoder.decode(withMed(70_000), EXTERNAL).attributes!;
  held.holding = {};
  const sets = Array.from({ length: 5_000 }, (_, i) => decoder.decode(withMed(i), EXTERNAL).attributes!);
  t.is(decoder.internedSets, 1_025);
  t.is(decoder.decode(withMed(70_000), EXTERNAL).attributes, held);
  t.is(decoder.decode(withMed(4_999), EXTERNAL).attributes, sets[4_999]);
  t.not(decoder.decode(withMed(0), EXTERNAL).attributes, sets[0]);
  held.holding = undefined;
  decoder.released(held);
  t.is(decoder.decode(withMed(70_000), EXTERNAL).attributes, held);
  for (let i = 0; i < 5_000; i++) decoder.decode(withMed(i), EXTERNAL);
  t.is(decoder.internedSets, 1_024);
  t.not(decoder.decode(withMed(70_000), EXTERNAL).attributes, held);
});

test('a hundred thousand sets that come and go leave no more than there were', (t) => {
  const decoder = new UpdateDecoder();
  for (let i = 0; i < 100_000; i++) {
    const { attributes } = decoder.decode(withMed(i), EXTERNAL);
    attributes!.holding = attributes;
    attributes!.holding = undefined;
    decoder.released(attributes!);
  }
  t.is(decoder.internedSets, 1_024);
});

test('long sets that nobody holds are kept by their octets, not by their number', (t) => {
  const decoder = new UpdateDecoder();
  for (let i = 0; i < 600; i++)
    decoder.decode(
      updateBody([
        reach(MAC_ROUTE),
        ...SOUND,
        attribute('f0c8', '00'.repeat(4_000) + i.toString(16).padStart(8, '0')),
      ]),
      EXTERNAL,
    );
  t.true(decoder.internedSets < 300, `${decoder.internedSets} sets`);
});

test('a long set is read from its octets: as if it were short, once for all looks in a row', (t) => {
  const targets = Array.from(
    { length: 200 },
    (_, i) => `0002fde8${(10_000 + i).toString(16).padStart(8, '0')}`,
  );
  const path = `02ff${'000100ff'.repeat(255)}0101000101ff`;
  const long = [
    reach(MAC_ROUTE),
    ORIGIN,
    attribute('5002', path),
    attribute('d010', `${'030c000000000008'.repeat(3)}${targets.join('')}`),
  ];
  const { attributes } = decode(long);
  t.is(attributes?.asPathLength, 256);
  t.is(attributes?.neighborAs, 0x100ff);
  t.deepEqual(attributes?.encapsulations, [8]);
  for (const _ of [1, 2]) {
    t.deepEqual(attributes?.asPath, [
      { type: 2, asns: new Array<number>(255).fill(0x100ff) },
      { type: 1, asns: [0x101ff] },
    ]);
    t.is(attributes?.extendedCommunities.length, 203);
    t.deepEqual(
      attributes?.routeTargets.map((target) => target.toString(16).padStart(16, '0')),
      targets,
    );
  }
  const before = attributes?.asPath;
  t.is(attributes?.asPath, before);
  const other = decode([...long, attribute('c008', 'fde80001')]).attributes;
  t.deepEqual(other?.communities, [0xfde80001]);
  t.deepEqual(attributes?.communities, []);
  t.deepEqual(attributes?.asPath, before);
  t.not(attributes?.asPath, before, 'one set at most is kept');
});

test('a set with more faults than octets is read anew each time, and tells them all', (t) => {
  const decoder = new UpdateDecoder();
  const nine = ['c061', 'c062', 'c063', 'c064', 'c065', 'c066', 'c067', 'c068', 'c069'];
  const twice = [...nine, ...nine].map((header) => attribute(header, ''));
  const body = updateBody([reach(MAC_ROUTE), ...SOUND, ...twice]);
  const [one, two] = [1, 2].map(() => decoder.decode(body, EXTERNAL));
  t.is(one.faults.length, 9);
  t.deepEqual(two.faults, one.faults);
  t.is(decoder.internedSets, 0);
});

// AS_PATH with two octets, AS4_PATH, more attributes, the path that comes out (RFC 6793 §4.2.3)
const MERGES: [string, string, string, string[], unknown][] = [
  [
    'AS4_PATH of the same length replaces',
    '0202 fde8 5ba0',
    '0202 0000fde8 fa56ea01',
    [],
    [[2, 65000, 4200000001]],
  ],
  [
    'what AS_PATH has in excess leads',
    '0203 fde7 fde8 5ba0',
    '0201 fa56ea01',
    [],
    [[2, 64999, 65000, 4200000001]],
  ],
  ['a longer AS4_PATH is ignored', '0201 5ba0', '0202 0000fde8 fa56ea01', [], [[2, 23456]]],
  [
    'a set counts once',
    '0201 fde8 0102 fde9 5ba0',
    '0102 0000fde9 fa56ea01',
    [],
    [
      [2, 65000],
      [1, 65001, 4200000001],
    ],
  ],
  [
    'a set in excess leads',
    '0102 fde8 fde9 0201 5ba0',
    '0201 fa56ea01',
    [],
    [
      [1, 65000, 65001],
      [2, 4200000001],
    ],
  ],
  ['no AS4_PATH', '0201 fde8', '', [], [[2, 65000]]],
  ['confederation segments in AS4_PATH do not count', '0201 fde8', '0301 0000fde8', [], [[2, 65000]]],
  [
    'aggregated by one that knew no AS4_PATH',
    '0201 5ba0',
    '0201 fa56ea01',
    [attribute('c007', 'fde8 0a000001'), attribute('c012', 'fa56ea01 0a000001')],
    [[2, 23456]],
  ],
  [
    'aggregated by one of four octets',
    '0201 5ba0',
    '0201 fa56ea01',
    [attribute('c007', '5ba0 0a000001'), attribute('c012', 'fa56ea01 0a000001')],
    [[2, 4200000001]],
  ],
];
for (const [what, asPath, as4Path, more, path] of MERGES)
  test(`2-octet peers: ${what}`, (t) => {
    const { attributes, faults } = decode(
      [
        ...[reach(MAC_ROUTE), ORIGIN, attribute('4002', asPath)],
        ...(as4Path === '' ? [] : [attribute('c011', as4Path)]),
        ...more,
      ],
      EXTERNAL_TWO_OCTETS,
    );
    t.deepEqual(faults, []);
    t.deepEqual(
      attributes?.asPath.map(({ type, asns }) => [type, ...asns]),
      path as number[][],
    );
  });

test('2-octet peers in one confederation: leading confederation segments stay', (t) => {
  const { attributes } = decode(
    [
      ...[reach(MAC_ROUTE), ORIGIN, LOCAL_PREF],
      ...[attribute('4002', '0301 fde8 0201 5ba0'), attribute('c011', '0201 fa56ea01')],
    ],
    { fourOctetAs: false, internal: true },
  );
  t.deepEqual(attributes?.asPath, [
    { type: 3, asns: [65000] },
    { type: 2, asns: [4200000001] },
  ]);
});
