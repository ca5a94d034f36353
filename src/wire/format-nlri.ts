import { formatEsi, formatIp, formatMac, type Ip, isIpv4 } from '../types/index.js';
import { type EvpnNlri, RouteType } from './nlri.js';

function prefixed(ip: Ip): string {
  return `[${isIpv4(ip) ? 32 : 128}]:[${formatIp(ip)}]`;
}

/** The route's key in the look that operators know, such as `[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.0.1]`. */
export function formatNlri(nlri: EvpnNlri): string {
  switch (nlri.type) {
    case RouteType.ETHERNET_AUTO_DISCOVERY:
      return `[1]:[${nlri.ethernetTag}]:[${formatEsi(nlri.esi)}]`;
    case RouteType.MAC_IP_ADVERTISEMENT: {
      const mac = `[2]:[${nlri.ethernetTag}]:[48]:[${formatMac(nlri.mac)}]`;
      return nlri.ip === undefined ? mac : `${mac}:${prefixed(nlri.ip)}`;
    }
    case RouteType.INCLUSIVE_MULTICAST:
      return `[3]:[${nlri.ethernetTag}]:${prefixed(nlri.originator)}`;
    case RouteType.ETHERNET_SEGMENT:
      return `[4]:[${formatEsi(nlri.esi)}]:${prefixed(nlri.originator)}`;
    case RouteType.IP_PREFIX:
      return `[5]:[${nlri.ethernetTag}]:[${nlri.prefixLength}]:[${formatIp(nlri.prefix)}]`;
  }
}
