import * as K from './constants.js';

/** `struct cmsghdr` with a size_t, and its fields before the data. */
const CMSG_HEADER = process.arch === 'arm' || process.arch === 'ia32' ? 12 : 16;
const CMSG_LEVEL = CMSG_HEADER - 8;
const CMSG_TYPE = CMSG_HEADER - 4;

/** The TTL or hop limit among the cmsgs; 0 where there is none, which nobody takes. */
export function ttlOf(controls: Buffer, start: number, length: number): number {
  const at = dataOf(controls, start, length, K.IP_TTL, K.IPV6_HOPLIMIT);
  return at === undefined ? 0 : controls.readInt32LE(at);
}

/** The index of the interface that the datagram came by, of a struct in_pktinfo or in6_pktinfo; 0 where there is none. */
export function ifindexOf(controls: Buffer, start: number, length: number): number {
  const four = dataOf(controls, start, length, K.IP_PKTINFO, undefined);
  if (four !== undefined) return controls.readInt32LE(four);
  const six = dataOf(controls, start, length, undefined, K.IPV6_PKTINFO);
  return six === undefined ? 0 : controls.readInt32LE(six + 16);
}

/** Where the data of the first cmsg of one of these types begins: of IPv4, or of IPv6. */
function dataOf(
  controls: Buffer,
  start: number,
  length: number,
  ofIpv4: number | undefined,
  ofIpv6: number | undefined,
): number | undefined {
  for (let at = start; at + CMSG_HEADER + 4 <= start + length; ) {
    const size = controls.readUInt32LE(at);
    const level = controls.readInt32LE(at + CMSG_LEVEL);
    const type = controls.readInt32LE(at + CMSG_TYPE);
    if ((level === K.IPPROTO_IP && type === ofIpv4) || (level === K.IPPROTO_IPV6 && type === ofIpv6))
      return at + CMSG_HEADER;
    if (size < CMSG_HEADER) return undefined;
    const word = CMSG_HEADER === 16 ? 8 : 4;
    at += (size + word - 1) & ~(word - 1);
  }
  return undefined;
}
