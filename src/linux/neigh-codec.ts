import { Ntf } from '../dataplane/index.js';
import { type Ip, type Ipv4, type Ipv6, type Mac, macFromBytes } from '../types/index.js';
import {
  AF_BRIDGE,
  AF_INET,
  AF_INET6,
  NDA_DST,
  NDA_FLAGS_EXT,
  NDA_IFINDEX,
  NDA_LLADDR,
  NDA_MASTER,
  NDA_NH_ID,
  NDA_PORT,
  NDA_PROTOCOL,
  NDA_SRC_VNI,
  NDA_VLAN,
  NDA_VNI,
  NLA_TYPE_MASK,
} from './constants.js';
import { type MessageBuffer, NetlinkFormatError, swap32 } from './message.js';

/*
 * RTM_*NEIGH by offsets: `struct ndmsg` stands at 16 behind the header, attributes at 28. These are the messages that
 * come and go by the hundred thousand, so that nothing here walks a table of attributes or makes an object of its own.
 */
export const NDM_FAMILY = 4;
export const NDM_IFINDEX = 5;
export const NDM_STATE_FLAGS = 6;
const ATTRIBUTES = 28;

/**
 * True for rtnetlink's own word on a device's row, which kernels such as 6.1 (and no longer 6.18) send behind what the
 * VXLAN driver's notification of the same row: it has neither VTEP nor owner's flag, and taken for the row would look as if somebody
 * had overwritten it (net/core/rtnetlink.c, rtnl_fdb_notify). The driver's rows are of type RTN_UNICAST, this is of none.
 */
export function isRtnetlinkEcho(words: Uint32Array, at: number, end: number): boolean {
  if (end - at < ATTRIBUTES) return false;
  const word = at >> 2;
  const stateFlagsType = words[word + NDM_STATE_FLAGS];
  return (
    (words[word + NDM_FAMILY] & 0xff) === AF_BRIDGE &&
    ((stateFlagsType >>> 16) & Ntf.SELF) !== 0 &&
    stateFlagsType >>> 24 === 0
  );
}

/** How far up the bits of NDA_FLAGS_EXT stand in `flags` (net/core/neighbour.c). */
const NTF_EXT_SHIFT = 8;

/** One decoded message; the decoder fills the same object again and again. */
export interface NeighMessage {
  family: number;
  ifindex: number;
  state: number;
  flags: number;
  mac: Mac | undefined;
  dst: Ip | undefined;
  /** 0 for none, likewise below. */
  vlan: number;
  master: number;
  srcVni: number;
  nexthopId: number;
  protocol: number;
}

/** An empty one to decode into. */
export function newNeighMessage(): NeighMessage {
  return {
    family: 0,
    ifindex: 0,
    state: 0,
    flags: 0,
    mac: undefined,
    dst: undefined,
    vlan: 0,
    master: 0,
    srcVni: 0,
    nexthopId: 0,
    protocol: 0,
  };
}

function expectLength(found: number, wanted: number, field: string): void {
  if (found < wanted) throw new NetlinkFormatError('RTM_NEWNEIGH', field, `${found} of ${wanted} octets`);
}

function decodeDestination(
  buffer: MessageBuffer,
  at: number,
  length: number,
  family: number,
): Ip | undefined {
  if (length === 4 && family !== AF_INET6) return swap32(buffer.words[at >> 2]) as Ipv4;
  if (length === 16 && family !== AF_INET) return buffer.bytes.toString('latin1', at, at + 16) as Ipv6;
  throw new NetlinkFormatError('RTM_NEWNEIGH', 'NDA_DST', `${length} octets for address family ${family}`);
}

/**
 * Decodes RTM_NEWNEIGH or RTM_DELNEIGH, its header at `at` (a multiple of 4), into `into`. Throws NetlinkFormatError
 * where it is cut short. Link-layer addresses that are not of six octets are left undefined: such devices exist and
 * are not ours.
 */
export function decodeNeigh(buffer: MessageBuffer, at: number, end: number, into: NeighMessage): void {
  if (end - at < ATTRIBUTES)
    throw new NetlinkFormatError('RTM_NEWNEIGH', 'ndmsg', `${end - at - 16} of ${ATTRIBUTES - 16} octets`);
  const { words, bytes } = buffer;
  const word = at >> 2;
  const family = words[word + NDM_FAMILY] & 0xff;
  const stateAndFlags = words[word + NDM_STATE_FLAGS];
  into.family = family;
  into.ifindex = words[word + NDM_IFINDEX];
  into.state = stateAndFlags & 0xffff;
  into.flags = (stateAndFlags >>> 16) & 0xff;
  into.mac = undefined;
  into.dst = undefined;
  into.vlan = 0;
  into.master = 0;
  into.srcVni = 0;
  into.nexthopId = 0;
  into.protocol = 0;
  let attribute = at + ATTRIBUTES;
  while (attribute < end) {
    if (end - attribute < 4)
      throw new NetlinkFormatError('RTM_NEWNEIGH', 'nlattr', `${end - attribute} of 4 octets`);
    const header = words[attribute >> 2];
    const size = header & 0xffff;
    const type = (header >>> 16) & NLA_TYPE_MASK;
    if (size < 4 || size > end - attribute)
      throw new NetlinkFormatError(
        'RTM_NEWNEIGH',
        `attribute ${type}`,
        `nla_len ${size} where ${end - attribute} octets are left`,
      );
    const value = attribute + 4;
    const length = size - 4;
    switch (type) {
      case NDA_LLADDR:
        if (length === 6) into.mac = macFromBytes(bytes, value);
        break;
      case NDA_DST:
        into.dst = decodeDestination(buffer, value, length, family);
        break;
      case NDA_VLAN:
        expectLength(length, 2, 'NDA_VLAN');
        into.vlan = words[value >> 2] & 0xffff;
        break;
      case NDA_MASTER:
        expectLength(length, 4, 'NDA_MASTER');
        into.master = words[value >> 2];
        break;
      case NDA_SRC_VNI:
        expectLength(length, 4, 'NDA_SRC_VNI');
        into.srcVni = words[value >> 2];
        break;
      case NDA_NH_ID:
        expectLength(length, 4, 'NDA_NH_ID');
        into.nexthopId = words[value >> 2];
        break;
      case NDA_FLAGS_EXT:
        expectLength(length, 4, 'NDA_FLAGS_EXT');
        into.flags |= (words[value >> 2] & 0x7f) << NTF_EXT_SHIFT;
        break;
      case NDA_PROTOCOL:
        expectLength(length, 1, 'NDA_PROTOCOL');
        into.protocol = bytes[value];
        break;
      case NDA_PORT:
      case NDA_VNI:
      case NDA_IFINDEX:
        into.flags |= Ntf.OTHER_TUNNEL;
        break;
    }
    attribute += (size + 3) & ~3;
  }
  if (family === AF_BRIDGE && into.mac === undefined)
    throw new NetlinkFormatError('RTM_NEWNEIGH', 'NDA_LLADDR', 'none of six octets in an FDB row');
  if ((family === AF_INET || family === AF_INET6) && into.dst === undefined)
    throw new NetlinkFormatError('RTM_NEWNEIGH', 'NDA_DST', 'none in a neighbor');
}
