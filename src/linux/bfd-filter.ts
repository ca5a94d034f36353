import { BFD_TTL } from '../bfd/index.js';
import { type Ip, isIpv4 } from '../types/index.js';
import {
  assemble,
  IF_AT_LEAST,
  IF_EQUAL,
  type Instruction,
  LOAD_BYTE,
  LOAD_WORD,
  RETURN,
} from './socket-filter.js';

/** SKF_NET_OFF (linux/filter.h): offsets from here on are those of the IP header, which a UDP socket's filter does not begin with. */
const IP_HEADER = 0xfff00000;
/** Offsets of the TTL or hop limit, and of the last four octets of the source address. */
const FIELDS = { ipv4: { ttl: 8, source: 12 }, ipv6: { ttl: 7, source: 20 } } as const;
/** SKF_AD_OFF + SKF_AD_RANDOM. */
const RANDOM = 0xfffff038;
/** Of packets with another TTL one in so many passes: enough to be seen in the counter of the session, too few to keep it from others. */
export const SAMPLED_ONE_IN = 64;
/** A jump skips 255 instructions at most: with more neighbors than that every source passes. */
const MOST_SOURCES = 240;
const PASS = 0xffff;

/**
 * Has the kernel drop what comes to a BFD port of one family and is no session's: the buffer that all sessions share would be full of
 * it otherwise, and what neighbors say lost. Passes packets whose source ends as one of `neighbors` does; of one hop
 * (RFC 5881 §5) those alone whose TTL is 255, and a sample of the others.
 */
export function bfdFilter(neighbors: readonly Ip[], isSix: boolean, multihop: boolean): Buffer {
  const { ttl, source } = isSix ? FIELDS.ipv6 : FIELDS.ipv4;
  const checked = sourcesOf(neighbors);
  const ofSource: Instruction[] =
    checked.length === 0
      ? []
      : [
          { code: LOAD_WORD, k: IP_HEADER + source },
          ...checked.map((k, i) => ({ code: IF_EQUAL, k, jt: checked.length - i })),
          { code: RETURN, k: 0 },
        ];
  const ofTtl: Instruction[] = multihop
    ? []
    : [
        { code: LOAD_BYTE, k: IP_HEADER + ttl },
        { code: IF_EQUAL, k: BFD_TTL, jt: 3 },
        { code: LOAD_WORD, k: RANDOM },
        { code: IF_AT_LEAST, k: Math.floor(2 ** 32 / SAMPLED_ONE_IN), jf: 1 },
        { code: RETURN, k: 0 },
      ];
  return assemble([...ofSource, ...ofTtl, { code: RETURN, k: PASS }]);
}

/** Returns how the neighbors' addresses end; none where they are too many. Each session that comes or goes asks: no further than needed. */
function sourcesOf(neighbors: readonly Ip[]): readonly number[] {
  const ends = new Set<number>();
  for (const ip of neighbors) {
    ends.add(lastWord(ip));
    if (ends.size > MOST_SOURCES) return [];
  }
  return [...ends];
}

function lastWord(ip: Ip): number {
  if (isIpv4(ip)) return ip >>> 0;
  let word = 0;
  for (let i = 12; i < 16; i++) word = (word << 8) | ip.charCodeAt(i);
  return word >>> 0;
}
