import {
  formatMac,
  formatRouteTarget,
  type Mac,
  macFromParts,
  macHigh16,
  macLow32,
  type RouteTarget,
} from '../types/index.js';
import { NdFlag } from './attribute-values.js';

/** Type and subtype of the communities that EVPN reads or writes: the first two octets (RFC 7153 registries). */
export const ExtendedCommunityType = {
  ENCAPSULATION: 0x030c,
  DEFAULT_GATEWAY: 0x030d,
  MAC_MOBILITY: 0x0600,
  ESI_LABEL: 0x0601,
  ES_IMPORT: 0x0602,
  ROUTER_MAC: 0x0603,
  DF_ELECTION: 0x0606,
  ARP_ND: 0x0608,
} as const;

/** Tunnel type of VXLAN (RFC 9012 §3.2.2, RFC 8365 §11). */
export const TUNNEL_TYPE_VXLAN = 8;

const STICKY = 0x01;

function community(type: number, high16: number, low32: number): bigint {
  return (BigInt(type) << 48n) | (BigInt(high16) << 32n) | BigInt(low32 >>> 0);
}

/** The first two octets. */
export function extendedCommunityType(value: bigint): number {
  return Number(value >> 48n);
}

/** Octets 2 and 3. */
function high16(value: bigint): number {
  return Number((value >> 32n) & 0xffffn);
}

/** Octets 4 to 7. */
function low32(value: bigint): number {
  return Number(value & 0xffffffffn);
}

/** Builders of the communities that EVPN sends, each its eight octets as a bigint. */
export const ExtendedCommunity = {
  /** RFC 9012 §4.1; VXLAN unless given otherwise. */
  encapsulation(tunnelType: number = TUNNEL_TYPE_VXLAN): bigint {
    return community(ExtendedCommunityType.ENCAPSULATION, 0, tunnelType);
  },
  /** A route target already is its community (RFC 4360 §4, RFC 5668 §2). */
  routeTarget(target: RouteTarget): bigint {
    return target;
  },
  /** RFC 7432 §7.7; `sequence` is unsigned 32 bits. */
  macMobility(sequence: number, sticky: boolean): bigint {
    return community(ExtendedCommunityType.MAC_MOBILITY, sticky ? STICKY << 8 : 0, sequence);
  },
  /** EVPN Router's MAC (RFC 9135 §8.1). */
  routerMac(mac: Mac): bigint {
    return community(ExtendedCommunityType.ROUTER_MAC, macHigh16(mac), macLow32(mac));
  },
  /** RFC 7432 §7.8. */
  defaultGateway(): bigint {
    return community(ExtendedCommunityType.DEFAULT_GATEWAY, 0, 0);
  },
  /** ARP/ND flags (RFC 9047 §2): a sum of NdFlag. */
  neighborFlags(flags: number): bigint {
    return community(ExtendedCommunityType.ARP_ND, flags << 8, 0);
  },
} as const;

/** Readers of the communities' values; the caller has looked at the type. */
export const ExtendedCommunityValue = {
  tunnelType: (value: bigint): number => low32(value) & 0xffff,
  sequence: low32,
  sticky: (value: bigint): boolean => ((high16(value) >>> 8) & STICKY) !== 0,
  mac: (value: bigint): Mac => macFromParts(high16(value), low32(value)),
  neighborFlags: (value: bigint): number => high16(value) >>> 8,
  /** Of an ESI label (RFC 7432 §7.5). */
  singleActive: (value: bigint): boolean => ((high16(value) >>> 8) & 1) === 1,
} as const;

/** True for the three transitive types of route target: 2-octet AS, IPv4, 4-octet AS (RFC 4360 §4, RFC 5668 §2). */
export function isRouteTarget(value: bigint): value is RouteTarget {
  const type = extendedCommunityType(value);
  return type === 0x0002 || type === 0x0102 || type === 0x0202;
}

/** IANA's tunnel encapsulation types that EVPN meets (RFC 9012 §12.1, RFC 8365 §11). */
const TUNNEL_TYPES: Readonly<Record<number, string>> = {
  8: 'VXLAN',
  9: 'NVGRE',
  10: 'MPLS',
  11: 'MPLS-in-GRE',
  12: 'VXLAN-GPE',
  19: 'GENEVE',
};

function describeFlags(flags: number): string {
  const names = Object.entries(NdFlag).filter(([, bit]) => (flags & bit) !== 0);
  return names.map(([name]) => name.toLowerCase()).join(',') || 'none';
}

const DESCRIPTIONS: Readonly<Record<number, (value: bigint) => string>> = {
  [ExtendedCommunityType.ENCAPSULATION](value) {
    const type = ExtendedCommunityValue.tunnelType(value);
    return `encapsulation:${TUNNEL_TYPES[type] ?? type}`;
  },
  [ExtendedCommunityType.DEFAULT_GATEWAY]: () => 'default-gateway',
  [ExtendedCommunityType.MAC_MOBILITY](value) {
    const sticky = ExtendedCommunityValue.sticky(value) ? ',sticky' : '';
    return `mac-mobility:${ExtendedCommunityValue.sequence(value)}${sticky}`;
  },
  [ExtendedCommunityType.ESI_LABEL](value) {
    const mode = ExtendedCommunityValue.singleActive(value) ? 'single-active' : 'all-active';
    return `esi-label:${low32(value) & 0xffffff},${mode}`;
  },
  [ExtendedCommunityType.ES_IMPORT]: (value) => `es-import:${formatMac(ExtendedCommunityValue.mac(value))}`,
  [ExtendedCommunityType.ROUTER_MAC]: (value) => `router-mac:${formatMac(ExtendedCommunityValue.mac(value))}`,
  [ExtendedCommunityType.ARP_ND]: (value) =>
    `arp-nd:${describeFlags(ExtendedCommunityValue.neighborFlags(value))}`,
};

/** One line for people, such as `rt:65001:10010`, `mac-mobility:3,sticky`; hexadecimal digits for what has no name. */
export function describeExtendedCommunity(value: bigint): string {
  if (isRouteTarget(value)) return `rt:${formatRouteTarget(value)}`;
  const type = extendedCommunityType(value);
  // Route origin differs from a route target by its subtype alone (RFC 4360 §5)
  if (type === 0x0003 || type === 0x0103 || type === 0x0203)
    return `soo:${formatRouteTarget((value ^ (1n << 48n)) as RouteTarget)}`;
  return DESCRIPTIONS[type]?.(value) ?? `0x${value.toString(16).padStart(16, '0')}`;
}
