import { formatIp, type Ip, ipFromBytes, ipToBytes, isIpv4 } from '../../types/index.js';
import { Malformed } from '../malformed.js';
import { ALL, type Family } from './family.js';

export const AFI_IPV4 = 1;
export const AFI_IPV6 = 2;
export const SAFI_UNICAST = 1;

/** A prefix (RFC 4271 §4.3): the bits of `prefix` behind the first `prefixLength` are 0. */
export interface Prefix {
  readonly type: 0;
  readonly prefixLength: number;
  readonly prefix: Ip;
}

const LONGEST = 16;
/** Where a prefix is put together; what is behind its octets is 0. */
const room = Buffer.alloc(LONGEST);

const octetsOf = (prefixLength: number): number => (prefixLength + 7) >>> 3;

function readPrefix(bytes: Buffer, at: number, prefixLength: number, octets: 4 | 16): Prefix {
  const prefix = octets === 4 ? readIpv4(bytes, at, prefixLength) : readIpv6(bytes, at, prefixLength);
  return { type: 0, prefixLength, prefix };
}

/** Octet by octet: that takes no memory. */
function readIpv4(bytes: Buffer, at: number, prefixLength: number): Ip {
  const length = octetsOf(prefixLength);
  let prefix = 0;
  for (let i = 0; i < length; i++) prefix |= bytes[at + i] << (24 - 8 * i);
  // Bits behind the prefix say nothing (RFC 4271 §4.3)
  return ((prefix & (prefixLength === 0 ? 0 : -1 << (32 - prefixLength))) >>> 0) as Ip;
}

function readIpv6(bytes: Buffer, at: number, prefixLength: number): Ip {
  const length = octetsOf(prefixLength);
  for (let i = 0; i < LONGEST; i++) room[i] = i < length ? bytes[at + i] : 0;
  if (prefixLength % 8 !== 0) room[length - 1] &= 0xff << (8 - (prefixLength % 8));
  return ipFromBytes(room, 0, LONGEST);
}

/**
 * Families whose routes are prefixes of addresses of so many octets. RFC 4271's own NLRI fields are those of IPv4 unicast alone.
 */
export function prefixes(
  name: string,
  afi: number,
  safi: number,
  octets: 4 | 16,
  nextHopLengths: readonly number[],
): Family<Prefix> {
  const same = (a: Prefix, b: Prefix) => a.prefixLength === b.prefixLength && a.prefix === b.prefix;
  return {
    name,
    afi,
    safi,
    hasFields: afi === AFI_IPV4 && safi === SAFI_UNICAST,
    nextHopLengths,
    kinds: 1,
    decode(bytes, start, end, routes, _onSkipped, most = ALL) {
      let at = start;
      for (let left = most; at < end && left > 0; left--) {
        const prefixLength = bytes[at];
        const next = at + 1 + octetsOf(prefixLength);
        if (prefixLength > octets * 8 || next > end)
          throw new Malformed(
            `prefix length ${prefixLength} with ${end - at - 1} octets left: expected 0 to ${octets * 8} bits that fit`,
          );
        routes.push(readPrefix(bytes, at + 1, prefixLength, octets));
        at = next;
      }
      return at;
    },
    length: ({ prefixLength }) => 1 + octetsOf(prefixLength),
    encode({ prefixLength, prefix }, bytes, at) {
      const end = at + 1 + octetsOf(prefixLength);
      ipToBytes(prefix, room, 0);
      bytes[at] = prefixLength;
      room.copy(bytes, at + 1, 0, end - at - 1);
      return end;
    },
    keyOnly: (route) => route,
    sameKey: same,
    same,
    // An IPv4 address has 32 bits and a length six: together they are a number that a double holds
    keyOf: ({ prefixLength, prefix }) =>
      isIpv4(prefix) ? prefix * 64 + prefixLength : `${prefix}${prefixLength}`,
    format: ({ prefixLength, prefix }) => `${formatIp(prefix)}/${prefixLength}`,
  };
}
