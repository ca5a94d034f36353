import type { NexthopRow, RouteRow } from '../dataplane/index.js';
import { IPV4_ANY, type Ip, type Ipv6, prefixKey } from '../types/index.js';
import * as K from './constants.js';
import { eachAttribute, NetlinkFormatError, readIp, readU32 } from './message.js';

const IPV6_ANY = '\0'.repeat(16) as Ipv6;

/** Decodes RTM_NEWNEXTHOP or RTM_DELNEXTHOP. Throws NetlinkFormatError. */
export function decodeNexthop(bytes: Buffer, at: number, end: number): NexthopRow {
  const m = 'RTM_NEWNEXTHOP';
  if (end - at < 24) throw new NetlinkFormatError(m, 'nhmsg', `${end - at - 16} of 8 octets`);
  let id = 0;
  let ifindex = 0;
  let gateway: Ip | undefined;
  let members: number[] | undefined;
  eachAttribute(bytes, at + 24, end, m, (type, from, to) => {
    if (type === K.NHA_ID) id = readU32(bytes, from, to, m, 'NHA_ID');
    else if (type === K.NHA_OIF) ifindex = readU32(bytes, from, to, m, 'NHA_OIF');
    else if (type === K.NHA_GATEWAY) gateway = readIp(bytes, from, to, m, 'NHA_GATEWAY');
    else if (type === K.NHA_GROUP) members = readMembers(bytes, from, to);
  });
  return { id, protocol: bytes[at + 18], ifindex, gateway, members };
}

/** `struct nexthop_grp`, 8 octets each: an id, the weight less one (its upper octet since Linux 6.13), and what is reserved. */
function readMembers(bytes: Buffer, from: number, to: number): number[] {
  const members: number[] = [];
  for (let at = from; at + 8 <= to; at += 8) {
    const weight = 1 + bytes[at + 4] + (bytes[at + 5] << 8);
    for (let times = 0; times < weight; times++) members.push(bytes.readUInt32LE(at));
  }
  return members.sort((a, b) => a - b);
}

/**
 * Decodes RTM_NEWROUTE or RTM_DELROUTE; undefined for families other than IP, and for what is no entry of a table (a cached
 * route). Throws NetlinkFormatError.
 */
export function decodeRoute(bytes: Buffer, at: number, end: number): RouteRow | undefined {
  const m = 'RTM_NEWROUTE';
  if (end - at < 28) throw new NetlinkFormatError(m, 'rtmsg', `${end - at - 16} of 12 octets`);
  const family = bytes[at + 16];
  if (family !== K.AF_INET && family !== K.AF_INET6) return undefined;
  if (bytes.readUInt32LE(at + 24) & K.RTM_F_CLONED) return undefined;
  let address: Ip = family === K.AF_INET ? IPV4_ANY : IPV6_ANY;
  let tableId: number = bytes[at + 20];
  let metric = 0;
  let nexthopId = 0;
  eachAttribute(bytes, at + 28, end, m, (type, from, to) => {
    if (type === K.RTA_DST) address = readIp(bytes, from, to, m, 'RTA_DST');
    else if (type === K.RTA_TABLE) tableId = readU32(bytes, from, to, m, 'RTA_TABLE');
    else if (type === K.RTA_PRIORITY) metric = readU32(bytes, from, to, m, 'RTA_PRIORITY');
    else if (type === K.RTA_NH_ID) nexthopId = readU32(bytes, from, to, m, 'RTA_NH_ID');
  });
  return {
    tableId,
    prefix: prefixKey(address, bytes[at + 17]),
    metric,
    protocol: bytes[at + 21],
    nexthopId,
  };
}

/** True for a message of a nexthop or a route. */
export function isOfRoutes(type: number): boolean {
  switch (type) {
    case K.RTM_NEWNEXTHOP:
    case K.RTM_DELNEXTHOP:
    case K.RTM_NEWROUTE:
    case K.RTM_DELROUTE:
      return true;
  }
  return false;
}
