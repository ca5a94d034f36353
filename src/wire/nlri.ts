import type { Esi, Ip, Mac, RouteDistinguisher } from '../types/index.js';

/** EVPN route types (RFC 7432 §7, RFC 9136 §3). */
export const RouteType = {
  ETHERNET_AUTO_DISCOVERY: 1,
  MAC_IP_ADVERTISEMENT: 2,
  INCLUSIVE_MULTICAST: 3,
  ETHERNET_SEGMENT: 4,
  IP_PREFIX: 5,
} as const;
export type RouteType = (typeof RouteType)[keyof typeof RouteType];

/** MAX-ET: the Ethernet tag of an Ethernet A-D per ES route (RFC 7432 §8.2.1). */
export const MAX_ETHERNET_TAG = 0xffff_ffff;

/** Ethernet A-D (RFC 7432 §7.1), per ES with MAX_ETHERNET_TAG, else per EVI. The label is the raw 24-bit field: a VNI with VXLAN (RFC 8365 §5.1.3). */
export interface EthernetAutoDiscovery {
  readonly type: typeof RouteType.ETHERNET_AUTO_DISCOVERY;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly ethernetTag: number;
  readonly label: number;
}

/** MAC/IP Advertisement (RFC 7432 §7.2). The key is rd + ethernetTag + mac + ip; esi and labels are not part of it. */
export interface MacIpAdvertisement {
  readonly type: typeof RouteType.MAC_IP_ADVERTISEMENT;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly ethernetTag: number;
  readonly mac: Mac;
  readonly ip: Ip | undefined;
  /** The L2 VNI, raw 24 bits. */
  readonly label1: number;
  /** The L3 VNI where the route has one. */
  readonly label2: number | undefined;
}

/** Inclusive Multicast Ethernet Tag (RFC 7432 §7.3): key rd + ethernetTag + originator. */
export interface Imet {
  readonly type: typeof RouteType.INCLUSIVE_MULTICAST;
  readonly rd: RouteDistinguisher;
  readonly ethernetTag: number;
  readonly originator: Ip;
}

/** Ethernet Segment (RFC 7432 §7.4): key rd + esi + originator. */
export interface EthernetSegment {
  readonly type: typeof RouteType.ETHERNET_SEGMENT;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly originator: Ip;
}

/** IP Prefix (RFC 9136 §3.1): key rd + ethernetTag + prefixLength + prefix. */
export interface IpPrefix {
  readonly type: typeof RouteType.IP_PREFIX;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly ethernetTag: number;
  readonly prefixLength: number;
  readonly prefix: Ip;
  readonly gateway: Ip;
  /** The L3 VNI, raw 24 bits. */
  readonly label: number;
}

export type EvpnNlri = EthernetAutoDiscovery | MacIpAdvertisement | Imet | EthernetSegment | IpPrefix;
