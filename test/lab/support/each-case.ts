/** One of each case that an address can be in at leaf1: what brings it about, and what must be told of it. */
import type { Fabric, Leaf } from '../../../lab/index.js';
import { ExtendedCommunity, NdFlag } from '../../../src/wire/index.js';
import { type SaidHost, sayHost, saySegment } from './peer-says.js';
import type { ScriptedPeer } from './scripted-peer.js';

export interface Case {
  readonly what: string;
  readonly mac: string;
  readonly ips?: readonly string[];
  /** 10010 where absent. */
  readonly vni?: number;
  /** Lines of `ip -batch` and `bridge -batch` on leaf1, before anything is said. */
  readonly ip?: readonly string[];
  readonly bridge?: readonly string[];
  /** The peer's routes: one of the MAC, and one of each IP. */
  readonly says?: Partial<SaidHost>;
  /** Whose the MAC is, and behind which VTEP or on which port. */
  readonly owner: 'none' | 'local' | 'remote';
  readonly at?: string;
  /** Whose the IPs are; as the MAC where absent. */
  readonly ipOwner?: 'none' | 'local' | 'remote';
  /** What a sentence of the verdict says. */
  readonly told?: RegExp;
}

const mac = (n: number) => `02:ca:00:00:00:${n.toString(16).padStart(2, '0')}`;
const v4 = (n: number) => `10.10.12.${n}`;
const v6 = (n: number) => `fd10:10::c:${n.toString(16)}`;
/** A MAC with an IP of each family. */
const host = (n: number) => ({ mac: mac(n), ips: [v4(n), v6(n)] });

const [PORT, SECOND] = ['p1-10', 'p1-10-2'];

/** Where leaf1 has VNI 10010, in words of iproute2. */
export class Place {
  readonly svi: string;
  readonly vxlan: string;
  /** Behind a row of the bridge: its VLAN on a VLAN-aware one. */
  readonly vlan: string;
  /** Behind a row of the VXLAN device: its VNI on a single one. */
  readonly source: string;

  constructor({ mode, segments: [{ svi, vxlan, vlan, vni }] }: Leaf) {
    this.svi = svi;
    this.vxlan = vxlan;
    this.vlan = mode === 'traditional' ? '' : ` vlan ${vlan}`;
    this.source = mode === 'svd' ? ` src_vni ${vni}` : '';
  }
}
export const SEGMENTS = {
  whole: '00:11:11:11:11:11:11:11:11:01',
  aliased: '00:11:11:11:11:11:11:11:11:02',
  unreached: '00:11:11:11:11:11:11:11:11:03',
};
const NINE = '10.0.0.9';
const remote = { owner: 'remote', at: NINE } as const;
const nobody = { owner: 'none' } as const;

/** What the peer says of hosts elsewhere. */
const routes = ({ svi }: Place): readonly Case[] => [
  { what: 'a MAC alone', mac: mac(1), says: {}, ...remote },
  { what: 'a MAC and an IPv4 address', mac: mac(2), ips: [v4(2)], says: {}, ...remote },
  { what: 'a MAC and an IPv6 address', mac: mac(3), ips: [v6(3)], says: {}, ...remote },
  {
    what: 'a router',
    ...host(4),
    says: { communities: [ExtendedCommunity.neighborFlags(NdFlag.ROUTER)] },
    ...remote,
  },
  {
    what: 'a sequence number',
    ...host(5),
    says: { communities: [ExtendedCommunity.macMobility(7, false)] },
    ...remote,
    told: /sequence number 7/,
  },
  {
    what: 'a sticky MAC',
    ...host(6),
    says: { communities: [ExtendedCommunity.macMobility(0, true)] },
    ...remote,
    told: /sticky/,
  },
  {
    what: 'a default gateway',
    ...host(7),
    says: { communities: [ExtendedCommunity.defaultGateway()] },
    ...remote,
  },
  {
    what: 'an immutable binding',
    ...host(8),
    says: { communities: [ExtendedCommunity.neighborFlags(NdFlag.IMMUTABLE)] },
    ...remote,
  },
  {
    what: 'the highest sequence number',
    ...host(9),
    says: { communities: [ExtendedCommunity.macMobility(0xffff_ffff, false)] },
    ...remote,
    told: /highest sequence number there is/,
  },
  { what: 'label 0', ...host(10), says: { label: 0 }, ...remote, told: /has label 0, not 10010/ },
  { what: "another VNI's label", ...host(11), says: { label: 99 }, ...remote, told: /has label 99/ },
  {
    what: 'route targets that no VNI imports',
    ...host(12),
    says: { routeTarget: '65000:99', label: 99 },
    ...nobody,
    told: /`import-route-targets: \['\*:10010', '65000:99'\]` of VNI 10010 would import it/,
  },
  {
    what: 'label 0 and the route target of another VNI',
    ...host(13),
    says: { routeTarget: '65000:10020', label: 0 },
    ...nobody,
    told: /its label is 0; VNI 10020 imports it/,
  },
  {
    what: 'an Ethernet tag',
    ...host(14),
    says: { ethernetTag: 7 },
    ...nobody,
    told: /Ethernet tag 7.*import-ethernet-tags/,
  },
  {
    what: 'a next hop of the other family',
    ...host(15),
    says: { nextHop: 'fd00::9' },
    ...nobody,
    told: /cannot reach its next hop/,
  },
  { what: 'our own next hop', ...host(16), says: { nextHop: '10.0.0.1' }, ...nobody, told: /own next hop/ },
  { what: 'a martian next hop', ...host(17), says: { nextHop: '127.0.0.1' }, ...nobody, told: /martian/ },
  { what: 'MPLS alone', ...host(18), says: { encapsulation: 10 }, ...nobody, told: /VXLAN is not among/ },
  { what: 'a segment that its leaf reaches', ...host(19), says: { esi: SEGMENTS.whole }, ...remote },
  {
    what: 'a segment that another leaf reaches',
    ...host(20),
    says: { esi: SEGMENTS.aliased },
    owner: 'remote',
    at: '10.0.0.8',
    told: /10\.0\.0\.9 announces it, and 10\.0\.0\.8 reaches the segment/,
  },
  {
    what: 'a segment that nobody reaches',
    ...host(21),
    says: { esi: SEGMENTS.unreached },
    ...nobody,
    told: /no leaf says that it reaches this Ethernet segment/,
  },
  ...['224.0.0.5', '0.0.0.0', 'ff02::1', '::', '127.0.0.1', '255.255.255.255', '::1', '10.10.10.255'].map(
    (ip, i): Case => ({
      what: `IP ${ip}`,
      mac: mac(0x30 + i),
      ips: [ip],
      says: {},
      ...remote,
      ipOwner: 'none',
      told: /an IP address that no host has/,
    }),
  ),
  {
    what: 'a group address',
    mac: '01:00:5e:00:00:05',
    ips: ['224.0.0.6'],
    says: {},
    ...nobody,
    told: /a group address, which no host has/,
  },
  {
    what: "the SVI's MAC",
    mac: '02:00:00:00:0a:01',
    ips: [v4(22)],
    says: {},
    owner: 'local',
    ipOwner: 'none',
    told: new RegExp(`an address of this leaf itself, of ${svi}`),
  },
  {
    what: "the SVI's IPs",
    mac: mac(23),
    ips: ['10.10.10.101', 'fd10:10::101'],
    says: {},
    ...remote,
    ipOwner: 'local',
    told: new RegExp(`is an address of this leaf itself, of ${svi}`),
  },
];

/** What the leaf's own kernel says. */
const local = ({ svi, vxlan, vlan, source }: Place): readonly Case[] => [
  {
    what: 'learned',
    mac: '02:01:00:00:0a:01',
    ips: ['10.10.10.11', 'fd10:10::11'],
    owner: 'local',
    at: PORT,
  },
  {
    what: 'our own route, come back',
    mac: '02:01:00:00:0a:01',
    says: { rd: '10.0.0.1:10010' },
    owner: 'local',
    at: PORT,
    told: /our own route, come back/,
  },
  {
    what: 'static, with its IPs',
    ...host(0x40),
    bridge: [`fdb add ${mac(0x40)} dev ${PORT} master static${vlan}`],
    ip: [v4(0x40), v6(0x40)].map((ip) => `neigh replace ${ip} lladdr ${mac(0x40)} dev ${svi} nud permanent`),
    owner: 'local',
    at: PORT,
  },
  {
    what: 'sticky',
    mac: mac(0x41),
    bridge: [`fdb add ${mac(0x41)} dev ${PORT} master static sticky${vlan}`],
    owner: 'local',
    at: PORT,
    told: /sticky/,
  },
  {
    what: 'static, and claimed by another leaf',
    ...host(0x42),
    bridge: [`fdb add ${mac(0x42)} dev ${SECOND} master static${vlan}`],
    says: { communities: [ExtendedCommunity.macMobility(5, false)] },
    owner: 'local',
    ipOwner: 'none',
    at: SECOND,
    told: /configured on a port of this leaf/,
  },
  {
    what: 'learned by the hardware',
    mac: mac(0x43),
    bridge: [`fdb add ${mac(0x43)} dev ${PORT} master extern_learn${vlan}`],
    owner: 'local',
    at: PORT,
  },
  {
    what: 'a permanent row that nobody contradicts',
    mac: mac(0x44),
    bridge: [`fdb add ${mac(0x44)} dev ${PORT} master permanent${vlan}`],
    ...nobody,
    told: /permanent row of p1-10/,
  },
  {
    what: 'an IP that another agent knows',
    mac: '02:01:00:00:0a:01',
    ips: [v4(0x45), v6(0x45)],
    ip: [v4(0x45), v6(0x45)].map(
      (ip) => `neigh replace ${ip} lladdr 02:01:00:00:0a:01 dev ${svi} nud noarp extern_learn proto 84`,
    ),
    owner: 'local',
    at: PORT,
  },
  {
    what: "another agent's neighbor whose MAC is nowhere",
    ...host(0x46),
    ip: [v4(0x46), v6(0x46)].map(
      (ip) => `neigh replace ${ip} lladdr ${mac(0x46)} dev ${svi} nud noarp extern_learn proto 84`,
    ),
    ...nobody,
    told: /its MAC is not on a port of this leaf/,
  },
  {
    what: 'what a neighbor row alone says',
    ...host(0x47),
    ip: [v4(0x47), v6(0x47)].map((ip) => `neigh replace ${ip} lladdr ${mac(0x47)} dev ${svi} nud stale`),
    ...nobody,
    told: /known from the neighbor table alone/,
  },
  {
    what: 'a row that somebody set on the VXLAN port',
    mac: mac(0x49),
    bridge: [
      `fdb add ${mac(0x49)} dev ${vxlan} master static${vlan}`,
      `fdb add ${mac(0x49)} dev ${vxlan} dst 10.9.9.9${source} self static`,
    ],
    ...nobody,
    told: new RegExp(`A row of ${vxlan} that is not evpnd's sends .* to 10\\.9\\.9\\.9`),
  },
];

/** Rows in the way of a remote host's. */
export const blocked = ({ svi, vxlan, vlan, source }: Place): readonly Case[] => [
  {
    what: 'a permanent row of a port',
    ...host(0x50),
    bridge: [`fdb add ${mac(0x50)} dev ${PORT} master permanent${vlan}`],
    says: {},
    ...remote,
    told: new RegExp(`if it is not meant: bridge fdb del ${mac(0x50)} dev ${PORT} master${vlan}\\.`),
  },
  {
    what: 'a static row of the VXLAN device',
    ...host(0x51),
    bridge: [`fdb add ${mac(0x51)} dev ${vxlan} dst 10.9.9.9${source} self static`],
    says: {},
    ...remote,
    told: new RegExp(`if it is not meant: bridge fdb del ${mac(0x51)} dev ${vxlan} self${source}\\.`),
  },
  {
    what: "neighbors of another MAC's",
    ...host(0x52),
    ip: [v4(0x52), v6(0x52)].map((ip) => `neigh replace ${ip} lladdr ${mac(0x5f)} dev ${svi} nud permanent`),
    says: {},
    ...remote,
    told: new RegExp(`if it is not meant: ip neigh del \\S+ dev ${svi}\\.`),
  },
];

/** All of them. */
export function casesOf(place: Place): readonly Case[] {
  return [...routes(place), ...local(place), ...blocked(place)];
}

/** Brings about what the leaf's kernel says. */
export async function layOut(fabric: Fabric, cases: readonly Case[]): Promise<void> {
  for (const { ip = [], bridge = [] } of cases)
    await fabric.apply('leaf1', { ip: [...ip], bridge: [...bridge] });
}

/** The peer says its part of each case, and of the segments: of the second one the other leaf says that it reaches it. */
export function sayAll(peer: ScriptedPeer, cases: readonly Case[]): void {
  saySegment(peer, { esi: SEGMENTS.whole });
  saySegment(peer, { esi: SEGMENTS.aliased, nextHop: '10.0.0.8' });
  for (const { mac, ips = [], says } of cases)
    if (says) for (const ip of [undefined, ...ips]) sayHost(peer, { ...says, mac, ip });
}
