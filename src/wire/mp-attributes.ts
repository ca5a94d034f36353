import { IPV6_ANY, type Ip, ipFromBytes, unmapped } from '../types/index.js';
import { decodeEvpnRoutes, type EvpnRoute, encodeEvpnRoute, evpnRouteLength } from './evpn-routes/routes.js';
import { type AnyFamily, EVPN, familyAmong } from './families/index.js';
import { Malformed } from './malformed.js';
import { NO_OCTETS } from './octets.js';

/** MP_REACH_NLRI (RFC 4760 §3). */
export interface MpReach {
  readonly afi: number;
  readonly safi: number;
  /** As it came: for EVPN 4, 16, or 32 octets, the latter a global and a link-local address. */
  readonly nextHop: Uint8Array;
  readonly reserved: number;
  /** EVPN's routes; empty for other families. */
  readonly routes: readonly EvpnRoute[];
  /** The NLRI octets of other families. */
  readonly otherNlri: Uint8Array;
}

/** MP_UNREACH_NLRI (RFC 4760 §4). */
export interface MpUnreach {
  readonly afi: number;
  readonly safi: number;
  readonly routes: readonly EvpnRoute[];
  readonly otherNlri: Uint8Array;
}

/** Where the fields of an MP attribute lie in the message; next hop only in MP_REACH. */
export interface MpLayout {
  /** Undefined for a family that is passed over. */
  readonly family: AnyFamily | undefined;
  readonly nextHopAt: number;
  readonly nextHopLength: number;
  readonly nlriAt: number;
}

const FAMILY = 3;
/** Octets of a next hop with a link-local address behind the global one (RFC 2545 §3). */
export const LINK_LOCAL_BEHIND = 32;

/** The lossless form has EVPN's routes, and the octets of others'. */
const TOLD: readonly AnyFamily[] = [EVPN];

function familyAt(bytes: Buffer, at: number, families: readonly AnyFamily[]): AnyFamily | undefined {
  return familyAmong(families, bytes.readUInt16BE(at), bytes[at + 2]);
}

/**
 * Finds the fields of MP_REACH between `start` and `end`. Throws Malformed for fewer than five octets, a next hop that
 * runs over, and one of a length that its family does not have: the NLRI behind it cannot be trusted to be located
 * (RFC 7606 §7.11).
 */
export function layOutMpReach(
  bytes: Buffer,
  start: number,
  end: number,
  families: readonly AnyFamily[],
): MpLayout {
  if (end - start < FAMILY + 2) throw new Malformed(`length ${end - start}: expected 5 or more`);
  const family = familyAt(bytes, start, families);
  const nextHopLength = bytes[start + FAMILY];
  const nextHopAt = start + FAMILY + 1;
  const nlriAt = nextHopAt + nextHopLength + 1;
  if (nlriAt > end)
    throw new Malformed(
      `next hop length ${nextHopLength}: ${end - nextHopAt} octets are left with the reserved one`,
    );
  if (family && !family.nextHopLengths.includes(nextHopLength))
    throw new Malformed(`next hop length ${nextHopLength}: expected ${oneOf(family.nextHopLengths)}`);
  return { family, nextHopAt, nextHopLength, nlriAt };
}

/** The same for MP_UNREACH. Throws Malformed for fewer than three octets. */
export function layOutMpUnreach(
  bytes: Buffer,
  start: number,
  end: number,
  families: readonly AnyFamily[],
): MpLayout {
  if (end - start < FAMILY) throw new Malformed(`length ${end - start}: expected 3 or more`);
  return { family: familyAt(bytes, start, families), nextHopAt: 0, nextHopLength: 0, nlriAt: start + FAMILY };
}

function oneOf(lengths: readonly number[]): string {
  return `${lengths.slice(0, -1).join(', ')} or ${lengths[lengths.length - 1]}`;
}

/**
 * A next hop; of a global and a link-local address the global one (RFC 2545 §3) unless it is `::`, and of an IPv4-mapped
 * one, as speakers write it that have IPv6 next hops alone (RFC 4659 §3.2.1), the IPv4 address.
 */
export function readNextHop(
  bytes: Buffer,
  { nextHopAt, nextHopLength }: Pick<MpLayout, 'nextHopAt' | 'nextHopLength'>,
): Ip {
  const ip = ipFromBytes(bytes, nextHopAt, nextHopLength === 4 ? 4 : 16);
  return ip === IPV6_ANY && nextHopLength === LINK_LOCAL_BEHIND
    ? ipFromBytes(bytes, nextHopAt + 16, 16)
    : unmapped(ip);
}

function decodeNlri(value: Buffer, layout: MpLayout): Pick<MpReach, 'routes' | 'otherNlri'> {
  if (layout.family !== EVPN)
    return { routes: [], otherNlri: Uint8Array.from(value.subarray(layout.nlriAt)) };
  const routes: EvpnRoute[] = [];
  decodeEvpnRoutes(value, layout.nlriAt, value.length, routes, (rawType, octets) =>
    routes.push({ type: 'unknown', rawType, value: Uint8Array.from(octets) }),
  );
  return { routes, otherNlri: NO_OCTETS };
}

/** Reads a whole MP_REACH. Throws Malformed. */
export function decodeMpReach(value: Buffer): MpReach {
  const layout = layOutMpReach(value, 0, value.length, TOLD);
  return {
    afi: value.readUInt16BE(0),
    safi: value[2],
    nextHop: Uint8Array.from(value.subarray(layout.nextHopAt, layout.nextHopAt + layout.nextHopLength)),
    reserved: value[layout.nlriAt - 1],
    ...decodeNlri(value, layout),
  };
}

/** Reads a whole MP_UNREACH. Throws Malformed. */
export function decodeMpUnreach(value: Buffer): MpUnreach {
  const layout = layOutMpUnreach(value, 0, value.length, TOLD);
  return { afi: value.readUInt16BE(0), safi: value[2], ...decodeNlri(value, layout) };
}

function encodeFamily({ afi, safi, routes, otherNlri }: MpUnreach, nextHop: readonly number[]): Buffer {
  const length = routes.reduce((sum, route) => sum + evpnRouteLength(route), otherNlri.length);
  const value = Buffer.alloc(FAMILY + nextHop.length + length);
  value.writeUInt16BE(afi, 0);
  value[2] = safi;
  value.set(nextHop, FAMILY);
  let at = FAMILY + nextHop.length;
  for (const route of routes) at = encodeEvpnRoute(route, value, at);
  value.set(otherNlri, at);
  return value;
}

export function encodeMpReach(reach: MpReach): Buffer {
  return encodeFamily(reach, [reach.nextHop.length, ...reach.nextHop, reach.reserved]);
}

export function encodeMpUnreach(unreach: MpUnreach): Buffer {
  return encodeFamily(unreach, []);
}
