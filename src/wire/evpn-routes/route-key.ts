import type { Head } from './codec.js';
import { codecOfRoute, type EvpnNlri } from './index.js';

/** Returns the part of the key, after RD and type, by which tables find a route: it differs most among those of the type. */
export function headOf(nlri: EvpnNlri): Head {
  return codecOfRoute(nlri).head(nlri);
}

/** True if the rest of the key is equal, given equal RDs and heads. */
export function sameTail(a: EvpnNlri, b: EvpnNlri): boolean {
  return a.type === b.type && codecOfRoute(a).sameTail(a, b);
}

/** Returns the rest of the key as text, equal if `sameTail` is true: for those few that share a head with many. */
export function tailOf(nlri: EvpnNlri): string {
  return codecOfRoute(nlri).tail(nlri);
}

/** True if both name the same destination (RFC 7432 §7, RFC 9136 §3.1: ESI and labels of types 2 and 5 do not count). */
export function sameKey(a: EvpnNlri, b: EvpnNlri): boolean {
  return a.rd === b.rd && a.type === b.type && headOf(a) === headOf(b) && sameTail(a, b);
}

/** True if what is not part of the key is equal too: ESI, labels, gateway. */
export function sameNlri(a: EvpnNlri, b: EvpnNlri): boolean {
  return a === b || (sameKey(a, b) && codecOfRoute(a).sameRest(a, b));
}
