import type { Esi, Ip, Mac } from '../../types/index.js';
import { type EvpnNlri, RouteType } from '../nlri.js';

/** The part of an EVPN route's key, behind RD and type, that differs most among routes of the type. */
export type Head = Ip | Esi | Mac;

/** The part of the key that picks the bucket: the one that differs most among routes of the type. */
export function headOf(nlri: EvpnNlri): Head {
  switch (nlri.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return nlri.mac;
    case RouteType.INCLUSIVE_MULTICAST:
      return nlri.originator;
    case RouteType.IP_PREFIX:
      return nlri.prefix;
    default:
      return nlri.esi;
  }
}

function sameHead(a: EvpnNlri, b: EvpnNlri): boolean {
  return a.type === b.type && headOf(a) === headOf(b);
}

/** Equality of the rest of the key, given equal RD, type and head. */
export function sameTail(a: EvpnNlri, b: EvpnNlri): boolean {
  switch (a.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return a.type === b.type && a.ip === b.ip && a.ethernetTag === b.ethernetTag;
    case RouteType.IP_PREFIX:
      return a.type === b.type && a.prefixLength === b.prefixLength && a.ethernetTag === b.ethernetTag;
    case RouteType.ETHERNET_SEGMENT:
      return a.type === b.type && a.originator === b.originator;
    default:
      return a.type === b.type && a.ethernetTag === b.ethernetTag;
  }
}

/** The rest of the key as text: equal where `sameTail` is true, for those few that share a head with many. */
export function tailOf(nlri: EvpnNlri): string {
  switch (nlri.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return `${nlri.ethernetTag} ${nlri.ip ?? ''}`;
    case RouteType.IP_PREFIX:
      return `${nlri.ethernetTag} ${nlri.prefixLength}`;
    case RouteType.ETHERNET_SEGMENT:
      return String(nlri.originator);
    default:
      return String(nlri.ethernetTag);
  }
}

/** True where both name the same destination (RFC 7432 §7, RFC 9136 §3.1: ESI and labels of types 2 and 5 do not count). */
export function sameKey(a: EvpnNlri, b: EvpnNlri): boolean {
  return a.rd === b.rd && sameHead(a, b) && sameTail(a, b);
}

/** True where also what is not in the key is equal: ESI, labels, gateway. */
export function sameNlri(a: EvpnNlri, b: EvpnNlri): boolean {
  if (a === b) return true;
  if (!sameKey(a, b)) return false;
  switch (a.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return a.type === b.type && a.label1 === b.label1 && a.label2 === b.label2 && a.esi === b.esi;
    case RouteType.IP_PREFIX:
      return a.type === b.type && a.label === b.label && a.gateway === b.gateway && a.esi === b.esi;
    case RouteType.ETHERNET_AUTO_DISCOVERY:
      return a.type === b.type && a.label === b.label;
    default:
      return true;
  }
}
