import { ESI_ZERO } from '../../types/index.js';
import { decodeEvpnRoutes, encodeEvpnRoute, evpnRouteLength } from '../evpn-routes/index.js';
import { sameKey, sameNlri } from '../evpn-routes/route-key.js';
import { formatNlri } from '../format-nlri.js';
import { type EvpnNlri, RouteType } from '../nlri.js';
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
  kinds: RouteType.IP_PREFIX + 1,
  decode: decodeEvpnRoutes,
  length: evpnRouteLength,
  encode: encodeEvpnRoute,
  keyOnly,
  sameKey,
  same: sameNlri,
  keyOf: (route) => `${route.rd} ${formatNlri(route)}`,
  format: formatNlri,
};

function keyOnly(route: EvpnNlri): EvpnNlri {
  switch (route.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return { ...route, esi: ESI_ZERO, label1: 0, label2: undefined };
    case RouteType.ETHERNET_AUTO_DISCOVERY:
      return { ...route, label: 0 };
    case RouteType.IP_PREFIX:
      return { ...route, esi: ESI_ZERO, label: 0 };
    default:
      return route;
  }
}
