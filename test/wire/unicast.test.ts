import test from 'ava';
import fc from 'fast-check';
import { type Ip, type Ipv6, ipFromBytes, parseIp } from '../../src/types/index.js';
import {
  type AnyUpdate,
  EVPN,
  HEADER_LENGTH,
  IPV4_UNICAST,
  IPV6_UNICAST,
  type OriginatedAttributes,
  type Prefix,
  UpdateDecoder,
  UpdateEncoder,
  WireError,
} from '../../src/wire/index.js';
import {
  AS_PATH,
  attribute,
  EXTENDED_COMMUNITIES,
  EXTERNAL,
  IMET_ROUTE,
  MAC_ROUTE,
  ORIGIN,
  octets,
  reach,
  unreach,
  updateBody,
} from './octets.js';

const NEXT_HOP = attribute('4003', '0a000009');
const SOUND = [ORIGIN, AS_PATH, NEXT_HOP];
const BOTH = { ...EXTERNAL, families: [EVPN, IPV4_UNICAST] };
const NET = '180a0a0a';
const SESSION = { fourOctetAs: true, internal: false, localAsn: 65001, maxMessageLength: 4096 } as const;

const decode = (body: Buffer, context = BOTH) =>
  new UpdateDecoder().decodeWithin(body, 0, body.length, context);
const prefix = (text: string): Prefix => {
  const [address, length] = text.split('/');
  return { type: 0, prefix: parseIp(address), prefixLength: Number(length) };
};
/** What the update says of each family, in words. */
const told = (update: AnyUpdate) =>
  [update, ...update.also].map(({ family, withdrawn, reachable, attributes, endOfRib }) => ({
    family: family.name,
    withdrawn: withdrawn.map((route) => family.format(route)),
    reachable: reachable.map((route) => family.format(route)),
    nextHop: attributes?.nextHop,
    endOfRib,
  }));
const NOTHING = { withdrawn: [], reachable: [], nextHop: undefined, endOfRib: false };

test('prefixes in the fields of RFC 4271, with NEXT_HOP for a next hop', (t) => {
  t.deepEqual(told(decode(updateBody(SOUND, '10ac10', `${NET} 00 200a000001 190a0a0a80`))), [
    {
      family: 'IPv4/unicast',
      withdrawn: ['172.16.0.0/16'],
      reachable: ['10.10.10.0/24', '0.0.0.0/0', '10.0.0.1/32', '10.10.10.128/25'],
      nextHop: parseIp('10.0.0.9'),
      endOfRib: false,
    },
  ]);
});

test('bits behind a prefix say nothing', (t) => {
  t.deepEqual(told(decode(updateBody(SOUND, '', '19 0a0a0aff')))[0].reachable, ['10.10.10.128/25']);
});

const SIX_NEXT_HOP = '20010db8000000000000000000000009';
for (const [what, family, head, nlri, words] of [
  ['IPv4 of 33 bits', IPV4_UNICAST, '0001 01', '21 0a0a0a0a80', /prefix length 33 .*expected 0 to 32/],
  ['IPv4 that is cut short', IPV4_UNICAST, '0001 01', '18 0a0a', /prefix length 24 with 2/],
  [
    'IPv6 of 129 bits',
    IPV6_UNICAST,
    '0002 01',
    `81 ${'20'.repeat(17)}`,
    /prefix length 129 .*expected 0 to 128/,
  ],
  ['IPv6 that is cut short', IPV6_UNICAST, '0002 01', '30 20010db8', /prefix length 48 with 4/],
] as const)
  test(`a prefix of ${what} in MP_REACH or MP_UNREACH ends the session (RFC 7606 §5.3)`, (t) => {
    const context = { ...EXTERNAL, families: [EVPN, family] } as typeof BOTH;
    for (const body of [
      updateBody([reach(nlri, SIX_NEXT_HOP, head), ORIGIN, AS_PATH]),
      updateBody([unreach(nlri, head)]),
    ]) {
      const error = t.throws(() => decode(body, context), { instanceOf: WireError });
      t.regex(error.message, words);
      t.deepEqual([error.code, error.subcode], [3, 9]);
    }
  });

test('bits behind an IPv6 prefix say nothing, and all of 128 do', (t) => {
  const context = { ...EXTERNAL, families: [EVPN, IPV6_UNICAST] } as unknown as typeof BOTH;
  const [{ reachable }] = told(
    decode(
      updateBody([reach(`21 20010db8ff 80 ${SIX_NEXT_HOP} 00`, SIX_NEXT_HOP, '0002 01'), ORIGIN, AS_PATH]),
      context,
    ),
  );
  t.deepEqual(reachable, ['2001:db8:8000::/33', '2001:db8::9/128', '::/0']);
});

test('prefixes in MP_REACH and MP_UNREACH, with an IPv4 and an IPv6 next hop', (t) => {
  const [sound] = told(decode(updateBody([reach(NET, '0a000009', '0001 01'), ORIGIN, AS_PATH])));
  t.deepEqual(sound.reachable, ['10.10.10.0/24']);
  t.is(sound.nextHop, parseIp('10.0.0.9'));
  const six = '20010db8000000000000000000000009';
  t.is(
    told(decode(updateBody([reach(NET, six, '0001 01'), ORIGIN, AS_PATH])))[0].nextHop,
    parseIp('2001:db8::9'),
  );
  t.deepEqual(told(decode(updateBody([unreach(NET, '0001 01')])))[0].withdrawn, ['10.10.10.0/24']);
  const error = t.throws(() => decode(updateBody([reach(NET, '0a0000', '0001 01'), ORIGIN, AS_PATH])), {
    instanceOf: WireError,
  });
  t.regex(error.message, /next hop length 3: expected 4, 16 or 32/);
});

const GLOBAL = '20010db8000000000000000000000009';
const LINK_LOCAL = 'fe80000000000000020000fffe000009';
const ANY = '00000000000000000000000000000000';
for (const [what, octetsOfNextHop, nextHop, linkLocal] of [
  ['a link-local address', LINK_LOCAL, 'fe80::200:ff:fe00:9', undefined],
  ['a global and a link-local address', GLOBAL + LINK_LOCAL, '2001:db8::9', 'fe80::200:ff:fe00:9'],
  ['no address and a link-local one', ANY + LINK_LOCAL, 'fe80::200:ff:fe00:9', 'fe80::200:ff:fe00:9'],
  ['a link-local address twice', LINK_LOCAL + LINK_LOCAL, 'fe80::200:ff:fe00:9', 'fe80::200:ff:fe00:9'],
] as const)
  test(`IPv4 prefixes with ${what} for a next hop (RFC 8950 §3)`, (t) => {
    const decoder = new UpdateDecoder();
    const body = updateBody([reach(NET, octetsOfNextHop, '0001 01'), ORIGIN, AS_PATH]);
    const { attributes, reachable } = decoder.decodeWithin(body, 0, body.length, BOTH);
    t.is(reachable.length, 1);
    t.is(attributes?.nextHop, parseIp(nextHop));
    t.is(attributes?.linkLocalNextHop, linkLocal && (parseIp(linkLocal) as Ipv6));
    t.is(decoder.decodeWithin(body, 0, body.length, BOTH).attributes, attributes);
  });

test('an IPv4 prefix with its next hop in RFC 4271’s fields has no link-local one', (t) => {
  t.is(decode(updateBody(SOUND, '', NET)).attributes?.linkLocalNextHop, undefined);
});

test('IPv4 prefixes of our own by an IPv6 session are in MP_REACH, with our end for a next hop', (t) => {
  const localAddress = parseIp('fe80::200:ff:fe00:9');
  const encoder = new UpdateEncoder({ ...SESSION, localAddress }, IPV4_UNICAST);
  const attributes = { nextHop: parseIp('0.0.0.0'), extendedCommunities: [], pmsiTunnel: undefined };
  const [message] = encoder.announce(attributes, [prefix('10.10.10.0/24')]);
  // Flags, code, length; AFI, SAFI, next hop of 16 octets, reserved, the prefix
  t.true(message.toString('hex').includes(`900e0019${'000101'}10${LINK_LOCAL}00${NET}`));
  t.false(message.toString('hex').includes('400304'), 'NEXT_HOP');
});

test('one message of several families: each has its routes and its next hop', (t) => {
  const attributes = [reach(MAC_ROUTE), unreach(IMET_ROUTE), ...SOUND, EXTENDED_COMMUNITIES];
  const [evpn, ipv4, ...others] = told(decode(updateBody(attributes, '10ac10', NET)));
  t.deepEqual(others, []);
  t.deepEqual(evpn, {
    family: 'L2VPN/EVPN',
    withdrawn: ['[3]:[0]:[32]:[10.0.0.1]'],
    reachable: ['[2]:[0]:[48]:[02:00:00:00:00:11]'],
    nextHop: parseIp('10.0.0.1'),
    endOfRib: false,
  });
  t.deepEqual(ipv4.reachable, ['10.10.10.0/24']);
  t.deepEqual(ipv4.withdrawn, ['172.16.0.0/16']);
  t.is(ipv4.nextHop, parseIp('10.0.0.9'));
});

test('a family that is not the session’s is passed over', (t) => {
  const attributes = [reach(MAC_ROUTE), ...SOUND];
  const of = (families: (typeof BOTH)['families']) =>
    told(decode(updateBody(attributes, '10ac10', NET), { ...EXTERNAL, families }));
  t.deepEqual(
    of([EVPN]).map(({ family, reachable }) => [family, reachable.length]),
    [['L2VPN/EVPN', 1]],
  );
  t.deepEqual(
    of([IPV4_UNICAST]).map(({ family, reachable }) => [family, reachable.length]),
    [['IPv4/unicast', 1]],
  );
});

test('End-of-RIB of each family', (t) => {
  t.deepEqual(told(decode(octets('00000000'))), [{ family: 'IPv4/unicast', ...NOTHING, endOfRib: true }]);
  t.deepEqual(told(decode(updateBody([unreach('')]))), [
    { family: 'L2VPN/EVPN', ...NOTHING, endOfRib: true },
  ]);
  t.deepEqual(told(decode(octets('00000000'), { ...EXTERNAL, families: [EVPN] })), [
    { family: 'L2VPN/EVPN', ...NOTHING },
  ]);
  for (const family of [EVPN, IPV4_UNICAST]) {
    const message = new UpdateEncoder(SESSION, family as typeof IPV4_UNICAST).endOfRib();
    t.deepEqual(told(decode(message.subarray(HEADER_LENGTH))), [
      { family: family.name, ...NOTHING, endOfRib: true },
    ]);
  }
});

test('a NEXT_HOP that is missing or broken withdraws what the fields announce (RFC 7606 §3 d, §7.3)', (t) => {
  for (const attributes of [
    [ORIGIN, AS_PATH],
    [ORIGIN, AS_PATH, attribute('4003', '0a0000')],
  ]) {
    const update = decode(updateBody(attributes, '', NET));
    t.deepEqual(told(update), [{ family: 'IPv4/unicast', ...NOTHING, withdrawn: ['10.10.10.0/24'] }]);
    t.true(
      update.faults.some(({ field, outcome }) => field === 'NEXT_HOP' && outcome === 'treat-as-withdraw'),
    );
  }
});

test('a fault withdraws the routes of every family', (t) => {
  const update = decode(updateBody([reach(MAC_ROUTE), AS_PATH, NEXT_HOP], '', NET));
  t.deepEqual(
    told(update).map(({ withdrawn, reachable }) => [withdrawn.length, reachable.length]),
    [
      [1, 0],
      [1, 0],
    ],
  );
});

const anyPrefix = fc
  .tuple(fc.integer({ min: 0, max: 32 }), fc.uint8Array({ minLength: 4, maxLength: 4 }))
  .map(([prefixLength, bytes]): Prefix => {
    const address = Buffer.from(bytes).readUInt32BE(0);
    const masked = prefixLength === 0 ? 0 : (address & (0xffffffff << (32 - prefixLength))) >>> 0;
    const four = Buffer.alloc(4);
    four.writeUInt32BE(masked);
    return { type: 0, prefixLength, prefix: ipFromBytes(four, 0, 4) };
  });

test('what is announced and withdrawn is read as it was, in as many messages as it takes', (t) => {
  const nextHops: Ip[] = [parseIp('192.0.2.1'), parseIp('2001:db8::1')];
  fc.assert(
    fc.property(
      fc.array(anyPrefix, { maxLength: 2_000 }),
      fc.constantFrom(...nextHops),
      (prefixes, nextHop) => {
        const encoder = new UpdateEncoder(SESSION, IPV4_UNICAST);
        const attributes: OriginatedAttributes = { nextHop, extendedCommunities: [], pmsiTunnel: undefined };
        const read = (messages: Buffer[]) =>
          messages.map((message) => {
            t.true(message.length <= 4096);
            t.is(message.readUInt16BE(16), message.length);
            return decode(message.subarray(HEADER_LENGTH));
          });
        const announced = read(encoder.announce(attributes, prefixes));
        t.deepEqual(
          announced.flatMap(({ reachable }) => reachable),
          prefixes,
        );
        t.true(
          announced.every(
            (update) => update.attributes?.nextHop === nextHop && update.withdrawn.length === 0,
          ),
        );
        t.deepEqual(
          read(encoder.withdraw(prefixes)).flatMap(({ withdrawn }) => withdrawn),
          prefixes,
        );
      },
    ),
    { numRuns: 20 },
  );
});

test('keys are equal where the prefixes are', (t) => {
  fc.assert(
    fc.property(anyPrefix, anyPrefix, (a, b) => {
      const { keyOf, sameKey, same } = IPV4_UNICAST;
      t.is(keyOf(a) === keyOf(b), sameKey(a, b));
      t.is(same(a, b), sameKey(a, b));
    }),
  );
  t.not(IPV4_UNICAST.keyOf(prefix('10.0.0.0/8')), IPV4_UNICAST.keyOf(prefix('10.0.0.0/9')));
});
