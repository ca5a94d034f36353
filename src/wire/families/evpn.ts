import { type EvpnNlri, ROUTE_TYPE_SLOTS } from '../evpn-routes/index.js';
import { sameKey, sameNlri } from '../evpn-routes/route-key.js';
import {
  decodeEvpnRoutes,
  encodeEvpnRoute,
  evpnRouteLength,
  formatNlri,
  keyOnly,
} from '../evpn-routes/routes.js';
import type { Family } from './family.js';

export const AFI_L2VPN = 25;
export const SAFI_EVPN = 70;

/** L2VPN/EVPN (RFC 7432 §7), whose kinds are its route types. A next hop of 32 octets has a link-local address behind it. */
export const EVPN: Family<EvpnNlri> = {
  name: 'L2VPN/EVPN',
  afi: AFI_L2VPN,
  safi: SAFI_EVPN,
  hasFields: false,
  nextHopLengths: [4, 16, 32],
  kinds: ROUTE_TYPE_SLOTS,
  decode: decodeEvpnRoutes,
  length: evpnRouteLength,
  encode: encodeEvpnRoute,
  keyOnly,
  sameKey,
  same: sameNlri,
  keyOf: (route) => `${route.rd} ${formatNlri(route)}`,
  format: formatNlri,
};
