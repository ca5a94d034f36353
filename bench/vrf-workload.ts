/**
 * What other leaves announce to the VRFs of a benchmark: numbered routes, so that every process makes the same ones. The addresses
 * are the same in each VRF, as those of tenants are.
 */
import {
  ESI_ZERO,
  IPV4_ANY,
  IPV6_ANY,
  type Ip,
  type Ipv4,
  type Mac,
  parseIp,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../src/types/index.js';
import {
  type EvpnNlri,
  ExtendedCommunity,
  type OriginatedAttributes,
  RouteType,
  type UpdateEncoder,
} from '../src/wire/index.js';
import { SPINE_ASN, vtepAt } from './workload.js';

/** Routes in equal blocks over the VRFs. */
export interface VrfRoutes {
  readonly count: number;
  readonly vrfs: number;
  /** Type-2 with both labels, a host each; or Type-5, of lengths as `prefixAt` of the underlay has them. */
  readonly kind: 'hosts' | 'prefixes';
  readonly family: 'ipv4' | 'ipv6';
  /** Other leaves, all in each VRF. */
  readonly leaves: number;
  /** Each so manieth block is announced by the next leaf, too; 0 for none. */
  readonly sharedBlock: number;
}

/** Routes in a row behind the same leaf: fewer where a VRF has not so many for each leaf. */
const LONGEST_BLOCK = 25;
const FIRST_L3VNI = 200_001;
const FIRST_L2VNI = 100_001;
const FIRST_TABLE = 1_001;
const FIRST_ROUTER_MAC = 0x02_00_30_00_00_00;
const FIRST_MAC = 0x02_00_10_00_00_00;
const FIRST_IPV4 = parseIp('20.0.0.0') as Ipv4;
const IPV6_START = parseIp('2001:db8::') as string;
/** IPv4 prefixes are so long, and those whose number has trailing zeros are shorter by as many bits. */
const LONGEST = { hosts: { ipv4: 32, ipv6: 128 }, prefixes: { ipv4: 24, ipv6: 64 } } as const;
const MOST_SHORTER = 8;
/** The label of Type-2 that is of the VNI of hosts, which the leaf does not have. */
const l2vniAt = (vrf: number): number => FIRST_L2VNI + vrf;

export const l3vniAt = (vrf: number): number => FIRST_L3VNI + vrf;
export const tableAt = (vrf: number): number => FIRST_TABLE + vrf;
export const vrfName = (vrf: number): string => `vrf${vrf + 1}`;
export const l3Bridge = (vrf: number): string => `l3br${vrf + 1}`;
export const l3Vxlan = (vrf: number): string => `l3vx${vrf + 1}`;

/** Routes of each VRF; the last may have fewer. */
export const perVrf = ({ count, vrfs }: VrfRoutes): number => Math.ceil(count / vrfs);

/** The leaves that announce the route of this number in its VRF, in ascending order. */
export function leavesOf(routes: VrfRoutes, n: number): readonly number[] {
  const { leaves, sharedBlock } = routes;
  const size = Math.max(1, Math.min(LONGEST_BLOCK, Math.floor(perVrf(routes) / leaves)));
  const block = Math.floor(n / size);
  const leaf = block % leaves;
  if (sharedBlock === 0 || leaves < 2 || block % sharedBlock > 0) return [leaf];
  const next = (leaf + 1) % leaves;
  return leaf < next ? [leaf, next] : [next, leaf];
}

/** The length of the prefix of this number in its VRF. */
export function lengthAt({ kind, family }: VrfRoutes, n: number): number {
  const longest = LONGEST[kind][family];
  if (kind === 'hosts') return longest;
  return longest - Math.min(MOST_SHORTER, n === 0 ? MOST_SHORTER : 31 - Math.clz32(n & -n));
}

/** From one IPv4 address to the next: a /24 holds so many. */
const apart = ({ kind }: VrfRoutes): number => (kind === 'hosts' ? 1 : 256);

/** The address of the prefix of this number in its VRF. */
export function addressAt(routes: VrfRoutes, n: number): Ip {
  if (routes.family === 'ipv4') return (FIRST_IPV4 + n * apart(routes)) as Ip;
  const octets = Buffer.from(IPV6_START, 'latin1');
  octets.writeUInt32BE(n, routes.kind === 'hosts' ? 12 : 4);
  return octets.toString('latin1') as Ip;
}

/** The number of a route in its VRF, by the address's octets at `at`; -1 for one of somebody else's. */
export function numberAt(routes: VrfRoutes, bytes: Buffer, at: number, length: number): number {
  let n: number;
  if (routes.family === 'ipv4') n = (bytes.readUInt32BE(at) - FIRST_IPV4) / apart(routes);
  else n = bytes.readUInt32BE(at + (routes.kind === 'hosts' ? 12 : 4));
  return Number.isInteger(n) && n >= 0 && lengthAt(routes, n) === length ? n : -1;
}

/** The offset in an address of the octet that counts the routes one by one. */
export const countingOctet = ({ kind, family }: VrfRoutes): number =>
  family === 'ipv4' ? (kind === 'hosts' ? 3 : 2) : kind === 'hosts' ? 15 : 7;

/** The router of a leaf has one MAC in all its VRFs. */
const routerMacAt = (leaf: number): Mac => (FIRST_ROUTER_MAC + leaf) as Mac;

function routeAt(routes: VrfRoutes, vrf: number, n: number, leaf: number): EvpnNlri {
  const rd = RouteDistinguisher.ofRouterId(vtepAt(leaf), vrf + 1);
  const ip = addressAt(routes, n);
  if (routes.kind === 'prefixes')
    return {
      type: RouteType.IP_PREFIX,
      rd,
      esi: ESI_ZERO,
      ethernetTag: 0,
      prefixLength: lengthAt(routes, n),
      prefix: ip,
      gateway: routes.family === 'ipv4' ? IPV4_ANY : IPV6_ANY,
      label: l3vniAt(vrf),
    };
  return {
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd,
    esi: ESI_ZERO,
    ethernetTag: 0,
    mac: (FIRST_MAC + vrf * perVrf(routes) + n) as Mac,
    ip,
    label1: l2vniAt(vrf),
    label2: l3vniAt(vrf),
  };
}

function attributesAt({ kind }: VrfRoutes, vrf: number, leaf: number): OriginatedAttributes {
  const targets = [l3vniAt(vrf), ...(kind === 'hosts' ? [l2vniAt(vrf)] : [])];
  return {
    nextHop: vtepAt(leaf),
    extendedCommunities: [
      ExtendedCommunity.encapsulation(),
      ExtendedCommunity.routerMac(routerMacAt(leaf)),
      ...targets.map((vni) => routeTargetOfAs2(SPINE_ASN, vni)),
    ],
    pmsiTunnel: undefined,
  };
}

/** The UPDATEs that announce or withdraw them: leaf by leaf within each VRF, as many routes in each as fit. */
export function vrfUpdates(
  encoder: UpdateEncoder,
  routes: VrfRoutes,
  verb: 'announce' | 'withdraw',
): Buffer[] {
  const messages: Buffer[] = [];
  const inVrf = perVrf(routes);
  for (let vrf = 0; vrf < routes.vrfs; vrf++) {
    const ofLeaf = Array.from({ length: routes.leaves }, (): EvpnNlri[] => []);
    const size = Math.min(inVrf, routes.count - vrf * inVrf);
    for (let n = 0; n < size; n++)
      for (const leaf of leavesOf(routes, n)) ofLeaf[leaf].push(routeAt(routes, vrf, n, leaf));
    ofLeaf.forEach((its, leaf) => {
      if (its.length === 0) return;
      messages.push(
        ...(verb === 'withdraw'
          ? encoder.withdraw(its)
          : encoder.announce(attributesAt(routes, vrf, leaf), its)),
      );
    });
  }
  return messages;
}
