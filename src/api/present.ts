import type { Path } from '../bgp/index.js';
import { type BridgeFdbRow, type NeighRow, Ntf, Nud, type VxlanFdbRow } from '../dataplane/index.js';
import {
  type Esi,
  formatEsi,
  formatIp,
  formatMac,
  formatRouteTarget,
  type Ip,
  type Ipv4,
  type RouteTarget,
} from '../types/index.js';
import {
  type AsPathSegment,
  AsPathSegmentType,
  describeExtendedCommunity,
  type EvpnNlri,
  ExtendedCommunityType,
  ExtendedCommunityValue,
  extendedCommunityType,
  formatNlri,
  INGRESS_REPLICATION,
  isRouteTarget,
  Origin,
  type OriginatedAttributes,
  PIM_SM_TREE,
  RouteType,
} from '../wire/index.js';
import type { FdbRowItem, NeighRowItem, PathItem, RouteItem } from './schemas.js';

/** How the values of the rooms below read in the API's items. Pure; the composition's read model is made of these. */

/** An address, or null. */
export function ipText(ip: Ip | undefined): string | null {
  return ip === undefined ? null : formatIp(ip);
}

/** RFC 3339 in UTC from milliseconds since 1970, or null. */
export function timeText(wallTime: number | undefined): string | null {
  return wallTime === undefined ? null : new Date(wallTime).toISOString();
}

/** A BGP identifier as dotted quad. */
export function routerIdText(routerId: number): string {
  return formatIp(routerId as Ipv4);
}

/** `ndm_flags` or `ndm_state` bits by their names in lower case, lowest bit first. */
function bitNames(table: Readonly<Record<string, number>>, bits: number): string[] {
  return Object.entries(table)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name.toLowerCase());
}

/** A bridge's or a VXLAN device's row; `device` is the name of the port it points to, or of the VXLAN device. */
export function fdbRowItem(row: BridgeFdbRow | VxlanFdbRow, device: string): FdbRowItem {
  return {
    device,
    state: bitNames(Nud, row.state),
    flags: bitNames(Ntf, row.flags),
    dst: 'dst' in row ? ipText(row.dst) : null,
    offloaded: (row.flags & Ntf.OFFLOADED) !== 0,
  };
}

/** A neighbour table's row. */
export function neighRowItem(row: NeighRow, device: string): NeighRowItem {
  return {
    device,
    mac: row.mac === undefined ? null : formatMac(row.mac),
    state: bitNames(Nud, row.state),
    flags: bitNames(Ntf, row.flags),
    protocol: row.protocol,
    offloaded: (row.flags & Ntf.OFFLOADED) !== 0,
  };
}

/** The part of a route's item that its NLRI tells. */
export type NlriItem = Pick<
  RouteItem,
  'key' | 'type' | 'rd' | 'ethernetTag' | 'mac' | 'ip' | 'prefix' | 'gateway' | 'esi' | 'labels'
>;

export function nlriItem(nlri: EvpnNlri): NlriItem {
  const item: NlriItem = {
    key: formatNlri(nlri),
    type: nlri.type,
    rd: nlri.rd.toString(),
    ethernetTag: nlri.type === RouteType.ETHERNET_SEGMENT ? null : nlri.ethernetTag,
    mac: null,
    ip: null,
    prefix: null,
    gateway: null,
    esi: esiText(nlri),
    labels: labelsOf(nlri),
  };
  switch (nlri.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return { ...item, mac: formatMac(nlri.mac), ip: ipText(nlri.ip) };
    case RouteType.INCLUSIVE_MULTICAST:
    case RouteType.ETHERNET_SEGMENT:
      return { ...item, ip: formatIp(nlri.originator) };
    case RouteType.IP_PREFIX:
      return {
        ...item,
        prefix: `${formatIp(nlri.prefix)}/${nlri.prefixLength}`,
        gateway: formatIp(nlri.gateway),
      };
    default:
      return item;
  }
}

/** A neighbour's path. */
export function pathItem(path: Path, best: boolean): PathItem {
  const { attributes } = path;
  // Those of a long set are read anew whenever somebody asks
  const { extendedCommunities } = attributes;
  return {
    neighbor: path.source.neighbor,
    best,
    stale: path.stale,
    esi: esiText(path.nlri),
    labels: labelsOf(path.nlri),
    nextHop: formatIp(attributes.nextHop),
    asPath: attributes.asPath.map(segmentItem),
    origin: ORIGIN_NAMES[attributes.origin],
    localPref: attributes.localPref ?? null,
    med: attributes.med ?? null,
    originatorId: attributes.originatorId === undefined ? null : routerIdText(attributes.originatorId),
    clusterList: attributes.clusterList.map(routerIdText),
    routeTargets: extendedCommunities.filter(isRouteTarget).map(formatRouteTarget),
    extendedCommunities: extendedCommunities.map(describeExtendedCommunity),
    macMobility: attributes.macMobility ? { ...attributes.macMobility } : null,
    pmsi: attributes.pmsiTunnel
      ? {
          tunnelType: attributes.pmsiTunnel.tunnelType,
          label: attributes.pmsiTunnel.label,
          endpoint: ipText(attributes.pmsiTunnel.endpoint),
        }
      : null,
    receivedAt: timeText(path.receivedAt),
  };
}

/** The path of a route of our own: the only one, and the best. */
export function originatedPathItem(nlri: EvpnNlri, attributes: OriginatedAttributes): PathItem {
  const { extendedCommunities, pmsiTunnel } = attributes;
  const mobility = extendedCommunities.find(
    (value) => extendedCommunityType(value) === ExtendedCommunityType.MAC_MOBILITY,
  );
  return {
    neighbor: null,
    best: true,
    stale: false,
    esi: esiText(nlri),
    labels: labelsOf(nlri),
    nextHop: formatIp(attributes.nextHop),
    asPath: [],
    origin: 'igp',
    localPref: null,
    med: null,
    originatorId: null,
    clusterList: [],
    routeTargets: extendedCommunities
      .filter((value): value is RouteTarget => isRouteTarget(value))
      .map(formatRouteTarget),
    extendedCommunities: extendedCommunities.map(describeExtendedCommunity),
    macMobility:
      mobility === undefined
        ? null
        : {
            sequence: ExtendedCommunityValue.sequence(mobility),
            sticky: ExtendedCommunityValue.sticky(mobility),
          },
    pmsi: pmsiTunnel
      ? {
          tunnelType: pmsiTunnel.group === undefined ? INGRESS_REPLICATION : PIM_SM_TREE,
          label: pmsiTunnel.vni,
          endpoint: pmsiTunnel.group === undefined ? formatIp(pmsiTunnel.endpoint) : null,
        }
      : null,
    receivedAt: null,
  };
}

const ORIGIN_NAMES = {
  [Origin.IGP]: 'igp',
  [Origin.EGP]: 'egp',
  [Origin.INCOMPLETE]: 'incomplete',
} as const;

const SEGMENT_NAMES = {
  [AsPathSegmentType.AS_SET]: 'set',
  [AsPathSegmentType.AS_SEQUENCE]: 'sequence',
  [AsPathSegmentType.AS_CONFED_SEQUENCE]: 'confed-sequence',
  [AsPathSegmentType.AS_CONFED_SET]: 'confed-set',
} as const;

function segmentItem(segment: AsPathSegment): PathItem['asPath'][number] {
  return { type: SEGMENT_NAMES[segment.type], asns: [...segment.asns] };
}

function esiText(nlri: EvpnNlri): string | null {
  return 'esi' in nlri ? formatEsi(nlri.esi as Esi) : null;
}

function labelsOf(nlri: EvpnNlri): number[] {
  switch (nlri.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return nlri.label2 === undefined ? [nlri.label1] : [nlri.label1, nlri.label2];
    case RouteType.ETHERNET_AUTO_DISCOVERY:
    case RouteType.IP_PREFIX:
      return [nlri.label];
    default:
      return [];
  }
}
