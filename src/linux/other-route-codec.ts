import { type NexthopRow, type OtherRoute, RTPROT_EVPND } from '../dataplane/index.js';
import { IPV4_ANY, IPV6_ANY, type Ip, prefixKey } from '../types/index.js';
import * as K from './constants.js';
import { eachAttribute, NetlinkFormatError, readIp, readU32 } from './message.js';

const M = 'RTM_NEWROUTE';

/** Kinds of routes that discard what is sent there. */
const DISCARDING: ReadonlySet<number> = new Set([K.RTN_BLACKHOLE, K.RTN_UNREACHABLE, K.RTN_PROHIBIT]);

/**
 * Decodes RTM_NEWROUTE or RTM_DELROUTE of a table that is followed; undefined for others, for ours, the kernel's own, and what is looked up by more than
 * the destination (a TOS, a source) or is no entry of a table. `nexthop` says what a nexthop object is, where the message names it
 * alone (`net.ipv4.nexthop_compat_mode` 0). Throws NetlinkFormatError.
 */
export function decodeOtherRoute(
  bytes: Buffer,
  at: number,
  end: number,
  tables: ReadonlySet<number>,
  nexthop: (id: number) => NexthopRow | undefined,
): OtherRoute | undefined {
  if (end - at < 28) throw new NetlinkFormatError(M, 'rtmsg', `${end - at - 16} of 12 octets`);
  const family = bytes[at + 16];
  if (family !== K.AF_INET && family !== K.AF_INET6) return undefined;
  const [length, sourceLength, tos] = [bytes[at + 17], bytes[at + 18], bytes[at + 19]];
  const [protocol, type] = [bytes[at + 21], bytes[at + 23]];
  if (protocol === RTPROT_EVPND || protocol === K.RTPROT_KERNEL) return undefined;
  if (sourceLength > 0 || tos > 0 || bytes.readUInt32LE(at + 24) & K.RTM_F_CLONED) return undefined;
  const discards = DISCARDING.has(type);
  if (type !== K.RTN_UNICAST && !discards) return undefined;
  let address: Ip = family === K.AF_INET ? IPV4_ANY : IPV6_ANY;
  let tableId: number = bytes[at + 20];
  let metric = 0;
  let nexthopId = 0;
  let several: OtherRoute['ways'] | undefined;
  const one = new WayFields();
  eachAttribute(bytes, at + 28, end, M, (attribute, from, to) => {
    if (attribute === K.RTA_DST) address = readIp(bytes, from, to, M, 'RTA_DST');
    else if (attribute === K.RTA_TABLE) tableId = readU32(bytes, from, to, M, 'RTA_TABLE');
    else if (attribute === K.RTA_PRIORITY) metric = readU32(bytes, from, to, M, 'RTA_PRIORITY');
    else if (attribute === K.RTA_NH_ID) nexthopId = readU32(bytes, from, to, M, 'RTA_NH_ID');
    else if (attribute === K.RTA_MULTIPATH) several = readWays(bytes, from, to);
    else one.take(bytes, attribute, from, to);
  });
  if (!tables.has(tableId)) return undefined;
  const said = several ?? (one.ifindex > 0 ? one.ways : waysOf(nexthopId, nexthop));
  return { tableId, prefix: prefixKey(address, length), metric, protocol, ways: discards ? [] : said };
}

class WayFields {
  ifindex = 0;
  gateway: Ip | undefined;
  #isEncapsulated = false;

  take(bytes: Buffer, attribute: number, from: number, to: number): void {
    if (attribute === K.RTA_OIF) this.ifindex = readU32(bytes, from, to, M, 'RTA_OIF');
    else if (attribute === K.RTA_GATEWAY) this.gateway = readIp(bytes, from, to, M, 'RTA_GATEWAY');
    else if (attribute === K.RTA_ENCAP) this.#isEncapsulated = true;
    // `struct rtvia`: the family, then the address
    else if (attribute === K.RTA_VIA) this.gateway = readIp(bytes, from + 2, to, M, 'RTA_VIA');
  }

  /** None where packets need a header that ours would not get. */
  get ways(): OtherRoute['ways'] {
    return this.#isEncapsulated ? [] : [{ ifindex: this.ifindex, gateway: this.gateway }];
  }
}

/** `struct rtnexthop`s: length, flags, weight, device, attributes. */
function readWays(bytes: Buffer, from: number, to: number): OtherRoute['ways'] {
  const ways: OtherRoute['ways'][number][] = [];
  for (let at = from; at + 8 <= to; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 8 || length > to - at)
      throw new NetlinkFormatError(M, 'RTA_MULTIPATH', `rtnh_len ${length} where ${to - at} octets are left`);
    const fields = new WayFields();
    fields.ifindex = bytes.readUInt32LE(at + 4);
    eachAttribute(bytes, at + 8, at + length, M, (attribute, start, end) =>
      fields.take(bytes, attribute, start, end),
    );
    ways.push(...fields.ways);
    at += (length + 3) & ~3;
  }
  return ways;
}

function waysOf(id: number, nexthop: (id: number) => NexthopRow | undefined): OtherRoute['ways'] {
  const row = id === 0 ? undefined : nexthop(id);
  if (!row) return [];
  const rows = row.members ? [...new Set(row.members)].map(nexthop) : [row];
  return rows.flatMap((each) =>
    each && each.ifindex > 0 ? [{ ifindex: each.ifindex, gateway: each.gateway }] : [],
  );
}
