import { formatIp, type Ip, isIpv4, parseIp, unmapped } from '../types/index.js';

/**
 * One text for one address: RFC 5952 for IPv6, dotted quad for IPv4 and for IPv4-mapped IPv6, the zone kept as it is.
 * Throws ParseError.
 */
export function canonicalAddress(text: string): string {
  const at = text.indexOf('%');
  const ip = unmapped(parseIp(at < 0 ? text : text.slice(0, at)));
  return at < 0 || isIpv4(ip) ? formatIp(ip) : formatIp(ip) + text.slice(at);
}

/** The zone of an address, which names a device; empty where it has none. */
export function zoneOf(text: string): string {
  const at = text.indexOf('%');
  return at < 0 ? '' : text.slice(at + 1);
}

/** Returns what names a neighbor: the name of its interface, else its address, canonical. Throws ParseError. */
export function neighborName({
  address,
  interface: link,
}: {
  readonly address: string;
  readonly interface?: string | undefined;
}): string {
  return link ?? canonicalAddress(address);
}

/** The address without its zone, as a value that compareIp orders. Throws ParseError. */
export function addressOf(text: string): Ip {
  const at = text.indexOf('%');
  return unmapped(parseIp(at < 0 ? text : text.slice(0, at)));
}
