import type { Sampled } from './snoop-shares.js';
import {
  assemble,
  IF_AT_LEAST,
  IF_EQUAL,
  IF_GREATER,
  type Instruction,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_WORD,
  RETURN,
} from './socket-filter.js';

/** SKF_AD_OFF + SKF_AD_PKTTYPE: not in the packet, but how it came. */
const PACKET_TYPE = 0xfffff004;
const PACKET_OUTGOING = 4;
/** SKF_AD_OFF + SKF_AD_IFINDEX and SKF_AD_RANDOM. */
const IFINDEX = 0xfffff008;
const RANDOM = 0xfffff038;

/** Octets of a frame that are kept: a router advertisement may be long. */
export const SNAP_LENGTH = 2048;

const PROGRAM: readonly Instruction[] = [
  { code: LOAD_BYTE, k: PACKET_TYPE },
  { code: IF_EQUAL, k: PACKET_OUTGOING, jt: 9 },
  { code: LOAD_HALF, k: 12 },
  { code: IF_EQUAL, k: 0x0806, jt: 6 },
  { code: IF_EQUAL, k: 0x86dd, jf: 6 },
  { code: LOAD_BYTE, k: 20 },
  { code: IF_EQUAL, k: 58, jf: 4 },
  { code: LOAD_BYTE, k: 54 },
  { code: IF_GREATER, k: 136, jt: 2 },
  { code: IF_AT_LEAST, k: 133, jf: 1 },
  { code: RETURN, k: SNAP_LENGTH },
  { code: RETURN, k: 0 },
];

/**
 * Lets ARP pass, and ICMPv6 of types 133 to 136 right behind the IPv6 header (RFC 4861 has no extension headers there),
 * of frames that came in; VLAN tags stand beside the frame by then.
 * Of devices that are sampled a random part passes.
 */
export function snoopFilter(sampled: readonly Sampled[] = []): Buffer {
  return assemble([...sampled.flatMap(sample), ...PROGRAM]);
}

function sample({ ifindex, threshold }: Sampled): Instruction[] {
  return [
    { code: LOAD_WORD, k: IFINDEX },
    { code: IF_EQUAL, k: ifindex, jf: 3 },
    { code: LOAD_WORD, k: RANDOM },
    { code: IF_AT_LEAST, k: threshold, jf: 1 },
    { code: RETURN, k: 0 },
  ];
}
