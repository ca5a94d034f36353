/** What is announced in a benchmark: numbered routes, so that every process makes the same ones from a few numbers. */
import {
  ESI_ZERO,
  type Ipv4,
  type Mac,
  parseIp,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../src/types/index.js';
import {
  ExtendedCommunity,
  type InclusiveMulticast,
  type MacIpAdvertisement,
  type OriginatedAttributes,
  RouteType,
} from '../src/wire/index.js';

/** Which remote VTEPs there are: each VNI has `perVni` of `vteps`, taken in turn. */
export interface Spread {
  readonly vteps: number;
  readonly perVni: number;
}
/** Two VTEPs, both in every VNI: hosts are behind the first and move to the second. */
export const TWO_VTEPS: Spread = { vteps: 2, perVni: 2 };
/** Where all hosts of a VNI are behind the same. */
const ONE_VTEP: Spread = { vteps: 1, perVni: 1 };

/**
 * The order in which routes are told: `shuffled` is one of no system, always the same one, as changes come in a data
 * center; `in turn` takes one host of each VNI behind its first VTEP, then one of each behind its second and so on, so
 * that attributes come again only after all the others.
 */
export type Order = 'shuffled' | 'in turn';

/** How the UPDATEs look that other speakers than FRR make; MP_REACH first, one AS and no mobility where nothing is said. */
export interface UpdateShape {
  readonly mpReachLast?: boolean;
  /** AS numbers of the longest path: VTEPs in turn have paths of 1 to so many. */
  readonly asPath?: number;
  /** The sequence number of the MAC mobility that every route carries. */
  readonly mobility?: number;
}

/** Routes 0 to `count` - 1 in equal blocks over the VNIs; `step` 3 and `offset` 1 take 1, 4, 7 and so on. */
export interface Routes {
  readonly count: number;
  readonly vnis: number;
  readonly withIp: boolean;
  readonly step?: number;
  readonly offset?: number;
  /** Each host with an IP has a route of its MAC alone, too, as FRR announces hosts. */
  readonly bothKinds?: boolean;
  /** Hosts behind all VTEPs of their VNI, in equal blocks; absent, all are behind one of TWO_VTEPS. */
  readonly spread?: Spread;
  /** Absent, VNI by VNI. */
  readonly order?: Order;
  readonly shape?: UpdateShape;
}

export const SPINE_ASN = 65000;
export const LEAF_ASN = 65001;
/** The leaves that exist only in the spine's routes are in here. */
export const REMOTE_PREFIX = '10.64.0.0/16';
const FIRST_VTEP = parseIp('10.64.0.1') as Ipv4;

export const vtepAt = (index: number): Ipv4 => (FIRST_VTEP + index) as Ipv4;

/** True for the numbers of addresses in REMOTE_PREFIX. */
export function isRemoteVtep(address: number): boolean {
  return address >>> 16 === FIRST_VTEP >>> 16;
}

/** The VTEPs of a VNI, by index. */
export function vtepsOf({ vteps, perVni }: Spread, vniIndex: number): number[] {
  return Array.from({ length: perVni }, (_, n) => (vniIndex * perVni + n) % vteps);
}

const FIRST_VNI = 10_001;
const FIRST_MAC = 0x02_00_10_00_00_00;
const FIRST_LOCAL_MAC = 0x02_00_20_00_00_00;
const FIRST_IP = 0x0b_00_00_00;

/** The VNI and VLAN of a VNI's index. */
export const vniAt = (index: number): number => FIRST_VNI + index;
export const vlanAt = (index: number): number => index + 1;

export const macAt = (i: number): Mac => (FIRST_MAC + i) as Mac;
export const indexOfMac = (mac: number): number => mac - FIRST_MAC;
export const ipAt = (i: number): Ipv4 => (FIRST_IP + i) as Ipv4;
export const indexOfIp = (ip: number): number => ip - FIRST_IP;
/** MACs of hosts behind the leaf's own ports. */
export const localMacAt = (i: number): Mac => (FIRST_LOCAL_MAC + i) as Mac;

/** True for hosts of ours; a leaf may announce MACs of its own ports beside them. */
export function isBenchMac(mac: number): boolean {
  return mac >= FIRST_MAC && mac < FIRST_LOCAL_MAC + (FIRST_LOCAL_MAC - FIRST_MAC);
}

/** In which VNI, by index, route i is. */
export function vniIndexOf(routes: Routes, i: number): number {
  return Math.floor(i / Math.ceil(routes.count / routes.vnis));
}

/** Behind which VTEP, by index, host i is; `place` 1 is where it moves to, and counts for TWO_VTEPS only. */
export function vtepIndexOf(routes: Routes, i: number, place: number): number {
  if (!routes.spread) return place;
  const { vteps, perVni } = routes.spread;
  const inVni = Math.ceil(routes.count / routes.vnis);
  const block = Math.floor(((i % inVni) * perVni) / inVni);
  return (vniIndexOf(routes, i) * perVni + block) % vteps;
}

/** The numbers of the routes, in their order. */
export function* indexes(routes: Routes): IterableIterator<number> {
  const { count, step = 1, offset = 0, order } = routes;
  if (order === 'shuffled') yield* shuffledNumbers(routes);
  else if (order === 'in turn') {
    for (const i of numbersInTurn(routes)) if (i % step === offset) yield i;
  } else for (let i = offset; i < count; i += step) yield i;
}

function* numbersInTurn({ count, vnis, spread = ONE_VTEP }: Routes): IterableIterator<number> {
  const inVni = Math.ceil(count / vnis);
  const starts = Array.from({ length: spread.perVni + 1 }, (_, n) => Math.ceil((n * inVni) / spread.perVni));
  for (let k = 0; k < Math.ceil(inVni / spread.perVni); k++)
    for (let block = 0; block < spread.perVni; block++) {
      const inBlock = starts[block] + k;
      if (inBlock >= starts[block + 1]) continue;
      for (let i = inBlock; i < count; i += inVni) yield i;
    }
}

/** Fisher and Yates' shuffle with a generator of its own: every process has the same order. */
function shuffledNumbers(routes: Routes): Uint32Array {
  const { step = 1, offset = 0 } = routes;
  const numbers = Uint32Array.from({ length: hostCount(routes) }, (_, n) => offset + n * step);
  let seed = 1;
  for (let last = numbers.length - 1; last > 0; last--) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const other = Math.floor((seed / 2 ** 32) * (last + 1));
    [numbers[last], numbers[other]] = [numbers[other], numbers[last]];
  }
  return numbers;
}

/** The first `count` of the routes' numbers. */
export function firstOf(routes: Routes, count: number): number[] {
  return [...indexes(routes)].slice(0, count);
}

function hostCount({ count, step = 1, offset = 0 }: Routes): number {
  return Math.max(0, Math.ceil((count - offset) / step));
}

/** How many Type-2 routes they are. */
export function routeCount(routes: Routes): number {
  return hostCount(routes) * (routes.bothKinds ? 2 : 1);
}

function rdOf(vtep: number, vniIndex: number): RouteDistinguisher {
  return RouteDistinguisher.ofRouterId(vtepAt(vtep), vniIndex + 1);
}

/** Type-2 of route i behind remote VTEP `vtep`. */
export function macRouteAt(routes: Routes, i: number, vtep: number): MacIpAdvertisement {
  const vniIndex = vniIndexOf(routes, i);
  return {
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd: rdOf(vtep, vniIndex),
    esi: ESI_ZERO,
    ethernetTag: 0,
    mac: macAt(i),
    ip: routes.withIp ? ipAt(i) : undefined,
    label1: vniAt(vniIndex),
    label2: undefined,
  };
}

/** The Type-2 routes of host i: that with its IP, and that of its MAC alone where there are both. */
export function routesAt(routes: Routes, i: number, vtep: number): MacIpAdvertisement[] {
  const route = macRouteAt(routes, i, vtep);
  return routes.bothKinds ? [{ ...route, ip: undefined }, route] : [route];
}

/** Type-3 of a VNI behind remote VTEP `vtep`. */
export function imetAt(vniIndex: number, vtep: number): InclusiveMulticast {
  return {
    type: RouteType.INCLUSIVE_MULTICAST,
    rd: rdOf(vtep, vniIndex),
    ethernetTag: 0,
    originator: vtepAt(vtep),
  };
}

/** What goes with the routes of one VNI; `sequence` 0 carries no MAC mobility. */
export function attributesAt(
  vniIndex: number,
  vtep: number,
  sequence: number,
  isImet = false,
): OriginatedAttributes {
  const vni = vniAt(vniIndex);
  const communities = [ExtendedCommunity.encapsulation(), routeTargetOfAs2(SPINE_ASN, vni)];
  if (sequence > 0) communities.push(ExtendedCommunity.macMobility(sequence, false));
  return {
    nextHop: vtepAt(vtep),
    extendedCommunities: communities,
    pmsiTunnel: isImet ? { endpoint: vtepAt(vtep), vni } : undefined,
  };
}
