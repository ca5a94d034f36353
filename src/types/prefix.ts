import type { Brand } from './brand.js';
import { formatIp, type Ip, type Ipv4, type Ipv6, isIpv4 } from './ip.js';

/**
 * An IP prefix as one value, equal where address and length are: a number for IPv4, whose 32 bits and length a double holds,
 * a string for IPv6.
 */
export type PrefixKey = Brand<number, 'Ipv4Prefix'> | Brand<string, 'Ipv6Prefix'>;

/** One more than the longest IPv4 prefix, as a power of two. */
const LENGTHS = 64;

/** The key of a prefix; the bits of `prefix` behind the first `length` are 0. */
export function prefixKey(prefix: Ip, length: number): PrefixKey {
  return (
    isIpv4(prefix) ? prefix * LENGTHS + length : `${prefix}${String.fromCharCode(length)}`
  ) as PrefixKey;
}

/** The address of the prefix. */
export function prefixAddress(key: PrefixKey): Ip {
  return typeof key === 'number' ? (Math.floor(key / LENGTHS) as Ipv4) : (key.slice(0, 16) as Ipv6);
}

/** Its length in bits. */
export function prefixLength(key: PrefixKey): number {
  return typeof key === 'number' ? key % LENGTHS : key.charCodeAt(16);
}

/** `10.0.0.0/8`, `2001:db8::/32`. */
export function formatPrefix(key: PrefixKey): string {
  return `${formatIp(prefixAddress(key))}/${prefixLength(key)}`;
}

/** The prefix of the first `length` bits of an address. */
export function prefixOf(ip: Ip, length: number): PrefixKey {
  return prefixKey(masked(ip, length), length);
}

function masked(ip: Ip, length: number): Ip {
  if (isIpv4(ip)) return (length === 0 ? 0 : (ip & (-1 << (32 - length))) >>> 0) as Ipv4;
  const octets = length >>> 3;
  const bits = length & 7;
  const partial = bits === 0 ? '' : String.fromCharCode(ip.charCodeAt(octets) & (0xff << (8 - bits)));
  return `${ip.slice(0, octets)}${partial}`.padEnd(16, '\0') as Ipv6;
}
