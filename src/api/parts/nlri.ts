import { type Static, Type } from '@sinclair/typebox';
import {
  compareIp,
  ESI_ZERO,
  type Esi,
  formatEsi,
  formatIp,
  formatMac,
  IPV4_ANY,
  type Ip,
  type Mac,
  ParseError,
  parseIp,
  RouteDistinguisher,
} from '../../types/index.js';
import { EVPN, type EvpnNlri, formatNlri, RouteType } from '../../wire/index.js';
import type { KeyOrder } from '../paging.js';
import { ipText } from '../present.js';
import { Address, Count, closed, MacText, nullable, Text } from '../schema-words.js';

/* What the API shows of an NLRI, and how it orders and counts them: what the API has of EVPN route types. */

/** The largest number of a route type that is decoded. */
export const LAST_ROUTE_TYPE = EVPN.kinds - 1;

/** The fields of a route's item that come from its NLRI. */
export const NlriProperties = {
  key: Text('`[type]:[ethernet tag]:…` as FRR writes it; unique within the route distinguisher and origin.'),
  type: Type.Integer({ minimum: 1, maximum: LAST_ROUTE_TYPE, description: 'EVPN route type.' }),
  rd: Text(),
  ethernetTag: nullable(Count('null for type 4, which has none.')),
  mac: nullable(MacText()),
  ip: nullable(Address("The host's; the originator's in types 3 and 4.")),
  prefix: nullable(Text('Type 5: address/length.')),
  gateway: nullable(Address('Type 5.')),
  esi: nullable(Text("The best path's; null where the type has none.")),
  labels: Type.Array(Count(), { description: "The best path's." }),
};

const NlriSchema = Type.Object(NlriProperties);
type NlriItem = Static<typeof NlriSchema>;

/** Numbers of routes by their type. */
export const RouteCounts = Type.Object(
  {
    total: Count(),
    ethernetAutoDiscovery: Count('Type 1.'),
    macIpAdvertisement: Count('Type 2.'),
    inclusiveMulticast: Count('Type 3.'),
    ethernetSegment: Count('Type 4.'),
    ipPrefix: Count('Type 5.'),
  },
  closed,
);

/** Returns the counts as an item; `byType` is indexed by route type. */
export function routeCountsItem(byType: readonly number[]): Static<typeof RouteCounts> {
  return {
    total: byType.reduce((sum, count) => sum + count, 0),
    ethernetAutoDiscovery: byType[RouteType.ETHERNET_AUTO_DISCOVERY],
    macIpAdvertisement: byType[RouteType.MAC_IP_ADVERTISEMENT],
    inclusiveMulticast: byType[RouteType.INCLUSIVE_MULTICAST],
    ethernetSegment: byType[RouteType.ETHERNET_SEGMENT],
    ipPrefix: byType[RouteType.IP_PREFIX],
  };
}

/** Returns the fields of a route's item that come from its NLRI. */
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

/** Returns the ESI as text; null for a type that has none. */
export function esiText(nlri: EvpnNlri): string | null {
  return 'esi' in nlri ? formatEsi(nlri.esi as Esi) : null;
}

/** Returns the raw 24-bit labels. */
export function labelsOf(nlri: EvpnNlri): number[] {
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

/** Returns the address that a filter by IP looks at: the host's, or the originator's. */
export function addressOfRoute(nlri: EvpnNlri): unknown {
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) return nlri.ip;
  return 'originator' in nlri ? nlri.originator : undefined;
}

/**
 * Routes by key: RD, type, Ethernet tag, then what identifies the route within (RFC 7432 §7, RFC 9136 §3.1). A key is
 * the NLRI itself, so that a walk allocates nothing; fields that are not part of the key are ignored, and are zero in what
 * `decode` gives.
 */
export const nlriOrder: KeyOrder<EvpnNlri> = { compare, encode, decode };

/** The key of a row in a list of routes: if two leaves use one RD by mistake, both rows must be shown. */
export interface RouteKey {
  readonly origin: 'local' | 'remote';
  readonly route: { readonly nlri: EvpnNlri };
}

/** Routes by their NLRI; our own before a neighbor's of the same key. */
export const routeOrder: KeyOrder<RouteKey> = {
  compare: (a, b) => compare(a.route.nlri, b.route.nlri) || compareText(a.origin, b.origin),
  encode: ({ origin, route }) => `${origin}/${encode(route.nlri)}`,
  decode(text) {
    const match = /^(local|remote)\/(.*)$/.exec(text);
    const nlri = match ? decode(match[2]) : undefined;
    return match && nlri ? { origin: match[1] === 'local' ? 'local' : 'remote', route: { nlri } } : undefined;
  },
};

function compare(a: EvpnNlri, b: EvpnNlri): number {
  return (
    a.rd.high - b.rd.high ||
    a.rd.low - b.rd.low ||
    a.type - b.type ||
    tagOf(a) - tagOf(b) ||
    numberOf(a) - numberOf(b) ||
    compareText(esiOf(a), esiOf(b)) ||
    compareIp(ipOf(a) ?? IPV4_ANY, ipOf(b) ?? IPV4_ANY) ||
    Number(ipOf(a) !== undefined) - Number(ipOf(b) !== undefined)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function tagOf(nlri: EvpnNlri): number {
  return nlri.type === RouteType.ETHERNET_SEGMENT ? 0 : nlri.ethernetTag;
}

/** The MAC address, or the prefix length. */
function numberOf(nlri: EvpnNlri): number {
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) return nlri.mac;
  return nlri.type === RouteType.IP_PREFIX ? nlri.prefixLength : 0;
}

/** The ESI if it is part of the key. */
function esiOf(nlri: EvpnNlri): Esi {
  const partOfKey =
    nlri.type === RouteType.ETHERNET_AUTO_DISCOVERY || nlri.type === RouteType.ETHERNET_SEGMENT;
  return partOfKey ? nlri.esi : ESI_ZERO;
}

function ipOf(nlri: EvpnNlri): Ip | undefined {
  switch (nlri.type) {
    case RouteType.ETHERNET_AUTO_DISCOVERY:
      return undefined;
    case RouteType.MAC_IP_ADVERTISEMENT:
      return nlri.ip;
    case RouteType.IP_PREFIX:
      return nlri.prefix;
    default:
      return nlri.originator;
  }
}

function encode(nlri: EvpnNlri): string {
  const ip = ipOf(nlri);
  const { high, low } = nlri.rd;
  return [
    high,
    low,
    nlri.type,
    tagOf(nlri),
    numberOf(nlri),
    esiOf(nlri),
    ip === undefined ? '' : formatIp(ip),
  ].join('/');
}

const NUMBERS = 5;
const TEXT = /^(?:\d{1,15}\/){5}[0-9a-f]{20}\/[0-9a-f.:]*$/;

function decode(text: string): EvpnNlri | undefined {
  if (!TEXT.test(text)) return undefined;
  const parts = text.split('/');
  const [high, low, type, ethernetTag, number] = parts.slice(0, NUMBERS).map(Number);
  const ip = parts[NUMBERS + 1] === '' ? undefined : ipOrNothing(parts[NUMBERS + 1]);
  if (ip === undefined && parts[NUMBERS + 1] !== '') return undefined;
  if (high > 0xffffffff || low > 0xffffffff) return undefined;
  const rd = RouteDistinguisher.of(high, low);
  const esi = parts[NUMBERS] as Esi;
  if (type === RouteType.ETHERNET_AUTO_DISCOVERY) return { type, rd, ethernetTag, esi, label: 0 };
  if (type === RouteType.MAC_IP_ADVERTISEMENT)
    return { type, rd, ethernetTag, esi, mac: number as Mac, ip, label1: 0, label2: undefined };
  if (ip === undefined) return undefined;
  if (type === RouteType.INCLUSIVE_MULTICAST) return { type, rd, ethernetTag, originator: ip };
  if (type === RouteType.ETHERNET_SEGMENT) return { type, rd, esi, originator: ip };
  if (type === RouteType.IP_PREFIX)
    return { type, rd, ethernetTag, esi, prefix: ip, prefixLength: number, gateway: IPV4_ANY, label: 0 };
  return undefined;
}

function ipOrNothing(text: string): Ip | undefined {
  try {
    return parseIp(text);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
