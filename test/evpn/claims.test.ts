import test from 'ava';
import type { Destination } from '../../src/bgp/index.js';
import {
  compareIpClaims,
  compareRemoteClaims,
  ipReason,
  isMacThere,
  type MacVrf,
  MoveHistory,
  macReason,
  type Ownership,
  type RemoteClaim,
  UNOWNED,
  type UnusedReason,
  whyIpUnused,
  whyUnused,
} from '../../src/evpn/index.js';
import { claimOf, isElsewhere, isOwnRoute } from '../../src/evpn/remote-claims.js';
import {
  ESI_ZERO,
  type Esi,
  type Ip,
  parseIp,
  parseMac,
  RouteDistinguisher,
  toVni,
} from '../../src/types/index.js';
import {
  type EvpnNlri,
  type MacIpAdvertisement,
  type MacMobility,
  NdFlag,
  type PathAttributes,
  RouteType,
} from '../../src/wire/index.js';
import { imet, macRoute, originated } from '../bgp/fabric.js';
import { withOwn } from '../dataplane/memory-world.js';
import { pathAttributes } from '../support/path-attributes.js';
import { servingLeaf, vtepOf } from './support/leaf.js';
import { SegmentMember } from './support/segment-routes.js';

const VNI = toVni(10010);
const OTHER_VNI = 10020;
const HOST = parseMac('02:00:00:00:00:01');
const SECOND = parseMac('02:00:00:00:00:02');
const OWN_MAC = parseMac('02:00:00:00:00:99');
const GROUP = parseMac('01:00:5e:00:00:01');
const IP = parseIp('192.0.2.11');
const OWN_IP = parseIp('192.0.2.254');
const SUBNET_END = parseIp('192.0.2.255');
const NEAR = vtepOf(9);
/** Our own VTEP. */
const OURS = vtepOf(1);
const ESI = '03443839ff0000010001' as Esi;
/** Of another VNI of this leaf. */
const OTHER_RD = RouteDistinguisher.parse('10.0.0.1:9999');
const UNKNOWN_ESI = '03443839ff0000010009' as Esi;

/** What a remote leaf says; the rest is a plain route of HOST from NEAR with the VNI as label. */
interface Said {
  nlri?: Partial<MacIpAdvertisement>;
  attributes?: Partial<PathAttributes>;
}

function destinationOf(nlri: EvpnNlri, attributes: Partial<PathAttributes>): Destination {
  const source = { neighbor: '192.0.2.9', routerId: 9, internal: false };
  const best = {
    nlri,
    attributes: pathAttributes({ nextHop: NEAR, ...attributes }),
    source,
    receivedAt: 0,
    stale: false,
  };
  return { nlri, paths: [best], best, chosen: [best], notes: undefined };
}

const hostRoute = ({ nlri = {}, attributes = {} }: Said): Destination =>
  destinationOf(macRoute(HOST, { ip: IP, ...nlri }), attributes);
const claimThat = (said: Said): RemoteClaim => claimOf(hostRoute(said))!;
const mobility = (sequence: number, sticky = false): { macMobility: MacMobility } => ({
  macMobility: { sequence, sticky },
});

/** A leaf that has a MAC, an IP and a subnet of its own, and knows of a segment that NEAR and 10.0.0.8 reach. */
async function scene() {
  const { clock, leaf, devices } = await servingLeaf(VNI);
  const { kernel } = leaf.world;
  kernel.setTopology(withOwn(kernel.topology, VNI, [OWN_MAC], [OWN_IP], [SUBNET_END]));
  for (const [number, vtep] of [
    [8, vtepOf(8)],
    [9, NEAR],
  ] as const) {
    const member = new SegmentMember(leaf, number, vtep);
    member.perEs(ESI, [VNI]);
    member.perEvi(ESI, VNI);
  }
  clock.advance(20_000);
  const vrf = leaf.evpn.vrf(VNI)!;
  const has = (mac: number, owner: Ownership['owner']) => {
    vrf.macEntry(mac as typeof HOST).ownership = { ...UNOWNED, owner };
  };
  return { leaf, devices, clock, vrf, has, claims: leaf.evpn.claims };
}

const OWN_SHAPE = (vrf: MacVrf): Said => ({ nlri: { rd: vrf.rd } });

/** What is said, and why it counts neither for the MAC nor for the IP, or for the IP alone. */
const REASONS: readonly (readonly [string, Said, UnusedReason | undefined, UnusedReason | undefined])[] = [
  ['a plain route', {}, undefined, undefined],
  ['any label without an Ethernet tag', { nlri: { label1: OTHER_VNI } }, undefined, undefined],
  ["our VNI is the IP-VRF's", { nlri: { label1: OTHER_VNI, label2: VNI } }, 'layer-3-label', 'layer-3-label'],
  ['our VNI is both labels', { nlri: { label1: VNI, label2: VNI } }, undefined, undefined],
  [
    'of a bundle, another VNI of it',
    { nlri: { label1: OTHER_VNI, ethernetTag: 20 } },
    'bundle-label',
    'bundle-label',
  ],
  ['of a bundle, this VNI', { nlri: { ethernetTag: 20 } }, undefined, undefined],
  ['our own VTEP', { attributes: { nextHop: OURS } }, 'own-next-hop', 'own-next-hop'],
  [
    'no VTEP at all',
    { attributes: { nextHop: parseIp('127.0.0.1') } },
    'martian-next-hop',
    'martian-next-hop',
  ],
  [
    'a VTEP of the other family',
    { attributes: { nextHop: parseIp('2001:db8::9') } },
    'next-hop-family',
    'next-hop-family',
  ],
  ['a segment that leaves reach', { nlri: { esi: ESI } }, undefined, undefined],
  [
    'a segment that leaves reach, announced by one that is no VTEP of ours',
    { nlri: { esi: ESI }, attributes: { nextHop: parseIp('2001:db8::9') } },
    undefined,
    undefined,
  ],
  ['a segment that nobody reaches', { nlri: { esi: UNKNOWN_ESI } }, 'ethernet-segment', 'ethernet-segment'],
  ['our own MAC', { nlri: { mac: OWN_MAC } }, 'own-mac', undefined],
  ['our own IP', { nlri: { ip: OWN_IP } }, undefined, 'own-ip'],
  ['an end of the subnet', { nlri: { ip: SUBNET_END } }, undefined, 'ip-address'],
  ["an IP that is no host's", { nlri: { ip: parseIp('224.0.0.5') } }, undefined, 'ip-address'],
  ['an IPv4 link-local address', { nlri: { ip: parseIp('169.254.1.1') } }, undefined, 'ip-address'],
  ['an IPv6 link-local address', { nlri: { ip: parseIp('fe80::1') } }, undefined, undefined],
  [
    'a next hop that is wrong outweighs our own MAC',
    { nlri: { mac: OWN_MAC }, attributes: { nextHop: OURS } },
    'own-next-hop',
    'own-next-hop',
  ],
];

for (const [name, said, ofMac, ofIp] of REASONS)
  test(`why a route counts for its MAC and its IP, or does not: ${name}`, async (t) => {
    const { leaf, vrf, claims } = await scene();
    const destination = hostRoute(said);
    const claim = claimOf(destination)!;
    const { mac, ip = IP } = claim.route;
    const macEntry = vrf.macEntry(mac);
    const ipEntry = vrf.ipEntry(ip);
    t.is(claims.whyNotOfMac(claim, vrf, macEntry, macReason(mac, vrf)), ofMac);
    t.is(claims.whyNotOfIp(claim, vrf, ipEntry, ipReason(ip, vrf)), ofIp);
    macEntry.remotes = destination;
    ipEntry.remotes = destination;
    t.is(claims.bestOfMac(vrf, macEntry, macReason(mac, vrf)) !== undefined, ofMac === undefined);
    t.is(claims.bestOfIp(vrf, ipEntry, ipReason(ip, vrf)) !== undefined, ofIp === undefined);
    const { topology } = leaf.dataPlane;
    t.is(whyUnused(destination, vrf, topology), ofMac);
    t.is(whyIpUnused(destination, vrf, topology), ofMac ?? ofIp);
  });

test('who announces a MAC of a segment and who takes its frames are two', async (t) => {
  const { vrf, claims } = await scene();
  const claim = claimThat({ nlri: { esi: ESI }, attributes: { nextHop: parseIp('2001:db8::9') } });
  t.is(claims.whyNotOfMac(claim, vrf, vrf.macEntry(HOST), undefined), undefined);
  t.is(claim.vtep, parseIp('2001:db8::9'));
  t.true([vtepOf(8), NEAR].includes(claim.leaf));
  const plain = claimThat({});
  t.is(claims.whyNotOfMac(plain, vrf, vrf.macEntry(HOST), undefined), undefined);
  t.is(plain.leaf, NEAR);
});

/** What we announce and with which number; what comes back, and whether that is our own. */
const OWN: readonly (readonly [string, number, (vrf: MacVrf) => Said, boolean])[] = [
  ['with the number that we have', 3, (vrf) => ({ ...OWN_SHAPE(vrf), attributes: mobility(3) }), true],
  ['with a lower number', 3, (vrf) => ({ ...OWN_SHAPE(vrf), attributes: mobility(1) }), true],
  ['with no number', 3, OWN_SHAPE, true],
  [
    'of a host that moved to a leaf with our RD',
    3,
    (vrf) => ({ ...OWN_SHAPE(vrf), attributes: mobility(4) }),
    false,
  ],
  ["under another's RD", 3, () => ({}), false],
  ['of another VNI of ours', 3, () => ({ nlri: { rd: OTHER_RD } }), false],
  ['of an IP that we do not announce', 3, (vrf) => ({ nlri: { rd: vrf.rd, ip: OWN_IP } }), false],
  ['of a MAC that we do not announce', 3, (vrf) => ({ nlri: { rd: vrf.rd, mac: SECOND } }), false],
];

for (const [name, ours, shape, isOwn] of OWN)
  test(`a route of ours that comes back: ${name}: ${isOwn}`, async (t) => {
    const { leaf, vrf, claims } = await scene();
    for (const rd of [vrf.rd, OTHER_RD])
      leaf.localRib.originate(macRoute(HOST, { rd, ip: IP }), originated('10.0.0.1'));
    const claim = claimThat(shape(vrf));
    t.is(isOwnRoute(claim, vrf, ours, leaf.localRib), isOwn);
    const reason = isOwn ? 'own-route' : undefined;
    const macEntry = vrf.macEntry(claim.route.mac);
    macEntry.ownership = { ...UNOWNED, owner: 'local', sequence: ours };
    t.is(claims.whyNotOfMac(claim, vrf, macEntry, undefined), reason);
    const ipEntry = vrf.ipEntry(IP);
    t.is(
      claims.whyNotOfIp(claim, vrf, ipEntry, undefined),
      isOwn && claim.sequence === 0 ? reason : undefined,
      'nobody has the IP: our number is 0',
    );
    ipEntry.holder = macEntry;
    t.is(claims.whyNotOfIp(claim, vrf, ipEntry, undefined), reason);
    t.is(claims.whyNotOf(claim.destination, vrf), reason);
  });

test('our own route is told as such, whatever its next hop', async (t) => {
  const { leaf, vrf, claims } = await scene();
  leaf.localRib.originate(macRoute(HOST, { rd: vrf.rd, ip: IP }), originated('10.0.0.1'));
  const claim = claimThat({ nlri: { rd: vrf.rd }, attributes: { nextHop: OURS } });
  t.is(claims.whyNotOfMac(claim, vrf, vrf.macEntry(HOST), undefined), 'own-route');
  t.is(claims.whyNotOfIp(claim, vrf, vrf.ipEntry(IP), undefined), 'own-route');
});

/** Where a MAC is frozen, what is said of it, and whether that counts. */
const FROZEN: readonly (readonly [string, Ip | undefined, Said, UnusedReason | undefined])[] = [
  ['here', undefined, {}, 'frozen'],
  ['here, a segment', undefined, { nlri: { esi: ESI } }, 'frozen'],
  ['at the leaf that says so', NEAR, {}, undefined],
  ['at another leaf', vtepOf(8), {}, 'frozen'],
  ['at a leaf of the segment', vtepOf(8), { nlri: { esi: ESI } }, undefined],
  ['at the other leaf of the segment', NEAR, { nlri: { esi: ESI } }, undefined],
  ['at a leaf that is none of the segment', vtepOf(7), { nlri: { esi: ESI } }, 'frozen'],
  [
    'at the leaf that says so, with a next hop that is wrong',
    OURS,
    { attributes: { nextHop: OURS } },
    'own-next-hop',
  ],
];

for (const [name, place, said, reason] of FROZEN)
  test(`a MAC that is frozen ${name}: ${reason ?? 'it counts'}`, async (t) => {
    const { vrf, claims } = await scene();
    const entry = vrf.macEntry(HOST);
    entry.history = new MoveHistory();
    entry.history.frozenAt = place;
    const claim = claimThat(said);
    t.is(
      claims.whyNotOfMac(claim, vrf, entry, undefined) === undefined,
      reason !== 'own-next-hop',
      'not yet',
    );
    entry.history.frozen = true;
    t.is(claims.whyNotOfMac(claim, vrf, entry, undefined), reason);
    t.is(claims.whyNotOfMac(claim, vrf, entry, 'own-mac'), reason === 'own-next-hop' ? reason : 'own-mac');
    t.is(claims.whyNotOf(claim.destination, vrf), reason);
  });

test('an IP that is frozen: the claims of the MAC that it is frozen with count', async (t) => {
  const { vrf, claims } = await scene();
  const entry = vrf.ipEntry(IP);
  const [first, second] = [claimThat({}), claimThat({ nlri: { mac: SECOND } })];
  const told = () => [first, second].map((claim) => claims.whyNotOfIp(claim, vrf, entry, undefined));
  entry.history = new MoveHistory();
  entry.history.frozen = true;
  t.deepEqual(told(), [undefined, undefined], 'nobody has had it');
  entry.holder = vrf.macEntry(HOST);
  t.deepEqual(told(), [undefined, 'frozen']);
  t.deepEqual(
    [first, second].map(({ destination }) => claims.whyNotOf(destination, vrf)),
    [undefined, 'frozen'],
  );
  t.is(claims.whyNotOfIp(second, vrf, entry, 'own-ip'), 'own-ip');
  entry.history.frozen = false;
  t.deepEqual(told(), [undefined, undefined]);
});

const FAR = vtepOf(10);
/** The better one first, with what later rules look at turned against it. */
const ORDER: readonly (readonly [string, Said, Said])[] = [
  ['sticky', { attributes: { ...mobility(0, true), nextHop: FAR } }, { attributes: mobility(9) }],
  ['a default gateway', { attributes: { defaultGateway: true, nextHop: FAR } }, { attributes: mobility(9) }],
  ['immutable', { attributes: { ndFlags: NdFlag.IMMUTABLE, nextHop: FAR } }, { attributes: mobility(9) }],
  ['the number', { attributes: { ...mobility(2), nextHop: FAR } }, { attributes: mobility(1) }],
  ['the number, where one has none', { attributes: { ...mobility(1), nextHop: FAR } }, {}],
  ['the address', { nlri: { mac: SECOND } }, { attributes: { nextHop: FAR } }],
  ['the MAC', { nlri: { rd: RouteDistinguisher.parse('10.9.9.9:9') } }, { nlri: { mac: SECOND } }],
  [
    'the RD, its upper half',
    { nlri: { rd: RouteDistinguisher.parse('10.0.0.9:99') } },
    { nlri: { rd: RouteDistinguisher.parse('10.1.0.1:1') } },
  ],
  [
    'the RD, its lower half',
    { nlri: { rd: RouteDistinguisher.parse('10.0.0.1:1'), ethernetTag: 9 } },
    { nlri: { rd: RouteDistinguisher.parse('10.0.0.1:2') } },
  ],
  ['the Ethernet tag', { nlri: { ethernetTag: 1 } }, { nlri: { ethernetTag: 2, ip: undefined } }],
  ['no IP', { nlri: { ip: undefined } }, { nlri: { ip: parseIp('0.0.0.1') } }],
  ['the IP', { nlri: { ip: parseIp('192.0.2.9') } }, { nlri: { ip: parseIp('192.0.2.10') } }],
];

for (const [name, better, worse] of ORDER)
  test(`of two claims the better one: ${name}`, async (t) => {
    const { vrf, claims, has } = await scene();
    has(HOST, 'remote');
    has(SECOND, 'remote');
    const destinations = [hostRoute(better), hostRoute(worse)];
    const [first, second] = destinations.map((destination) => claimOf(destination)!);
    t.true(compareRemoteClaims(first, second) < 0);
    t.true(compareRemoteClaims(second, first) > 0);
    t.is(compareRemoteClaims(first, first), 0);
    for (const order of [destinations, destinations.toReversed()]) {
      const mac = vrf.macEntry(HOST);
      const ip = vrf.ipEntry(IP);
      mac.remotes = new Set(order);
      ip.remotes = new Set(order);
      t.is(claims.bestOfMac(vrf, mac, undefined)?.destination, destinations[0]);
      t.is(claims.bestOfIp(vrf, ip, undefined)?.destination, destinations[0]);
      t.is(claims.bestOfMac(vrf, mac, 'own-mac'), undefined);
      t.is(claims.bestOfIp(vrf, ip, 'own-ip'), undefined);
    }
  });

test('the better claim does not count: the other one is the best; where none does there is none', async (t) => {
  const { vrf, claims } = await scene();
  const wrong = { nextHop: OURS };
  const better = hostRoute({ attributes: { ...mobility(9), ...wrong } });
  const other = hostRoute({});
  const nothing = { ...other, paths: [], best: undefined, chosen: [] };
  for (const [remotes, best] of [
    [[better, other, nothing], other],
    [[nothing, other, better], other],
    [[better, hostRoute({ attributes: wrong })], undefined],
    [[nothing, nothing], undefined],
  ] as const) {
    const mac = vrf.macEntry(HOST);
    const ip = vrf.ipEntry(IP);
    mac.remotes = new Set(remotes);
    ip.remotes = new Set(remotes);
    t.is(claims.bestOfMac(vrf, mac, undefined)?.destination, best);
    t.is(claims.bestOfIp(vrf, ip, undefined)?.destination, best);
  }
  for (const remotes of [undefined, nothing]) {
    const mac = vrf.macEntry(HOST);
    const ip = vrf.ipEntry(IP);
    mac.remotes = remotes;
    ip.remotes = remotes;
    t.is(claims.bestOfMac(vrf, mac, undefined), undefined);
    t.is(claims.bestOfIp(vrf, ip, undefined), undefined);
  }
});

/** Whose the MACs of two claims on an IP are, the better claim's first; which of them is the best. */
const IP_ORDER = [
  ['remote', 'remote', 0],
  ['remote', 'local', 0],
  ['local', 'remote', 1],
  ['none', 'remote', 1],
  ['local', 'none', 0],
  ['none', 'none', 0],
] as const;

for (const [ofBetter, ofWorse, best] of IP_ORDER)
  test(`of two claims on an IP, whose MACs are ${ofBetter} and ${ofWorse}`, async (t) => {
    const { vrf, claims, has } = await scene();
    has(HOST, ofBetter);
    has(SECOND, ofWorse);
    const destinations = [hostRoute({ attributes: mobility(9, true) }), hostRoute({ nlri: { mac: SECOND } })];
    const [better, worse] = destinations.map((destination) => claimOf(destination)!);
    t.deepEqual(
      [isMacThere(better, vrf), isMacThere(worse, vrf)],
      [ofBetter === 'remote', ofWorse === 'remote'],
    );
    t.is(Math.sign(compareIpClaims(better, worse, vrf)), best === 0 ? -1 : 1);
    t.is(Math.sign(compareIpClaims(worse, better, vrf)), best === 0 ? 1 : -1);
    for (const order of [destinations, destinations.toReversed()]) {
      const ip = vrf.ipEntry(IP);
      ip.remotes = new Set(order);
      t.is(claims.bestOfIp(vrf, ip, undefined)?.destination, destinations[best]);
    }
  });

test('a MAC of which the VNI knows nothing is behind no leaf', async (t) => {
  const { vrf } = await scene();
  t.false(isMacThere(claimThat({}), vrf));
});

test('what a route says that binds it, and that its host is a router', (t) => {
  const pinsOf = (attributes: Partial<PathAttributes>) => {
    const { pin, pins, router, sticky, immutable } = claimThat({ attributes });
    return { pin, pins, router, sticky, immutable };
  };
  const none = { pin: undefined, pins: [], router: false, sticky: false, immutable: false };
  t.deepEqual(pinsOf({}), none);
  t.deepEqual(pinsOf({ ndFlags: NdFlag.ROUTER }), { ...none, router: true });
  t.deepEqual(pinsOf(mobility(3)), none);
  const [sticky, gateway, immutable] = ['sticky MAC', 'default gateway', 'immutable binding'] as const;
  t.deepEqual(pinsOf(mobility(0, true)), { ...none, pin: sticky, pins: [sticky], sticky: true });
  t.deepEqual(pinsOf({ defaultGateway: true }), { ...none, pin: gateway, pins: [gateway] });
  t.deepEqual(pinsOf({ ndFlags: NdFlag.IMMUTABLE }), {
    ...none,
    pin: immutable,
    pins: [immutable],
    immutable: true,
  });
  t.deepEqual(
    pinsOf({ ...mobility(0, true), defaultGateway: true, ndFlags: NdFlag.ROUTER | NdFlag.IMMUTABLE }),
    {
      pin: sticky,
      pins: [sticky, gateway, immutable],
      router: true,
      sticky: true,
      immutable: true,
    },
  );
});

/** Whether the MAC is elsewhere: what is said of it, where it is, and where it was. */
const PLACES: readonly (readonly [string, Said | undefined, Ip | undefined, Ip | undefined, boolean])[] = [
  ['where it was', {}, NEAR, NEAR, false],
  ['nowhere, as before', undefined, undefined, undefined, false],
  ['at another leaf', {}, NEAR, FAR, true],
  ['gone', undefined, undefined, NEAR, true],
  ['at a leaf where it was nowhere', { nlri: { esi: ESI } }, NEAR, undefined, true],
  ['at another leaf of its segment', { nlri: { esi: ESI } }, NEAR, vtepOf(8), false],
  ['at a leaf of a segment that the other is none of', { nlri: { esi: ESI } }, NEAR, FAR, true],
  ['behind a segment that nobody knows', { nlri: { esi: UNKNOWN_ESI } }, NEAR, vtepOf(8), true],
];

for (const [name, said, vtep, before, expected] of PLACES)
  test(`a MAC that is ${name}: elsewhere ${expected}`, async (t) => {
    const { vrf } = await scene();
    t.is(isElsewhere(vrf, said && claimThat(said), vtep, before), expected);
  });

const pmsi = (over: { tunnelType?: number; label?: number; endpoint?: Ip } = {}) => ({
  pmsiTunnel: {
    flags: 0,
    tunnelType: 6,
    label: VNI,
    identifier: new Uint8Array(),
    endpoint: NEAR,
    octets: 0,
    ...over,
  },
});
const discovery = (over: Partial<Extract<EvpnNlri, { type: 1 }>> = {}): EvpnNlri => ({
  type: RouteType.ETHERNET_AUTO_DISCOVERY,
  rd: RouteDistinguisher.parse('10.0.0.9:1'),
  esi: ESI,
  ethernetTag: 0,
  label: OTHER_VNI,
  ...over,
});

/** Routes of other types, the VNI's own state, and why they are not used. */
const OTHERS: readonly (readonly [
  string,
  EvpnNlri,
  Partial<PathAttributes>,
  (vrf: MacVrf) => void,
  UnusedReason | undefined,
])[] = [
  ['a Type-3', imet('10.0.0.9'), pmsi(), () => {}, undefined],
  ['one without a tunnel', imet('10.0.0.9'), {}, () => {}, 'no-pmsi-tunnel'],
  ['one of a tree', imet('10.0.0.9'), pmsi({ tunnelType: 3 }), () => {}, 'no-ingress-replication'],
  [
    'one of a tree from here',
    imet('10.0.0.9'),
    pmsi({ tunnelType: 3, endpoint: OURS }),
    () => {},
    'own-next-hop',
  ],
  ['one that ends here', imet('10.0.0.9'), pmsi({ endpoint: OURS }), () => {}, 'own-next-hop'],
  [
    'one of another VNI of the bundle',
    imet('10.0.0.9', { ethernetTag: 20 }),
    pmsi({ label: OTHER_VNI }),
    () => {},
    'bundle-label',
  ],
  ['one of the bundle', imet('10.0.0.9', { ethernetTag: 20 }), pmsi(), () => {}, undefined],
  ['one with any label', imet('10.0.0.9'), pmsi({ label: OTHER_VNI }), () => {}, undefined],
  [
    'one of a VNI that does not flood',
    imet('10.0.0.9'),
    pmsi(),
    (vrf) => {
      vrf.flooding.enabled = false;
    },
    'flooding-disabled',
  ],
  [
    'one of a VNI that floods by a group',
    imet('10.0.0.9'),
    pmsi(),
    (vrf) => {
      vrf.at = { ...vrf.at!, multicastGroup: parseIp('239.1.1.1') };
    },
    'multicast-group',
  ],
  [
    'one without a place',
    imet('10.0.0.9'),
    pmsi(),
    (vrf) => {
      vrf.flooding.leftOut = new Set([NEAR]);
    },
    'flood-limit',
  ],
  [
    'one with a place where another has none',
    imet('10.0.0.9'),
    pmsi(),
    (vrf) => {
      vrf.flooding.leftOut = new Set([FAR]);
    },
    undefined,
  ],
  ['a Type-1 of the VNI', discovery(), {}, () => {}, undefined],
  ['a Type-1 of a bundle', discovery({ ethernetTag: 20 }), {}, () => {}, 'bundle-label'],
  [
    'a Type-1 of the bundle for this VNI',
    discovery({ ethernetTag: 20, label: VNI }),
    {},
    () => {},
    undefined,
  ],
  [
    'a Type-1 of the whole segment',
    discovery({ ethernetTag: 0xffff_ffff, label: 0 }),
    {},
    () => {},
    undefined,
  ],
  ['a Type-1 from here', discovery(), { nextHop: OURS }, () => {}, 'own-next-hop'],
  ['a Type-1 of no segment', discovery({ esi: ESI_ZERO }), {}, () => {}, 'reserved-esi'],
  [
    'a Type-2 of no VTEP, with a tunnel that only a Type-3 can have',
    macRoute(HOST),
    { ...pmsi(), nextHop: parseIp('127.0.0.1') },
    () => {},
    'martian-next-hop',
  ],
  ['a group MAC', macRoute(GROUP), {}, () => {}, 'mac-address'],
  ['the zero MAC', macRoute(0), {}, () => {}, 'mac-address'],
  ['an encapsulation that we have not', macRoute(HOST), { encapsulations: [7] }, () => {}, 'encapsulation'],
];

for (const [name, nlri, attributes, change, reason] of OTHERS)
  test(`why a route is not used: ${name}: ${reason ?? 'it is'}`, async (t) => {
    const { leaf, vrf } = await scene();
    change(vrf);
    const destination = destinationOf(nlri, attributes);
    t.is(whyUnused(destination, vrf, leaf.dataPlane.topology), reason);
    t.is(whyIpUnused(destination, vrf, leaf.dataPlane.topology), reason, 'it names no IP');
  });

test('a destination without a path is not unused for a reason', async (t) => {
  const { leaf, vrf } = await scene();
  const destination = { ...hostRoute({}), paths: [], best: undefined, chosen: [] };
  t.is(whyUnused(destination, vrf, leaf.dataPlane.topology), undefined);
  t.is(whyIpUnused(destination, vrf, leaf.dataPlane.topology), undefined);
});
