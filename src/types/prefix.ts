import type { Brand } from './brand.js';
import { formatIp, type Ip, type Ipv4, type Ipv6, ipByteLength, isIpv4, isWithin, parseIp } from './ip.js';
import { ParseError } from './parse-error.js';

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

/** The prefix of one address alone. */
export function hostPrefix(ip: Ip): PrefixKey {
  return prefixKey(ip, ipByteLength(ip) * 8);
}

/** The prefix is that of one address alone. */
export function isHostPrefix(key: PrefixKey): boolean {
  return typeof key === 'number' ? key % LENGTHS === 32 : key.charCodeAt(16) === 128;
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

/** Parses `10.1.0.0/16` or `2001:db8::/32`. Throws ParseError, also where a bit behind the prefix is set. */
export function parsePrefix(text: string): PrefixKey {
  const [, address, digits] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (address === undefined) throw new ParseError('prefix', text, 'an IPv4 or IPv6 prefix, as 10.1.0.0/16');
  const ip = parseIp(address);
  const [bits, length] = [ipByteLength(ip) * 8, Number(digits)];
  if (length > bits) throw new ParseError('prefix', text, `a prefix length from 0 to ${bits}`);
  const key = prefixOf(ip, length);
  if (prefixAddress(key) !== ip) throw new ParseError('prefix', text, formatPrefix(key));
  return key;
}

/** The item of the longest prefix that holds the address; undefined where none does. */
export function longestMatch<Item extends { readonly prefix: PrefixKey }>(
  items: readonly Item[],
  address: Ip,
): Item | undefined {
  let longest: Item | undefined;
  for (const item of items) {
    const length = prefixLength(item.prefix);
    if (
      isWithin(address, prefixAddress(item.prefix), length) &&
      (longest === undefined || prefixLength(longest.prefix) < length)
    )
      longest = item;
  }
  return longest;
}

/** What is in the prefix and in none of `holes`, as the fewest prefixes. */
export function prefixWithout(prefix: PrefixKey, holes: readonly PrefixKey[]): PrefixKey[] {
  const [address, length] = [prefixAddress(prefix), prefixLength(prefix)];
  const inside = holes.filter(
    (hole) => prefixLength(hole) >= length && isWithin(prefixAddress(hole), address, length),
  );
  if (inside.length === 0) return [prefix];
  if (inside.includes(prefix)) return [];
  const halves = [prefixKey(address, length + 1), prefixKey(withBit(address, length), length + 1)];
  return halves.flatMap((half) => prefixWithout(half, inside));
}

/** The address with the bit behind its first `index` bits set. */
function withBit(ip: Ip, index: number): Ip {
  if (isIpv4(ip)) return ((ip | (1 << (31 - index))) >>> 0) as Ipv4;
  const octet = index >>> 3;
  const set = String.fromCharCode(ip.charCodeAt(octet) | (0x80 >>> (index & 7)));
  return `${ip.slice(0, octet)}${set}${ip.slice(octet + 1)}` as Ipv6;
}

/** The prefix of the first `length` bits of an address. */
export function prefixOf(ip: Ip, length: number): PrefixKey {
  return prefixKey(masked(ip, length), length);
}

/** The first `length` bits of the address, the others 0. */
export function masked(ip: Ip, length: number): Ip {
  if (isIpv4(ip)) return (length === 0 ? 0 : (ip & (-1 << (32 - length))) >>> 0) as Ipv4;
  const octets = length >>> 3;
  const bits = length & 7;
  const partial = bits === 0 ? '' : String.fromCharCode(ip.charCodeAt(octets) & (0xff << (8 - bits)));
  return `${ip.slice(0, octets)}${partial}`.padEnd(16, '\0') as Ipv6;
}
