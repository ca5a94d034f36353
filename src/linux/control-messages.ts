import * as K from './constants.js';

/** `struct cmsghdr` with a size_t, and its fields before the data. */
const CMSG_HEADER = process.arch === 'arm' || process.arch === 'ia32' ? 12 : 16;
const CMSG_LEVEL = CMSG_HEADER - 8;
const CMSG_TYPE = CMSG_HEADER - 4;

/** The TTL or hop limit among the cmsgs; 0 where there is none, which nobody takes. */
export function ttlOf(controls: Buffer, start: number, length: number): number {
  for (let at = start; at + CMSG_HEADER + 4 <= start + length; ) {
    const size = controls.readUInt32LE(at);
    const level = controls.readInt32LE(at + CMSG_LEVEL);
    const type = controls.readInt32LE(at + CMSG_TYPE);
    if (
      (level === K.IPPROTO_IP && type === K.IP_TTL) ||
      (level === K.IPPROTO_IPV6 && type === K.IPV6_HOPLIMIT)
    )
      return controls.readInt32LE(at + CMSG_HEADER);
    if (size < CMSG_HEADER) return 0;
    const word = CMSG_HEADER === 16 ? 8 : 4;
    at += (size + word - 1) & ~(word - 1);
  }
  return 0;
}
