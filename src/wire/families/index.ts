/**
 * The address families, a row each. L2VPN/EVPN (RFC 7432), IPv4 unicast (RFC 4271, RFC 4760) and IPv6 unicast (RFC 2545) are
 * here. A session reads those of its neighbor; others are passed over.
 */
import type { EvpnNlri } from '../evpn-routes/index.js';
import type { Family } from './family.js';
import type { Prefix } from './unicast.js';

export { AFI_L2VPN, EVPN, SAFI_EVPN } from './evpn.js';
export type { Family, OnSkipped, Route } from './family.js';
export { IPV4_UNICAST } from './ipv4-unicast.js';
export { IPV6_UNICAST } from './ipv6-unicast.js';
export { AFI_IPV4, AFI_IPV6, type Prefix, SAFI_UNICAST } from './unicast.js';

/** A route of any family. */
export type Nlri = EvpnNlri | Prefix;

/** Any of the rows; who calls it has its own routes. */
export type AnyFamily = Family<Nlri>;

/** The family of these numbers among some; undefined where it is not among them. */
export function familyAmong(
  families: readonly AnyFamily[],
  afi: number,
  safi: number,
): AnyFamily | undefined {
  for (const family of families) if (family.afi === afi && family.safi === safi) return family;
  return undefined;
}

/** The family whose routes are in the fields of RFC 4271. */
export function familyWithFields(families: readonly AnyFamily[]): AnyFamily | undefined {
  for (const family of families) if (family.hasFields) return family;
  return undefined;
}
