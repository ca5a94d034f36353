import type { Ip } from '../types/index.js';
import * as K from './constants.js';
import { eachAttribute, NetlinkFormatError, readIp, readU32 } from './message.js';

/** A stretch of VNIs of a device's filter, all with the same group. */
export interface VniRange {
  readonly first: number;
  readonly last: number;
  /** Where BUM traffic goes by itself: a multicast group, or one VTEP. */
  readonly group: Ip | undefined;
}

/** RTM_NEWTUNNEL or RTM_DELTUNNEL of a device's VNI filter. */
export interface VniFilterEntries {
  readonly ifindex: number;
  readonly ranges: readonly VniRange[];
}

/** Length of `struct tunnel_msg` (include/uapi/linux/if_link.h). */
const TUNNEL_MSG_LENGTH = 8;

/**
 * Decodes RTM_NEWTUNNEL or RTM_DELTUNNEL: entries of the VNI filter of a collect-metadata device
 * (drivers/net/vxlan/vxlan_vnifilter.c). A dump joins neighboring VNIs with the same group to one entry, a notification
 * has one VNI. Throws NetlinkFormatError where it is cut short.
 */
export function decodeVniFilter(bytes: Buffer, at: number, end: number): VniFilterEntries {
  const m = 'RTM_NEWTUNNEL';
  const body = at + 16;
  if (end - body < TUNNEL_MSG_LENGTH)
    throw new NetlinkFormatError(m, 'tunnel_msg', `${end - body} of ${TUNNEL_MSG_LENGTH} octets`);
  const ranges: VniRange[] = [];
  eachAttribute(bytes, body + TUNNEL_MSG_LENGTH, end, m, (type, from, to) => {
    if (type !== K.VXLAN_VNIFILTER_ENTRY) return;
    let first = 0;
    let last = 0;
    let group: Ip | undefined;
    eachAttribute(bytes, from, to, m, (inner, start, stop) => {
      if (inner === K.VXLAN_VNIFILTER_ENTRY_START) first = readU32(bytes, start, stop, m, 'ENTRY_START');
      else if (inner === K.VXLAN_VNIFILTER_ENTRY_END) last = readU32(bytes, start, stop, m, 'ENTRY_END');
      else if (inner === K.VXLAN_VNIFILTER_ENTRY_GROUP || inner === K.VXLAN_VNIFILTER_ENTRY_GROUP6)
        group = readIp(bytes, start, stop, m, 'ENTRY_GROUP');
    });
    ranges.push({ first, last: Math.max(first, last), group });
  });
  return { ifindex: bytes.readUInt32LE(body + 4), ranges };
}
