/**
 * EVPN NLRI (RFC 7432 §7, RFC 9136 §3): a list of routes, each a type octet, a length octet and a value. Types 1 to 5
 * are known; others keep their octets, so that a reader may count them (RFC 7606 §5.4) and a writer repeat them. Types 6
 * to 11 of RFC 9251 and RFC 9572 are not supported.
 */
import { ALL, type OnSkipped } from '../families/family.js';
import { Malformed } from '../malformed.js';
import { codecOf, codecOfRoute, type EvpnNlri } from './index.js';

/** A route of a type that has no codec. */
export interface UnknownEvpnRoute {
  readonly type: 'unknown';
  readonly rawType: number;
  readonly value: Uint8Array;
}

export type EvpnRoute = EvpnNlri | UnknownEvpnRoute;

const ROUTE_HEADER = 2;

/**
 * Reads at most `most` routes between `start` and `end` in order, and returns where it ended: known ones into `routes`; unknown
 * ones, and malformed ones of types 1, 4 and 5, to `onSkipped`. Throws Malformed where a length runs beyond `end` or a route of
 * another type is malformed: RFC 7606 §5.3 calls the whole attribute incorrect then, and a skipped route would leave an older
 * one of the same key standing.
 */
export function decodeEvpnRoutes(
  bytes: Buffer,
  start: number,
  end: number,
  routes: EvpnRoute[],
  onSkipped: OnSkipped,
  most = ALL,
): number {
  let at = start;
  for (let left = most; at < end && left > 0; left--) {
    const type = bytes[at];
    const length = bytes[at + 1];
    const value = at + ROUTE_HEADER;
    if (value > end) throw new Malformed(`route of type ${type} without a length octet`);
    if (value + length > end)
      throw new Malformed(`route of type ${type} and length ${length}: ${end - value} octets are left`);
    const codec = codecOf(type);
    if (codec === undefined) onSkipped(type, bytes.subarray(value, value + length), undefined);
    else {
      const fault = codec.fault?.(bytes, value, length);
      if (fault === undefined) routes.push(codec.decode(bytes, value, length));
      else onSkipped(type, bytes.subarray(value, value + length), fault);
    }
    at = value + length;
  }
  return at;
}

/** Octets of the route with its type and length. */
export function evpnRouteLength(route: EvpnRoute): number {
  if (route.type === 'unknown') return ROUTE_HEADER + route.value.length;
  return ROUTE_HEADER + codecOfRoute(route).length(route);
}

/** Writes the route with its type and length at `at`, and returns where it ends. */
export function encodeEvpnRoute(route: EvpnRoute, bytes: Buffer, at: number): number {
  const value = at + ROUTE_HEADER;
  if (route.type === 'unknown') {
    bytes[at] = route.rawType;
    bytes[at + 1] = route.value.length;
    bytes.set(route.value, value);
    return value + route.value.length;
  }
  const codec = codecOfRoute(route);
  const length = codec.length(route);
  bytes[at] = route.type;
  bytes[at + 1] = length;
  codec.encode(route, bytes, value);
  return value + length;
}

/** Returns the route with everything that is not part of its key set to zero. */
export function keyOnly(route: EvpnNlri): EvpnNlri {
  return codecOfRoute(route).keyOnly(route);
}

/** Returns the route's key, without the RD, as FRR writes it, such as `[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.0.1]`. */
export function formatNlri(route: EvpnNlri): string {
  return codecOfRoute(route).format(route);
}

/** Returns the VNI that the route names, in its label or in that of its PMSI tunnel; undefined if it names none. */
export function vniOfRoute(route: EvpnNlri, tunnelLabel: number | undefined): number | undefined {
  return codecOfRoute(route).vni(route, tunnelLabel);
}
