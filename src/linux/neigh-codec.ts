import { Ntf, Nud, type Operation, RTPROT_BGP } from '../dataplane/index.js';
import {
  type Ip,
  type Ipv4,
  type Ipv6,
  isIpv4,
  MAC_ZERO,
  type Mac,
  macFromBytes,
  macHigh16,
  macLow32,
} from '../types/index.js';
import {
  AF_BRIDGE,
  AF_INET,
  AF_INET6,
  NDA_DST,
  NDA_FLAGS_EXT,
  NDA_IFINDEX,
  NDA_LLADDR,
  NDA_MASTER,
  NDA_NDM_FLAGS_MASK,
  NDA_NH_ID,
  NDA_PORT,
  NDA_PROTOCOL,
  NDA_SRC_VNI,
  NDA_VLAN,
  NDA_VNI,
  NLA_TYPE_MASK,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_BULK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from './constants.js';
import { type MessageBuffer, NetlinkFormatError } from './message.js';

/*
 * RTM_*NEIGH by offsets: `struct ndmsg` stands at 16 behind the header, attributes at 28. These are the messages that
 * come and go by the hundred thousand, so that nothing here walks a table of attributes or makes an object of its own.
 */
const NDM_FAMILY = 4;
const NDM_IFINDEX = 5;
const NDM_STATE_FLAGS = 6;
const ATTRIBUTES = 28;
const HEADER_WORDS = 7;

/**
 * True for rtnetlink's own word on a device's row, which kernels such as 6.1 (and no longer 6.18) send behind what the
 * VXLAN driver told of the same row: it has neither VTEP nor owner's flag, and taken for the row would look as if somebody
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

/** No message of ours is longer, in octets. */
export const NEIGH_MESSAGE_MAX = 96;

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

/** The same octets in the other order. */
export function swap32(value: number): number {
  return ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24)) >>> 0;
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

function putMac(words: Uint32Array, word: number, mac: Mac): number {
  const high = macHigh16(mac);
  const low = macLow32(mac);
  words[word] = (NDA_LLADDR << 16) | 10;
  words[word + 1] = swap32(((high << 16) | (low >>> 16)) >>> 0);
  words[word + 2] = ((low >>> 8) & 0xff) | ((low & 0xff) << 8);
  return word + 3;
}

function putIp(words: Uint32Array, word: number, ip: Ip): number {
  if (isIpv4(ip)) {
    words[word] = (NDA_DST << 16) | 8;
    words[word + 1] = swap32(ip);
    return word + 2;
  }
  words[word] = (NDA_DST << 16) | 20;
  for (let i = 0; i < 4; i++)
    words[word + 1 + i] =
      ip.charCodeAt(i * 4) |
      (ip.charCodeAt(i * 4 + 1) << 8) |
      (ip.charCodeAt(i * 4 + 2) << 16) |
      (ip.charCodeAt(i * 4 + 3) << 24);
  return word + 5;
}

/** An attribute of 32 bits, or of fewer where `octets` says so. */
function putNumber(words: Uint32Array, word: number, type: number, value: number, octets: number): number {
  words[word] = (type << 16) | (4 + octets);
  words[word + 1] = value;
  return word + 2;
}

function putHeader(
  words: Uint32Array,
  word: number,
  family: number,
  ifindex: number,
  state: number,
  ndmFlags: number,
): number {
  words[word + 3] = 0;
  words[word + NDM_FAMILY] = family;
  words[word + NDM_IFINDEX] = ifindex;
  words[word + NDM_STATE_FLAGS] = state | (ndmFlags << 16);
  return word + HEADER_WORDS;
}

function finish(
  words: Uint32Array,
  word: number,
  end: number,
  type: number,
  flags: number,
  sequence: number,
): number {
  words[word] = (end - word) << 2;
  words[word + 1] = type | (flags << 16);
  words[word + 2] = sequence;
  return end;
}

const ADD_FLAGS = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
const FORM_FLAGS = { marked: Ntf.EXT_LEARNED, pinned: Ntf.STICKY, unpinned: 0 } as const;
const APPEND_FLAGS = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND;

/**
 * Encodes one operation at `word` and returns the word behind it. `extraFlags` is NLM_F_ACK for the last of a batch.
 * Rows have the shape that FRR's have.
 */
export function encodeOperation(
  words: Uint32Array,
  word: number,
  operation: Operation,
  sequence: number,
  extraFlags: number,
): number {
  const add = operation.verb === 'add';
  const type = add ? RTM_NEWNEIGH : RTM_DELNEIGH;
  const flags = (add ? ADD_FLAGS : NLM_F_REQUEST) | extraFlags;
  let end: number;
  switch (operation.table) {
    case 'bridge': {
      const { port, vlan, mac, form } = operation;
      const state = form === 'pinned' ? Nud.NOARP : Nud.REACHABLE;
      end = putHeader(words, word, AF_BRIDGE, port, state, Ntf.MASTER | FORM_FLAGS[form]);
      end = putMac(words, end, mac);
      if (vlan !== 0) end = putNumber(words, end, NDA_VLAN, vlan, 2);
      // Without NLM_F_CREATE: a row that went meanwhile must not come back without our mark
      const existing = NLM_F_REQUEST | NLM_F_REPLACE | extraFlags;
      return finish(words, word, end, type, form === 'marked' ? flags : existing, sequence);
    }
    case 'vxlan': {
      const { ifindex, srcVni, mac, dst } = operation;
      end = putHeader(words, word, AF_BRIDGE, ifindex, Nud.REACHABLE, Ntf.SELF | Ntf.EXT_LEARNED);
      end = putMac(words, end, mac);
      end = putIp(words, end, dst);
      if (srcVni !== 0) end = putNumber(words, end, NDA_SRC_VNI, srcVni, 4);
      return finish(words, word, end, type, flags, sequence);
    }
    case 'fdb': {
      const { port, vlan, srcVni, mac, dst } = operation;
      const ndmFlags = Ntf.MASTER | Ntf.SELF | Ntf.EXT_LEARNED;
      end = putHeader(words, word, AF_BRIDGE, port, Nud.REACHABLE, ndmFlags);
      end = putMac(words, end, mac);
      end = putIp(words, end, dst);
      if (vlan !== 0) end = putNumber(words, end, NDA_VLAN, vlan, 2);
      if (srcVni !== 0) end = putNumber(words, end, NDA_SRC_VNI, srcVni, 4);
      return finish(words, word, end, type, flags, sequence);
    }
    case 'vxlan-default': {
      const { ifindex, srcVni, dst } = operation;
      end = putHeader(words, word, AF_BRIDGE, ifindex, Nud.NOARP | Nud.PERMANENT, Ntf.SELF);
      end = putMac(words, end, MAC_ZERO);
      end = putIp(words, end, dst);
      if (srcVni !== 0) end = putNumber(words, end, NDA_SRC_VNI, srcVni, 4);
      return finish(words, word, end, type, add ? APPEND_FLAGS | extraFlags : flags, sequence);
    }
    case 'neigh': {
      const { ifindex, ip, mac, router } = operation;
      const ndmFlags = Ntf.EXT_LEARNED | (router ? Ntf.ROUTER : 0);
      end = putHeader(words, word, isIpv4(ip) ? AF_INET : AF_INET6, ifindex, Nud.NOARP, ndmFlags);
      end = putIp(words, end, ip);
      if (add) {
        end = putMac(words, end, mac);
        // Marks the row as a routing daemon's own; FRR writes its zebra's number here
        end = putNumber(words, end, NDA_PROTOCOL, RTPROT_BGP, 1);
      }
      return finish(words, word, end, type, flags, sequence);
    }
    case 'by-hand': {
      if (operation.of === 'bridge') {
        const { bridgeIfindex, port, vlan, mac, state, flags: ndmFlags } = operation.row;
        const whose = port === bridgeIfindex ? Ntf.SELF : Ntf.MASTER;
        end = putHeader(words, word, AF_BRIDGE, port, state, whose | (ndmFlags & Ntf.STICKY));
        end = putMac(words, end, mac);
        if (vlan !== 0) end = putNumber(words, end, NDA_VLAN, vlan, 2);
        return finish(words, word, end, type, flags, sequence);
      }
      const { ifindex, ip, mac, state, flags: ndmFlags, protocol } = operation.row;
      end = putHeader(
        words,
        word,
        isIpv4(ip) ? AF_INET : AF_INET6,
        ifindex,
        state,
        ndmFlags & (Ntf.ROUTER | Ntf.EXT_LEARNED),
      );
      end = putIp(words, end, ip);
      if (mac !== undefined) end = putMac(words, end, mac);
      end = putNumber(words, end, NDA_PROTOCOL, protocol, 1);
      return finish(words, word, end, type, flags, sequence);
    }
    case 'neigh-probe': {
      const { ifindex, ip, mac } = operation;
      end = putHeader(words, word, isIpv4(ip) ? AF_INET : AF_INET6, ifindex, Nud.PROBE, 0);
      end = putIp(words, end, ip);
      if (mac !== undefined) end = putMac(words, end, mac);
      // Without NLM_F_REPLACE neither MAC nor router flag of what stands can change
      const create = mac === undefined ? 0 : NLM_F_CREATE;
      return finish(words, word, end, type, NLM_F_REQUEST | create | extraFlags, sequence);
    }
  }
}

/**
 * Deletes every `extern_learn` row that points to this port in this VLAN (net/bridge/br_fdb.c br_fdb_delete_bulk); returns
 * the word behind the message.
 */
export function encodeVlanFlush(
  words: Uint32Array,
  word: number,
  port: number,
  vlan: number,
  sequence: number,
): number {
  let end = putHeader(words, word, AF_BRIDGE, port, 0, Ntf.MASTER | Ntf.EXT_LEARNED);
  end = putNumber(words, end, NDA_VLAN, vlan, 2);
  end = putNumber(words, end, NDA_NDM_FLAGS_MASK, Ntf.EXT_LEARNED, 1);
  return finish(words, word, end, RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_BULK | NLM_F_ACK, sequence);
}

/** Asks a bridge for its row of (vlan, mac), whatever port it is on; returns the word behind the message. */
export function encodeBridgeGet(
  words: Uint32Array,
  word: number,
  bridgeIfindex: number,
  vlan: number,
  mac: Mac,
  sequence: number,
): number {
  let end = putHeader(words, word, AF_BRIDGE, 0, 0, Ntf.MASTER);
  end = putMac(words, end, mac);
  end = putNumber(words, end, NDA_MASTER, bridgeIfindex, 4);
  if (vlan !== 0) end = putNumber(words, end, NDA_VLAN, vlan, 2);
  return finish(words, word, end, RTM_GETNEIGH, NLM_F_REQUEST, sequence);
}

/** Asks a VXLAN device for its row of (source VNI, mac); of several destinations the kernel gives the first. */
export function encodeVxlanGet(
  words: Uint32Array,
  word: number,
  ifindex: number,
  srcVni: number,
  mac: Mac,
  sequence: number,
): number {
  let end = putHeader(words, word, AF_BRIDGE, ifindex, 0, Ntf.SELF);
  end = putMac(words, end, mac);
  // drivers/net/vxlan: vxlan_fdb_get takes the key from NDA_VNI, not from NDA_SRC_VNI
  if (srcVni !== 0) end = putNumber(words, end, NDA_VNI, srcVni, 4);
  return finish(words, word, end, RTM_GETNEIGH, NLM_F_REQUEST, sequence);
}

/** Asks for the neighbour of (device, ip). */
export function encodeNeighGet(
  words: Uint32Array,
  word: number,
  ifindex: number,
  ip: Ip,
  sequence: number,
): number {
  let end = putHeader(words, word, isIpv4(ip) ? AF_INET : AF_INET6, ifindex, 0, 0);
  end = putIp(words, end, ip);
  return finish(words, word, end, RTM_GETNEIGH, NLM_F_REQUEST, sequence);
}

/**
 * Asks for every row of a family. In AF_BRIDGE with an ifindex: a port gives its bridge's rows on it and the device's
 * own, a bridge gives the rows of its own addresses (net/core/rtnetlink.c rtnl_fdb_dump, checked strictly).
 */
export function encodeNeighDump(
  words: Uint32Array,
  word: number,
  family: number,
  ifindex: number,
  sequence: number,
): number {
  const end = putHeader(words, word, family, ifindex, 0, 0);
  return finish(words, word, end, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, sequence);
}
