import { formatIp, type Ip, type Ipv4 } from '../types/index.js';

/** How the values of the rooms below read in the API's items. Pure. */

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
