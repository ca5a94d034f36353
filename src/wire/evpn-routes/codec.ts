import {
  type Esi,
  formatIp,
  type Ip,
  ipFromBytes,
  isIpv4,
  type Mac,
  RouteDistinguisher,
} from '../../types/index.js';
import { Malformed } from '../malformed.js';

/** The part of an EVPN route's key, after RD and type, that differs most among routes of the type. */
export type Head = Ip | Esi | Mac;

/** One EVPN route type. `at` is the first octet after type and length, which the registry reads and writes. */
export interface RouteCodec<Route> {
  /**
   * What is malformed in `length` octets of this type, which are skipped then, as a route of an unknown type is (RFC 7606 §5.4): no row
   * of the kernel comes from this type, so that an older route of the same key that stays forwards nothing. Absent where a malformed
   * route makes the whole attribute incorrect.
   */
  fault?(bytes: Buffer, at: number, length: number): string | undefined;
  /**
   * The caller has checked that `length` octets are there, and that `fault` finds none. Without `fault`, throws Malformed where they cannot
   * be this type.
   */
  decode(bytes: Buffer, at: number, length: number): Route;
  /** Returns the number of octets after type and length. */
  length(route: Route): number;
  /** Writes `length(route)` octets. */
  encode(route: Route, bytes: Buffer, at: number): void;
  /** Returns the route with everything that is not part of its key set to zero. */
  keyOnly(route: Route): Route;
  /** Returns the part of the key by which tables find a route. */
  head(route: Route): Head;
  /** True if the rest of the key is equal, given equal RDs and heads. */
  sameTail(a: Route, b: Route): boolean;
  /** Returns the rest of the key as text, equal if `sameTail` is true: for those few that share a head with many. */
  tail(route: Route): string;
  /** True if what is not part of the key is equal. */
  sameRest(a: Route, b: Route): boolean;
  /** Returns the VNI that the label names; of a type without one, `tunnelLabel`, that of its PMSI tunnel; undefined for none. */
  vni(route: Route, tunnelLabel: number | undefined): number | undefined;
  /** Returns the key, without the RD, as FRR writes it: `[type]:[Ethernet tag]:…`. */
  format(route: Route): string;
}

/** Throws where a route's length octet is not among those that its type can have. */
export function expectLength(found: number, name: string, ...allowed: number[]): void {
  if (!allowed.includes(found)) throw new Malformed(lengthFault(found, name, ...allowed));
}

/** The words for a length octet that is none of the allowed ones. */
export function lengthFault(found: number, name: string, ...allowed: number[]): string {
  return `${name} route of ${found} octets: expected ${allowed.join(' or ')}`;
}

/** The RD that was read last: routes of one RD come together. */
let latest = RouteDistinguisher.of(0, 0);

/** Reads eight octets. */
export function readRd(bytes: Buffer, at: number): RouteDistinguisher {
  const high = bytes.readUInt32BE(at);
  const low = bytes.readUInt32BE(at + 4);
  if (latest.high !== high || latest.low !== low) latest = RouteDistinguisher.of(high, low);
  return latest;
}

/** Writes eight octets. */
export function writeRd(rd: RouteDistinguisher, bytes: Buffer, at: number): void {
  bytes.writeUInt32BE(rd.high, at);
  bytes.writeUInt32BE(rd.low, at + 4);
}

/** Returns what is wrong with an address length in bits, which must be that of `octets`. */
export function originatorFault(bits: number, octets: 4 | 16, name: string): string | undefined {
  return bits === octets * 8
    ? undefined
    : `${name} route with IP address length ${bits}: expected ${octets * 8}`;
}

/** Reads an address length in bits, and the address of so many octets after it. Throws Malformed where the two differ. */
export function readOriginator(bytes: Buffer, at: number, octets: 4 | 16, name: string): Ip {
  const fault = originatorFault(bytes[at], octets, name);
  if (fault !== undefined) throw new Malformed(fault);
  return ipFromBytes(bytes, at + 1, octets);
}

/** Returns an address with its length in bits, as the keys of routes show it. */
export function formatAddress(ip: Ip): string {
  return `[${isIpv4(ip) ? 32 : 128}]:[${formatIp(ip)}]`;
}
