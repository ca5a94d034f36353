import test from 'ava';
import {
  ESI_ZERO,
  type Esi,
  type Mac,
  parseIp,
  parseLargeCommunity,
  parseMac,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../../src/types/index.js';
import { AttributeCode, AttributeFlag } from '../../src/wire/attribute-table.js';
import {
  type EncodingSession,
  EVPN,
  type EvpnNlri,
  ExtendedCommunity,
  type Family,
  IPV4_UNICAST,
  type MacIpAdvertisement,
  MessageReader,
  type OriginatedAttributes,
  type Prefix,
  RouteType,
  UpdateDecoder,
  UpdateEncoder,
} from '../../src/wire/index.js';
import { decodeUpdateFully } from '../../src/wire/update.js';
import { FIXTURES } from './fixtures.js';
import { bodyOf } from './octets.js';

const SESSION: EncodingSession = {
  fourOctetAs: true,
  internal: false,
  localAsn: 65001,
  maxMessageLength: 4096,
};
const NEXT_HOP = parseIp('10.9.0.1');
const AS4 = 4200000001;

function attributesFor(asn: number, ...more: bigint[]): OriginatedAttributes {
  const communities = [ExtendedCommunity.encapsulation(), routeTargetOfAs2(asn & 0xffff, 10010), ...more];
  return { nextHop: NEXT_HOP, extendedCommunities: communities, pmsiTunnel: undefined };
}

const RD = RouteDistinguisher.parse('10.9.0.1:2');
const HOST: MacIpAdvertisement = {
  type: RouteType.MAC_IP_ADVERTISEMENT,
  rd: RD,
  esi: ESI_ZERO,
  ethernetTag: 0,
  mac: parseMac('02:00:00:00:10:11'),
  ip: undefined,
  label1: 10010,
  label2: undefined,
};
const HOST_V4 = { ...HOST, ip: parseIp('10.10.10.11') };
const HOST_V6 = { ...HOST, ip: parseIp('2001:db8:10::11') };
const MOVED = { ...HOST, mac: parseMac('02:00:00:00:10:13') };
const IMET: EvpnNlri = { type: RouteType.INCLUSIVE_MULTICAST, rd: RD, ethernetTag: 0, originator: NEXT_HOP };

function recorded(name: string): string | undefined {
  return FIXTURES.find((fixture) => fixture.name === `frr/${name}`)?.hex;
}

function hexOf(messages: Buffer[]): string[] {
  return messages.map((message) => message.toString('hex'));
}

const SESSIONS: [string, EncodingSession][] = [
  ['ebgp', SESSION],
  ['ibgp', { ...SESSION, internal: true }],
  ['ebgp-as2', { ...SESSION, fourOctetAs: false, localAsn: AS4 }],
];
for (const [name, session] of SESSIONS) {
  const encoder = new UpdateEncoder(session);
  const { localAsn } = session;
  const plain = attributesFor(localAsn);
  const announced: [string, OriginatedAttributes, EvpnNlri][] = [
    ['type2-mac', plain, HOST],
    ['type2-mac-ipv4', plain, HOST_V4],
    ['type2-mac-ipv6-router', attributesFor(localAsn, ExtendedCommunity.neighborFlags(1)), HOST_V6],
    ['type2-mac-mobility', attributesFor(localAsn, ExtendedCommunity.macMobility(5, false)), MOVED],
    ['type3', { ...plain, pmsiTunnel: { endpoint: NEXT_HOP, vni: 10010 } }, IMET],
  ];
  for (const [file, attributes, nlri] of announced)
    test(`${name}: ${file} has the octets that FRR sends`, (t) => {
      t.deepEqual(hexOf(encoder.announce(attributes, [nlri])), [recorded(`${name}-${file}`)]);
    });

  const withdrawn: [string, EvpnNlri][] = [
    ['withdraw-mac', HOST],
    ['withdraw-mac-ipv4', HOST_V4],
    ['withdraw-mac-ipv6', HOST_V6],
  ];
  for (const [file, nlri] of withdrawn)
    test(`${name}: ${file} has the octets that FRR sends`, (t) => {
      const labelled = { ...nlri, esi: '01'.repeat(10), label2: 10999 } as EvpnNlri;
      t.deepEqual(hexOf(encoder.withdraw([labelled])), [recorded(`${name}-${file}`)]);
    });

  test(`${name}: End-of-RIB has the octets that FRR sends`, (t) => {
    t.is(encoder.endOfRib().toString('hex'), recorded(`${name}-end-of-rib`) ?? 'not recorded');
  });
}

test('2-octet peers of a 2-octet AS need no AS4_PATH', (t) => {
  const encoder = new UpdateEncoder({ ...SESSION, fourOctetAs: false });
  const [message] = encoder.announce(attributesFor(65001), [HOST]);
  t.true(message.includes(Buffer.from('500200040201fde9c010', 'hex')));
  t.false(message.includes(Buffer.from('d011', 'hex')));
});

const ESI = '03443839ff0000010001' as Esi;
const ETHERNET_TAG = 7;
const PREFIX_4 = { prefixLength: 24, prefix: parseIp('192.0.2.0') };
const PREFIX_6 = { prefixLength: 64, prefix: parseIp('2001:db8::') };
/** A route of each type with all its fields, and those of them that are no part of its key (RFC 7432 §7, RFC 9136 §3.1) at 0. */
const KEYS: readonly (readonly [string, EvpnNlri, object])[] = [
  [
    'Ethernet A-D',
    { type: RouteType.ETHERNET_AUTO_DISCOVERY, rd: RD, esi: ESI, ethernetTag: ETHERNET_TAG, label: 9 },
    { label: 0 },
  ],
  [
    'MAC/IP Advertisement',
    { ...HOST_V4, esi: ESI, ethernetTag: ETHERNET_TAG, label2: 9 },
    { esi: ESI_ZERO, label1: 0, label2: undefined },
  ],
  ['Inclusive Multicast', { ...IMET, ethernetTag: ETHERNET_TAG }, {}],
  ['Ethernet Segment', { type: RouteType.ETHERNET_SEGMENT, rd: RD, esi: ESI, originator: NEXT_HOP }, {}],
  [
    'IPv4 prefix',
    {
      ...{ type: RouteType.IP_PREFIX, rd: RD, esi: ESI, ethernetTag: ETHERNET_TAG, ...PREFIX_4 },
      ...{ gateway: NEXT_HOP, label: 9 },
    },
    { esi: ESI_ZERO, gateway: parseIp('0.0.0.0'), label: 0 },
  ],
  [
    'IPv6 prefix',
    {
      ...{ type: RouteType.IP_PREFIX, rd: RD, esi: ESI, ethernetTag: ETHERNET_TAG, ...PREFIX_6 },
      ...{ gateway: parseIp('2001:db8::1'), label: 9 },
    },
    { esi: ESI_ZERO, gateway: parseIp('::'), label: 0 },
  ],
];

for (const [name, route, zeros] of KEYS)
  test(`a withdrawal has the key of its route and nothing else: ${name}`, (t) => {
    const [message] = new UpdateEncoder(SESSION).withdraw([route]);
    const { withdrawn } = new UpdateDecoder().decode(bodyOf(message), SESSION);
    t.deepEqual(withdrawn, [{ ...route, ...zeros }]);
  });

test('no routes, no messages', (t) => {
  const encoder = new UpdateEncoder(SESSION);
  t.deepEqual(encoder.announce(attributesFor(65001), []), []);
  t.deepEqual(encoder.withdraw([]), []);
});

function hosts(count: number): MacIpAdvertisement[] {
  return Array.from({ length: count }, (_, i) => ({
    ...HOST,
    mac: (HOST.mac + i) as Mac,
    ip: i % 3 === 0 ? undefined : parseIp(i % 3 === 1 ? '10.10.10.11' : '2001:db8:10::11'),
  }));
}

for (const maxMessageLength of [4096, 65535] as const)
  test(`thousands of routes fill messages of ${maxMessageLength}, in order, none lost`, (t) => {
    const encoder = new UpdateEncoder({ ...SESSION, maxMessageLength });
    const nlri = hosts(5000);
    const messages = encoder.announce(attributesFor(65001), nlri);
    for (const message of messages.slice(0, -1)) {
      t.true(message.length <= maxMessageLength);
      t.true(message.length > maxMessageLength - 51);
    }
    const reader = new MessageReader();
    reader.extendedMessages = maxMessageLength > 4096;
    const decoder = new UpdateDecoder();
    for (const message of messages) reader.push(message);
    const decoded: EvpnNlri[] = [];
    for (let next = reader.next(); next !== undefined; next = reader.next())
      decoded.push(...decoder.decode(next.body, SESSION).reachable);
    t.deepEqual(decoded, nlri);
    t.is(decoder.internedSets, 1);
    const withdrawn = encoder
      .withdraw(nlri)
      .flatMap((message) => decoder.decode(bodyOf(message), SESSION).withdrawn);
    t.deepEqual(
      withdrawn,
      nlri.map((route) => ({ ...route, label1: 0 })),
    );
  });

test('all types can be withdrawn', (t) => {
  const esi = '01'.repeat(10) as typeof ESI_ZERO;
  const all: EvpnNlri[] = [
    { type: RouteType.ETHERNET_AUTO_DISCOVERY, rd: RD, esi, ethernetTag: 7, label: 5 },
    { type: RouteType.ETHERNET_SEGMENT, rd: RD, esi, originator: parseIp('2001:db8::1') },
    {
      ...{ type: RouteType.IP_PREFIX, rd: RD, esi, ethernetTag: 0, prefixLength: 16, label: 5 },
      ...{ prefix: parseIp('10.20.0.0'), gateway: parseIp('0.0.0.0') },
    },
  ];
  const [message] = new UpdateEncoder(SESSION).withdraw(all);
  t.deepEqual(new UpdateDecoder().decode(bodyOf(message), SESSION).withdrawn, [
    { ...all[0], label: 0 },
    all[1],
    { ...all[2], esi: ESI_ZERO, label: 0 },
  ] as EvpnNlri[]);
});

test('an IPv6 next hop and endpoint', (t) => {
  const vtep = parseIp('2001:db8::1');
  const [message] = new UpdateEncoder(SESSION).announce(
    { nextHop: vtep, extendedCommunities: [], pmsiTunnel: { endpoint: vtep, vni: 10010 } },
    [{ ...IMET, originator: vtep } as EvpnNlri],
  );
  const { attributes } = new UpdateDecoder().decode(bodyOf(message), SESSION);
  t.is(attributes?.nextHop, vtep);
  t.is(attributes?.pmsiTunnel?.endpoint, vtep);
  t.deepEqual(attributes?.extendedCommunities, []);
});

test('a multicast group makes the tunnel a PIM-SM tree of sender and group', (t) => {
  for (const [sender, group, identifier] of [
    ['10.0.0.1', '239.1.1.1', '0a000001ef010101'],
    ['2001:db8::1', 'ff0e::1', '20010db8000000000000000000000001ff0e0000000000000000000000000001'],
  ]) {
    const endpoint = parseIp(sender);
    const [message] = new UpdateEncoder(SESSION).announce(
      {
        nextHop: endpoint,
        extendedCommunities: [],
        pmsiTunnel: { endpoint, vni: 10010, group: parseIp(group) },
      },
      [{ ...IMET, originator: endpoint } as EvpnNlri],
    );
    const { attributes } = new UpdateDecoder().decode(bodyOf(message), SESSION);
    const { tunnelType, label, endpoint: replicatedTo, identifier: octets } = attributes!.pmsiTunnel!;
    t.deepEqual([tunnelType, label, replicatedTo], [4, 10010, undefined]);
    t.is(Buffer.from(octets).toString('hex'), identifier);
  }
});

test('communities beyond 255 octets get an extended length', (t) => {
  const targets = Array.from({ length: 40 }, (_, i) => routeTargetOfAs2(65001, i));
  const attributes = { nextHop: NEXT_HOP, extendedCommunities: targets, pmsiTunnel: undefined };
  const [message] = new UpdateEncoder(SESSION).announce(attributes, [HOST]);
  t.true(message.includes(Buffer.from('d0100140', 'hex')));
  t.is(new UpdateDecoder().decode(bodyOf(message), SESSION).attributes?.routeTargets.length, 40);
});

test('attributes that leave no room for a route are refused with the reason', (t) => {
  const targets = Array.from({ length: 510 }, (_, i) => routeTargetOfAs2(65001, i));
  const attributes = { nextHop: NEXT_HOP, extendedCommunities: targets, pmsiTunnel: undefined };
  const encoder = new UpdateEncoder(SESSION);
  t.throws(() => encoder.announce(attributes, [HOST]), { instanceOf: RangeError, message: /no room/ });
  const wide = new UpdateEncoder({ ...SESSION, maxMessageLength: 65535 });
  t.is(wide.announce(attributes, [HOST]).length, 1);
});

test('further attributes leave as the table has them, in IPv4 unicast and in L2VPN/EVPN', (t) => {
  const others = [
    { code: AttributeCode.MULTI_EXIT_DISC, flags: AttributeFlag.OPTIONAL, value: 7 },
    { code: AttributeCode.COMMUNITIES, flags: 0xc0, value: [0xfde9_0001] },
    {
      code: AttributeCode.LARGE_COMMUNITIES,
      flags: 0xc0,
      value: [parseLargeCommunity('65001:4294967295:0')],
    },
  ] as const;
  const attributes: OriginatedAttributes = { ...attributesFor(65001), others };
  const prefix = { type: 0, prefix: parseIp('10.1.0.0'), prefixLength: 16 } as const;
  const families = [EVPN, IPV4_UNICAST];
  const context = { fourOctetAs: true, internal: false, families };
  for (const [message] of [
    new UpdateEncoder(SESSION).announce(attributes, [HOST]),
    new UpdateEncoder(SESSION, IPV4_UNICAST as Family<Prefix>).announce(attributes, [prefix]),
  ]) {
    const body = bodyOf(message!);
    const update = new UpdateDecoder().decodeWithin(body, 0, body.length, context);
    t.deepEqual(update.faults, []);
    t.is(update.reachable.length, 1);
    t.is(update.attributes?.med, 7);
    t.deepEqual(update.attributes?.largeCommunities.map(String), ['65001:4294967295:0']);
    const { attributes: all } = decodeUpdateFully(body, context);
    t.like(
      all.find(({ code }) => code === AttributeCode.COMMUNITIES),
      others[1],
    );
  }
});
