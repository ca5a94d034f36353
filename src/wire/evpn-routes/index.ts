/** The EVPN route types that are known, a file each. */
import type { RouteCodec } from './codec.js';
import { type EthernetAutoDiscovery, ethernetAutoDiscovery } from './ethernet-auto-discovery.js';
import { type EthernetSegment, ethernetSegment } from './ethernet-segment.js';
import { type InclusiveMulticast, inclusiveMulticast } from './inclusive-multicast.js';
import { type IpPrefix, ipPrefix } from './ip-prefix.js';
import { type MacIpAdvertisement, macIpAdvertisement } from './mac-ip-advertisement.js';

/** EVPN route types (RFC 7432 §7, RFC 9136 §3). */
export const RouteType = {
  ETHERNET_AUTO_DISCOVERY: 1,
  MAC_IP_ADVERTISEMENT: 2,
  INCLUSIVE_MULTICAST: 3,
  ETHERNET_SEGMENT: 4,
  IP_PREFIX: 5,
} as const;
export type RouteType = (typeof RouteType)[keyof typeof RouteType];

export type EvpnNlri =
  | EthernetAutoDiscovery
  | MacIpAdvertisement
  | InclusiveMulticast
  | EthernetSegment
  | IpPrefix;

export { MAX_ETHERNET_TAG } from './ethernet-auto-discovery.js';
export type { EthernetAutoDiscovery, EthernetSegment, InclusiveMulticast, IpPrefix, MacIpAdvertisement };

// The compiler checks each row by its type; a caller who found the row by a route's type needs it for any route.
const CODECS: { readonly [Type in RouteType]: RouteCodec<Extract<EvpnNlri, { readonly type: Type }>> } = {
  [RouteType.ETHERNET_AUTO_DISCOVERY]: ethernetAutoDiscovery,
  [RouteType.MAC_IP_ADVERTISEMENT]: macIpAdvertisement,
  [RouteType.INCLUSIVE_MULTICAST]: inclusiveMulticast,
  [RouteType.ETHERNET_SEGMENT]: ethernetSegment,
  [RouteType.IP_PREFIX]: ipPrefix,
};

/** One more than the largest type that has a codec: arrays indexed by route type have this length. */
export const ROUTE_TYPE_SLOTS = Math.max(...Object.keys(CODECS).map(Number)) + 1;

/** Returns the codec of a type; undefined if it has none. */
export function codecOf(type: number): RouteCodec<EvpnNlri> | undefined {
  return (CODECS as Readonly<Record<number, unknown>>)[type] as RouteCodec<EvpnNlri> | undefined;
}

/** Returns the codec of the route's type. */
export function codecOfRoute({ type }: EvpnNlri): RouteCodec<EvpnNlri> {
  return CODECS[type] as RouteCodec<EvpnNlri>;
}
