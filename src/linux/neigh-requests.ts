import { Ntf } from '../dataplane/index.js';
import type { Ip, Mac } from '../types/index.js';
import {
  AF_BRIDGE,
  NDA_IFINDEX,
  NDA_MASTER,
  NDA_NDM_FLAGS_MASK,
  NDA_VLAN,
  NDA_VNI,
  NLM_F_ACK,
  NLM_F_BULK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
} from './constants.js';
import { familyOf, finish, putHeader, putIp, putMac, putNumber } from './neigh-writer.js';

/* What the kernel is asked for, and asked to flush, in RTM_*NEIGH messages. */

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

/** Asks for the neighbor of (device, ip). */
export function encodeNeighGet(
  words: Uint32Array,
  word: number,
  ifindex: number,
  ip: Ip,
  sequence: number,
): number {
  let end = putHeader(words, word, familyOf(ip), ifindex, 0, 0);
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

/** Asks for the neighbors of one family on one device, in the words that the kernel checks strictly (net/core/neighbour.c). */
export function encodeNeighDumpOf(
  words: Uint32Array,
  word: number,
  family: number,
  ifindex: number,
  sequence: number,
): number {
  let end = putHeader(words, word, family, 0, 0, 0);
  end = putNumber(words, end, NDA_IFINDEX, ifindex, 4);
  return finish(words, word, end, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, sequence);
}
