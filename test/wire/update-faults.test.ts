import test from 'ava';
import { EVPN, type UpdateContext, UpdateDecoder, WireError } from '../../src/wire/index.js';
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
  octets,
  RD,
  reach,
  route,
  unreach,
  updateBody,
} from './octets.js';

function decode(attributes: string[], context: UpdateContext = EXTERNAL, withdrawn = '', nlri = '') {
  return new UpdateDecoder().decode(updateBody(attributes, withdrawn, nlri), context);
}

const REACH = reach(MAC_ROUTE);

// What withdraws the routes (RFC 7606 §7 unless said): the attributes beside a sound MP_REACH
const WITHDRAWING: [string, string[], UpdateContext, string, RegExp][] = [
  ['ORIGIN missing', [AS_PATH], EXTERNAL, 'ORIGIN', /missing/],
  ['AS_PATH missing', [ORIGIN], EXTERNAL, 'AS_PATH', /missing/],
  ['LOCAL_PREF missing within the AS', [ORIGIN, AS_PATH], INTERNAL, 'LOCAL_PREF', /missing/],
  ['ORIGIN 3', [attribute('4001', '03'), AS_PATH], EXTERNAL, 'ORIGIN', /value 3/],
  ['ORIGIN of 2 octets', [attribute('4001', '0000'), AS_PATH], EXTERNAL, 'ORIGIN', /length 2/],
  ['ORIGIN of no octet', [attribute('4001', ''), AS_PATH], EXTERNAL, 'ORIGIN', /length 0/],
  ['ORIGIN optional', [attribute('c001', '00'), AS_PATH], EXTERNAL, 'ORIGIN', /flags optional transitive/],
  ['ORIGIN non-transitive', [attribute('0001', '00'), AS_PATH], EXTERNAL, 'ORIGIN', /non-transitive/],
  ['an unknown segment type', [ORIGIN, attribute('4002', '05010000fde9')], EXTERNAL, 'AS_PATH', /type 5/],
  ['segment type 0', [ORIGIN, attribute('4002', '00010000fde9')], EXTERNAL, 'AS_PATH', /type 0/],
  ['a segment that runs over', [ORIGIN, attribute('4002', '02020000fde9')], EXTERNAL, 'AS_PATH', /2 AS numb/],
  [
    'a segment with one octet left',
    [ORIGIN, attribute('4002', '02010000fde902')],
    EXTERNAL,
    'AS_PATH',
    /left over/,
  ],
  ['an empty segment', [ORIGIN, attribute('4002', '0200')], EXTERNAL, 'AS_PATH', /without an AS/],
  ['AS 0 (RFC 7607)', [ORIGIN, attribute('4002', '020100000000')], EXTERNAL, 'AS_PATH', /AS 0/],
  [
    'a confederation segment from outside (RFC 5065)',
    [ORIGIN, attribute('4002', '03010000fde9')],
    EXTERNAL,
    'AS_PATH',
    /confederation/,
  ],
  [
    'MED of 3 octets',
    [ORIGIN, AS_PATH, attribute('8004', '000000')],
    EXTERNAL,
    'MULTI_EXIT_DISC',
    /length 3/,
  ],
  ['MED transitive', [ORIGIN, AS_PATH, attribute('c004', '00000000')], EXTERNAL, 'MULTI_EXIT_DISC', /flags/],
  [
    'LOCAL_PREF of 5 octets',
    [ORIGIN, AS_PATH, attribute('4005', '0000000064')],
    INTERNAL,
    'LOCAL_PREF',
    /length 5/,
  ],
  [
    'COMMUNITIES of 6 octets',
    [ORIGIN, AS_PATH, attribute('c008', '000000000000')],
    EXTERNAL,
    'COMMUNITIES',
    /6/,
  ],
  ['COMMUNITIES empty', [ORIGIN, AS_PATH, attribute('c008', '')], EXTERNAL, 'COMMUNITIES', /length 0/],
  [
    'LARGE_COMMUNITIES of 13 octets (RFC 8092 §6)',
    [ORIGIN, AS_PATH, attribute('c020', '00000000000000000000000000')],
    EXTERNAL,
    'LARGE_COMMUNITIES',
    /multiple of 12/,
  ],
  [
    'LARGE_COMMUNITIES empty',
    [ORIGIN, AS_PATH, attribute('c020', '')],
    EXTERNAL,
    'LARGE_COMMUNITIES',
    /length 0/,
  ],
  [
    'ORIGINATOR_ID of 3 octets',
    [ORIGIN, AS_PATH, LOCAL_PREF, attribute('8009', '000000')],
    INTERNAL,
    'ORIGINATOR_ID',
    /length 3/,
  ],
  [
    'CLUSTER_LIST of 5 octets',
    [ORIGIN, AS_PATH, LOCAL_PREF, attribute('800a', '0000000000')],
    INTERNAL,
    'CLUSTER_LIST',
    /length 5/,
  ],
  [
    'EXTENDED_COMMUNITIES of 7 octets',
    [ORIGIN, AS_PATH, attribute('c010', '00000000000000')],
    EXTERNAL,
    'EXTENDED_COMMUNITIES',
    /multiple of 8/,
  ],
  [
    'PMSI_TUNNEL of 4 octets',
    [ORIGIN, AS_PATH, attribute('c016', '00060027')],
    EXTERNAL,
    'PMSI_TUNNEL',
    /5 or more/,
  ],
  [
    'an endpoint of 3 octets',
    [ORIGIN, AS_PATH, attribute('c016', '000600271a0a0000')],
    EXTERNAL,
    'PMSI_TUNNEL',
    /endpoint of 3 octets/,
  ],
  ['an attribute cut short (§4)', [ORIGIN, AS_PATH, 'c008ff00'], EXTERNAL, 'COMMUNITIES', /beyond/],
  [
    'an attribute header cut short (§4)',
    [ORIGIN, AS_PATH, 'c0'],
    EXTERNAL,
    'path attributes',
    /1 octets are left/,
  ],
  [
    'an extended length cut short (§4)',
    [ORIGIN, AS_PATH, 'd01000'],
    EXTERNAL,
    'EXTENDED_COMMUNITIES',
    /3 octets/,
  ],
];
for (const [what, others, context, field, detail] of WITHDRAWING)
  test(`${what}: the routes are withdrawn`, (t) => {
    const update = decode([REACH, ...others], context);
    t.deepEqual([update.reachable.length, update.withdrawn.length, update.attributes], [0, 1, undefined]);
    const fault = update.faults.find(({ outcome }) => outcome === 'treat-as-withdraw');
    t.is(fault?.field, field);
    t.regex(fault?.detail ?? '', detail);
  });

test('a fault that withdraws, without reachable routes, is a reset (RFC 7606 §5.2)', (t) => {
  for (const attributes of [
    [attribute('4001', '03'), AS_PATH],
    [unreach(MAC_ROUTE), ORIGIN, attribute('4002', '0200')],
    [reach(''), attribute('4001', '03')],
  ]) {
    const error = t.throws(() => decode(attributes), { instanceOf: WireError });
    t.is(error.code, 3);
    t.regex(error.message, /without reachable routes/);
  }
  const error = t.throws(() => decode([attribute('4001', '03')]), { instanceOf: WireError });
  t.is(error.subcode, 6);
  t.is(Buffer.from(error.data).toString('hex'), '40010103');
});

test('the same fault beside IPv4 routes is none of the session', (t) => {
  const { faults } = decode([attribute('4001', '03')], EXTERNAL, '', '18c0a800');
  t.is(faults[0].outcome, 'treat-as-withdraw');
});

// What loses the attribute and nothing else
const DISCARDING: [string, string[], UpdateContext, string][] = [
  ['NEXT_HOP of 3 octets', [attribute('4003', '0a0000')], EXTERNAL, 'NEXT_HOP'],
  ['ATOMIC_AGGREGATE with a value', [attribute('4006', '00')], EXTERNAL, 'ATOMIC_AGGREGATE'],
  ['AGGREGATOR of 6 octets', [attribute('c007', 'fde90a000001')], EXTERNAL, 'AGGREGATOR'],
  [
    'AGGREGATOR of 8 octets for two',
    [attribute('c007', '0000fde90a000001')],
    EXTERNAL_TWO_OCTETS,
    'AGGREGATOR',
  ],
  ['AGGREGATOR of AS 0', [attribute('c007', '000000000a000001')], EXTERNAL, 'AGGREGATOR'],
  ['LOCAL_PREF from outside', [LOCAL_PREF], EXTERNAL, 'LOCAL_PREF'],
  ['a broken LOCAL_PREF from outside', [attribute('c005', '00')], EXTERNAL, 'LOCAL_PREF'],
  ['ORIGINATOR_ID from outside', [attribute('8009', '0a000001')], EXTERNAL, 'ORIGINATOR_ID'],
  ['CLUSTER_LIST from outside', [attribute('800a', '0a000001')], EXTERNAL, 'CLUSTER_LIST'],
  ['AS4_PATH among four octets', [attribute('c011', '0201fa56ea01')], EXTERNAL, 'AS4_PATH'],
  ['AS4_AGGREGATOR among four octets', [attribute('c012', 'fa56ea010a000001')], EXTERNAL, 'AS4_AGGREGATOR'],
  ['a broken AS4_PATH', [attribute('c011', '0202fa56ea01')], EXTERNAL_TWO_OCTETS, 'AS4_PATH'],
  ['an empty AS4_PATH', [attribute('c011', '')], EXTERNAL_TWO_OCTETS, 'AS4_PATH'],
  ['a broken AS4_AGGREGATOR', [attribute('c012', '00')], EXTERNAL_TWO_OCTETS, 'AS4_AGGREGATOR'],
  ['ORIGIN twice', [attribute('4001', '02')], EXTERNAL, 'ORIGIN'],
  [
    'an unknown attribute twice',
    [attribute('c063', '01'), attribute('c063', '02')],
    EXTERNAL,
    'attribute 99',
  ],
];
for (const [what, others, context, field] of DISCARDING)
  test(`${what}: the attribute is discarded, each time`, (t) => {
    const asPath = context.fourOctetAs ? AS_PATH : attribute('4002', '0201fde9');
    const decoder = new UpdateDecoder();
    const body = updateBody([REACH, ORIGIN, asPath, ...others]);
    const first = decoder.decode(body, context);
    const again = decoder.decode(body, context);
    t.is(first.reachable.length, 1);
    t.deepEqual(first.faults, again.faults);
    t.deepEqual(
      first.faults.map((fault) => [fault.outcome, fault.field]),
      [['discard', field]],
    );
    t.is(first.attributes, again.attributes);
    t.is(first.attributes?.origin, 0);
    t.is(first.attributes?.localPref, undefined);
    t.is(first.attributes?.originatorId, undefined);
    t.deepEqual(first.attributes?.clusterList, []);
  });

test('of two faults the stronger one decides, and both are told', (t) => {
  const update = decode([REACH, ORIGIN, attribute('4002', '0200'), attribute('4006', '00')]);
  t.is(update.withdrawn.length, 1);
  t.deepEqual(
    update.faults.map(({ field }) => field),
    ['AS_PATH', 'ATOMIC_AGGREGATE'],
  );
});

const SOUND = [ORIGIN, AS_PATH, EXTENDED_COMMUNITIES];
const OTHER_HALF = '000000';

// What ends the session: body, subcode, data (undefined: not looked at), words
// Malformed routes of types that are not used: the type, its value, words
const SKIPPED: [string, number, string, RegExp][] = [
  ['type 1 of 24 octets', 1, '00'.repeat(24), /24 octets: expected 25/],
  ['type 1 of 26 octets', 1, '00'.repeat(26), /26 octets: expected 25/],
  ['type 4 of 24 octets', 4, '00'.repeat(24), /23 or 35/],
  ['type 4 with an IP address of 33 bits', 4, `${RD}${ESI}210a000009`, /IP address length 33: expected 32/],
  [
    'type 4 of IPv6 with an IP address of 32 bits',
    4,
    `${RD}${ESI}20${'00'.repeat(16)}`,
    /length 32: expected 128/,
  ],
  ['type 5 of 33 octets', 5, '00'.repeat(33), /34 or 58/],
  ['type 5 of no octet', 5, '', /34 or 58/],
  [
    'type 5 with a prefix of 33 bits',
    5,
    `${RD}${ESI}00000000 21 0a000000 00000000 00271a`,
    /prefix length 33/,
  ],
  [
    'type 5 with a prefix of 129 bits',
    5,
    `${RD}${ESI}00000000 81${'00'.repeat(32)}00271a`,
    /prefix length 129/,
  ],
];
test('of a type 5 the bits behind the prefix say nothing: it is the route without them', (t) => {
  const decoder = new UpdateDecoder();
  const told = (prefix: string, length: string) =>
    decoder.decode(
      updateBody([
        reach(route(5, `${RD}${ESI}00000000 ${length} ${prefix} ${'00'.repeat(prefix.length / 2)} 00271a`)),
        ...SOUND,
      ]),
      EXTERNAL,
    ).reachable;
  const same = (a: string, b: string, length: string) => {
    const [[one], [two]] = [told(a, length), told(b, length)];
    return (
      EVPN.sameKey(one, two) && EVPN.keyOf(one) === EVPN.keyOf(two) && EVPN.format(one) === EVPN.format(two)
    );
  };
  t.true(same('0a0a0aff', '0a0a0a00', '18'));
  t.false(same('0a0a0aff', '0a0a0a00', '20'));
  t.true(same('20010db8ffffffffffffffffffffffff', `20010db8${'00'.repeat(12)}`, '20'));
  t.is(EVPN.format(told('0a0a0aff', '18')[0]), '[5]:[0]:[24]:[10.10.10.0]');
});

for (const [what, type, value, words] of SKIPPED)
  test(`${what}: the route is skipped, the others of its UPDATE are taken, each time`, (t) => {
    const decoder = new UpdateDecoder();
    const bad = route(type, value);
    const bodies = [
      updateBody([reach(MAC_ROUTE + bad + IMET_ROUTE), ...SOUND]),
      updateBody([reach(bad), ...SOUND]),
      updateBody([unreach(bad + MAC_ROUTE)]),
    ];
    // The second round follows a pattern of the first (update-patterns.ts) where one is kept
    for (const body of [updateBody([reach(MAC_ROUTE + IMET_ROUTE), ...SOUND]), ...bodies, ...bodies]) {
      const update = decoder.decode(body, EXTERNAL);
      const skips = bodies.includes(body) ? 1 : 0;
      t.is(update.faults.length, skips);
      t.is(update.unknownRouteTypes, 0);
      t.is(
        update.reachable.length + update.withdrawn.length,
        body === bodies[1] ? 0 : body === bodies[2] ? 1 : 2,
      );
      if (skips === 0) continue;
      t.like(update.faults[0], { outcome: 'skip', field: 'NLRI' });
      t.regex(update.faults[0].detail, words);
    }
  });

test('thousands of malformed routes in one UPDATE are one fault with their number, and so are those that withdraw', (t) => {
  const bad = route(1, '').repeat(30_000);
  const decoder = new UpdateDecoder();
  for (const body of [
    updateBody([reach(MAC_ROUTE + bad + IMET_ROUTE), ...SOUND]),
    updateBody([reach(MAC_ROUTE + bad + IMET_ROUTE), ...SOUND]),
    updateBody([unreach(MAC_ROUTE + bad + IMET_ROUTE)]),
  ]) {
    const { reachable, withdrawn, faults } = decoder.decode(body, EXTERNAL);
    t.is(reachable.length + withdrawn.length, 2);
    t.is(faults.length, 1);
    t.like(faults[0], { outcome: 'skip', field: 'NLRI', count: 30_000 });
    t.regex(faults[0].detail, /of 0 octets: expected 25/);
  }
});

test('what comes again thousands of times is one fault for each code, and the first of each counts', (t) => {
  const again = (attribute('4001', '02') + attribute('c063', '02')).repeat(6_000);
  const decoder = new UpdateDecoder();
  const body = updateBody([REACH, ...SOUND, attribute('c063', '01'), again]);
  const first = decoder.decode(body, EXTERNAL);
  t.deepEqual(
    first.faults.map(({ outcome, field, count }) => [outcome, field, count]),
    [
      ['discard', 'ORIGIN', 6_000],
      ['discard', 'attribute 99', 6_000],
    ],
  );
  t.is(first.attributes?.origin, 0);
  t.is(decoder.decode(body, EXTERNAL).attributes, first.attributes);
});

const RESETTING: [string, Buffer, number, string | undefined, RegExp][] = [
  ['withdrawn routes beyond the message', octets('0005 0000'), 1, '', /withdrawn routes length 5/],
  ['withdrawn routes up to the end', octets('0002 0000'), 1, '', /leaves room for 0/],
  ['attributes beyond the message', octets('0000 0005 40'), 1, '', /attribute length 5.*room for 1/],
  ['an IPv4 route of 33 bits', updateBody([], '', '21c0a8000000'), 10, '', /NLRI: prefix length 33/],
  ['an IPv4 route cut short', updateBody([], '', '18c0a8'), 10, '', /prefix length 24 with 2/],
  ['a withdrawn IPv4 route cut short', updateBody([], '20c0a800'), 10, '', /withdrawn routes/],
  ['MP_REACH twice', updateBody([REACH, ...SOUND, REACH]), 1, '', /MP_REACH_NLRI: comes twice/],
  ['MP_UNREACH twice', updateBody([unreach(''), unreach('')]), 1, '', /MP_UNREACH_NLRI: comes twice/],
  ['MP_REACH transitive', updateBody([attribute('c00e', '001946040a00000100')]), 4, undefined, /flags/],
  ['MP_UNREACH well-known', updateBody([attribute('400f', '001946')]), 4, '400f03001946', /flags/],
  ['MP_REACH of 4 octets', updateBody([attribute('800e', '00194604')]), 9, '800e0400194604', /length 4/],
  ['MP_UNREACH of 2 octets', updateBody([attribute('800f', '0019')]), 9, '800f020019', /length 2/],
  ['no next hop', updateBody([reach(MAC_ROUTE, ''), ...SOUND]), 9, undefined, /next hop length 0/],
  ['a next hop of 8 octets', updateBody([reach(MAC_ROUTE, '0a00000100000000')]), 9, undefined, /length 8/],
  [
    'a next hop beyond the attribute',
    updateBody([attribute('800e', `001946100a000001${OTHER_HALF}`)]),
    9,
    undefined,
    /next hop length 16/,
  ],
  [
    'an unknown well-known attribute',
    updateBody([REACH, ...SOUND, attribute('4063', '01')]),
    2,
    '40630101',
    /99/,
  ],
  ['a route without a length', updateBody([reach(`${MAC_ROUTE}02`)]), 9, undefined, /without a length/],
  ['a route beyond the attribute', updateBody([unreach('0221')]), 9, '900f0005001946' + '0221', /length 33/],
  ['type 2 of 32 octets', updateBody([reach(route(2, '00'.repeat(32)))]), 9, undefined, /33 or more/],
  [
    'type 2 with a MAC of 40 bits',
    updateBody([unreach(route(2, `${RD}${ESI}00000000 28 020000000011 00 00271a`))]),
    9,
    undefined,
    /MAC address length 40/,
  ],
  [
    'type 2 with an address of 24 bits',
    updateBody([reach(route(2, `${RD}${ESI}00000000 30 020000000011 18 00271a`))]),
    9,
    undefined,
    /IP address length 24/,
  ],
  [
    'type 2 without a label',
    updateBody([reach(route(2, `${RD}${ESI}00000000 30 020000000011 20 0a000001`))]),
    9,
    undefined,
    /34 octets: expected 37 or 40/,
  ],
  ['type 3 of 18 octets', updateBody([reach(route(3, '00'.repeat(18)))]), 9, undefined, /17 or 29/],
  [
    'type 3 whose address length is wrong',
    updateBody([reach(route(3, `${RD}00000000 80 0a000001`))]),
    9,
    undefined,
    /IP address length 128: expected 32/,
  ],
];
for (const [what, body, subcode, data, words] of RESETTING)
  test(`${what} is NOTIFICATION 3/${subcode}`, (t) => {
    const error = t.throws(() => new UpdateDecoder().decode(body, EXTERNAL), { instanceOf: WireError });
    t.deepEqual([error.code, error.subcode], [3, subcode]);
    if (data !== undefined) t.is(Buffer.from(error.data).toString('hex'), data);
    t.regex(error.message, words);
  });

test('a body of three octets is 1/2', (t) => {
  const error = t.throws(() => new UpdateDecoder().decode(octets('000000'), EXTERNAL), {
    instanceOf: WireError,
  });
  t.deepEqual([error.code, error.subcode, [...error.data]], [1, 2, [0, 22]]);
});

test('a sound route behind a fault elsewhere is read', (t) => {
  const decoder = new UpdateDecoder();
  t.is(decoder.decode(updateBody([REACH, AS_PATH]), EXTERNAL).withdrawn.length, 1);
  const sound = decoder.decode(updateBody([reach(IMET_ROUTE), ...SOUND]), EXTERNAL);
  t.deepEqual([sound.reachable.length, sound.faults], [1, []]);
});
