import { Address4, Address6 } from 'ip-address';
import type { Brand } from './brand.js';
import { ParseError } from './parse-error.js';

/** An IPv4 address as an unsigned 32-bit number. */
export type Ipv4 = Brand<number, 'Ipv4'>;
/** An IPv6 address as a string of 16 characters, one an octet (code 0 to 255), so that `<` orders by octets. */
export type Ipv6 = Brand<string, 'Ipv6'>;
/** An address of either family: a primitive, usable as key of a Map and with `===`; `typeof` distinguishes the families. */
export type Ip = Ipv4 | Ipv6;

export const IPV4_ANY = 0 as Ipv4;
export const IPV6_ANY = '\0'.repeat(16) as Ipv6;

/** The address that stands for none, of either family. */
export function isUnspecified(ip: Ip): boolean {
  return ip === IPV4_ANY || ip === IPV6_ANY;
}
const IPV6_LOOPBACK = `${'\0'.repeat(15)}\x01`;

/** True for IPv4. */
export function isIpv4(ip: Ip): ip is Ipv4 {
  return typeof ip === 'number';
}

/** Reads 4 or 16 octets at `offset`; the caller has checked the length. */
export function ipFromBytes(bytes: Buffer, offset: number, length: 4 | 16): Ip {
  return length === 4
    ? (bytes.readUInt32BE(offset) as Ipv4)
    : (bytes.toString('latin1', offset, offset + 16) as Ipv6);
}

/** Writes 4 or 16 octets at `offset` and returns how many. */
export function ipToBytes(ip: Ip, bytes: Buffer, offset: number): 4 | 16 {
  if (isIpv4(ip)) {
    bytes.writeUInt32BE(ip, offset);
    return 4;
  }
  bytes.write(ip, offset, 16, 'latin1');
  return 16;
}

/** Returns 4 or 16. */
export function ipByteLength(ip: Ip): 4 | 16 {
  return isIpv4(ip) ? 4 : 16;
}

/** Parses dotted-quad or RFC 4291 text, without prefix length or zone. Throws ParseError. */
export function parseIp(text: string): Ip {
  if (!/[/%]/.test(text)) {
    if (Address4.isValid(text)) return Buffer.from(new Address4(text).toArray()).readUInt32BE(0) as Ipv4;
    if (Address6.isValid(text)) {
      // The library gives as few octets as the number needs
      const octets = new Address6(text).toUnsignedByteArray();
      return Buffer.from([
        ...new Array(Math.max(0, 16 - octets.length)).fill(0),
        ...octets.slice(-16),
      ]).toString('latin1') as Ipv6;
    }
  }
  throw new ParseError('IP address', text, 'an IPv4 or IPv6 address without prefix length');
}

/** Returns dotted-quad or RFC 5952 text, with the mixed notation for an IPv4-mapped address (§5: `::ffff:192.0.2.1`). */
export function formatIp(ip: Ip): string {
  if (isIpv4(ip)) return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
  if (ip.startsWith(MAPPED)) return `::ffff:${formatIp(unmapped(ip))}`;
  return Address6.fromUnsignedByteArray([...Buffer.from(ip, 'latin1')]).correctForm();
}

/** Returns a negative number, zero or a positive one: IPv4 before IPv6, then by octets as unsigned numbers (as RFC 7432 §7.7 compares VTEPs). */
export function compareIp(a: Ip, b: Ip): number {
  if (typeof a !== typeof b) return isIpv4(a) ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True for fe80::/10, and for 169.254.0.0/16. */
export function isLinkLocal(ip: Ip): boolean {
  if (isIpv4(ip)) return ip >>> 16 === 0xa9fe;
  return ip.charCodeAt(0) === 0xfe && (ip.charCodeAt(1) & 0xc0) === 0x80;
}

/** True for fe80::/10, which every link has for itself: only a zone beside it, the device, shows where it is (RFC 4007 §6). */
export function needsZone(ip: Ip): boolean {
  return !isIpv4(ip) && isLinkLocal(ip);
}

/** True if `ip` begins with the first `length` bits of `network`, which may be of the other family. */
export function isWithin(ip: Ip, network: Ip, length: number): boolean {
  if (isIpv4(ip) || isIpv4(network)) {
    if (!isIpv4(ip) || !isIpv4(network)) return false;
    return length === 0 || (ip ^ network) >>> (32 - length) === 0;
  }
  const octets = length >>> 3;
  if (!ip.startsWith(network.slice(0, octets))) return false;
  const bits = length & 7;
  return bits === 0 || (ip.charCodeAt(octets) ^ network.charCodeAt(octets)) >>> (8 - bits) === 0;
}

/** The first twelve octets of an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2). */
const MAPPED = `${'\0'.repeat(10)}\xff\xff`;

/** Returns the IPv4 address of which `ip` is the IPv4-mapped form (`::ffff:10.0.0.9`); any other address unchanged. */
export function unmapped(ip: Ip): Ip {
  if (isIpv4(ip) || !ip.startsWith(MAPPED)) return ip;
  return Buffer.from(ip, 'latin1').readUInt32BE(12) as Ipv4;
}

/**
 * True for an address that cannot be a host's or a VTEP's: unspecified, loopback, multicast, broadcast, reserved, and
 * IPv4-mapped.
 */
export function isMartian(ip: Ip): boolean {
  if (isIpv4(ip)) {
    const first = ip >>> 24;
    return first === 0 || first === 127 || first >= 224;
  }
  const first = ip.charCodeAt(0);
  if (first === 0) return ip === IPV6_ANY || ip === IPV6_LOOPBACK || ip.startsWith(MAPPED);
  return first === 0xff;
}

/** True for an address that cannot be a VTEP's: a martian, or one in fe80::/10, which a link alone has. */
export function isNoVtep(ip: Ip): boolean {
  return isMartian(ip) || needsZone(ip);
}
