import type { InterfaceAddress } from '../dataplane/index.js';
import type { Ip } from '../types/index.js';
import * as K from './constants.js';
import { eachAttribute, NetlinkFormatError, readIp, readU32 } from './message.js';

/** An address of a device. */
export interface LinkAddress {
  readonly ifindex: number;
  readonly address: InterfaceAddress;
}

/**
 * Decodes RTM_NEWADDR or RTM_DELADDR; undefined for families other than IP. IFA_LOCAL is the device's own where both
 * stand (a point-to-point link's IFA_ADDRESS is the peer). Throws NetlinkFormatError.
 */
export function decodeAddress(bytes: Buffer, at: number, end: number): LinkAddress | undefined {
  const m = 'RTM_NEWADDR';
  if (end - at < 24) throw new NetlinkFormatError(m, 'ifaddrmsg', `${end - at - 16} of 8 octets`);
  const family = bytes[at + 16];
  if (family !== K.AF_INET && family !== K.AF_INET6) return undefined;
  let address: Ip | undefined;
  let local: Ip | undefined;
  // The octet in the header has no room for the later flags
  let flags: number = bytes[at + 18];
  eachAttribute(bytes, at + 24, end, m, (type, from, to) => {
    if (type === K.IFA_ADDRESS) address = readIp(bytes, from, to, m, 'IFA_ADDRESS');
    else if (type === K.IFA_LOCAL) local = readIp(bytes, from, to, m, 'IFA_LOCAL');
    else if (type === K.IFA_FLAGS) flags = readU32(bytes, from, to, m, 'IFA_FLAGS');
  });
  const ip = local ?? address;
  if (ip === undefined) throw new NetlinkFormatError(m, 'IFA_ADDRESS', 'none');
  return {
    ifindex: bytes.readUInt32LE(at + 20),
    address: {
      ip,
      prefixLength: bytes[at + 17],
      peer: address === ip ? undefined : address,
      state: addressState(flags),
    },
  };
}

/** An optimistic address is used while it is tentative (RFC 4429; net/ipv6/addrconf.c ipv6_chk_addr). */
function addressState(flags: number): InterfaceAddress['state'] {
  if (flags & K.IFA_F_DADFAILED) return 'dadfailed';
  return flags & K.IFA_F_TENTATIVE && !(flags & K.IFA_F_OPTIMISTIC) ? 'tentative' : 'usable';
}
