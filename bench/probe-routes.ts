/** The kernel's unicast routes as the probe watches and compares them: each prefix, and over which of the two spines it leads. */
import * as K from '../src/linux/constants.js';
import { eachAttribute, writeHeader } from '../src/linux/message.js';
import { DumpSocket } from '../src/linux/route-socket.js';
import { assemble, IF_EQUAL, LOAD_BYTE, RETURN } from '../src/linux/socket-filter.js';
import type { Comparison } from './probe-compare.js';
import { indexOfPrefix } from './unicast-workload.js';

const RTA_GATEWAY = 5;
const RTA_MULTIPATH = 9;
const AND = 0x54;
/** Of so many routes the filter passes one: an odd number's is a /24. */
export const ROUTE_SAMPLE = 64;
const SAMPLED = 33;

export const isSampled = (i: number): boolean => i % ROUTE_SAMPLE === SAMPLED;

/** Passes the notification of a route whose number is sampled, by the last octet but one of RTA_DST, which comes behind RTA_TABLE. */
export const ROUTE_SAMPLING = assemble([
  { code: LOAD_BYTE, k: 42 },
  { code: AND, k: ROUTE_SAMPLE - 1 },
  { code: IF_EQUAL, k: SAMPLED, jf: 1 },
  { code: RETURN, k: 0xffffffff },
  { code: RETURN, k: 0 },
]);

/** Of the gateways the first spine's, the second's, and anybody else's, as bits. */
export const ELSEWHERE = 4;

/** A route's number, -1 for one that is none of the benchmark's, and its gateways as bits. */
export interface SeenRoute {
  index: number;
  gateways: number;
}

/** Decodes RTM_NEWROUTE or RTM_DELROUTE of IPv4; `spines` are the gateways' addresses as numbers. */
export function seenRoute(
  bytes: Buffer,
  at: number,
  end: number,
  spines: readonly number[],
  seen: SeenRoute,
): void {
  let address = 0;
  let gateways = 0;
  const gateway = (from: number) => {
    const place = spines.indexOf(bytes.readUInt32BE(from));
    gateways |= place < 0 ? ELSEWHERE : 1 << place;
  };
  eachAttribute(bytes, at + 28, end, 'RTM_NEWROUTE', (type, from, to) => {
    if (type === K.RTA_DST) address = bytes.readUInt32BE(from);
    else if (type === RTA_GATEWAY) gateway(from);
    else if (type === RTA_MULTIPATH)
      // struct rtnexthop, of its own length, and attributes
      for (let hop = from; hop + 8 <= to; hop += (bytes.readUInt16LE(hop) + 3) & ~3)
        eachAttribute(bytes, hop + 8, hop + bytes.readUInt16LE(hop), 'rtnexthop', (inner, innerAt) => {
          if (inner === RTA_GATEWAY) gateway(innerAt);
        });
  });
  seen.index = indexOfPrefix(address, bytes[at + 17]);
  seen.gateways = gateways;
}

/** Dumps the routes of a family, of all tables, and visits each RTM_NEWROUTE, which is valid until the visit returns. */
export function eachRoute(family: number, visit: (bytes: Buffer, at: number, end: number) => void): void {
  const socket = new DumpSocket();
  try {
    socket.start((words, sequence) => {
      writeHeader(
        { bytes: Buffer.from(words.buffer), words },
        0,
        28,
        K.RTM_GETROUTE,
        K.NLM_F_REQUEST | K.NLM_F_DUMP,
        sequence,
      );
      words.fill(0, 4, 7);
      words[4] = family;
      return 7;
    });
    const each = (type: number, at: number, end: number) => {
      if (type === K.RTM_NEWROUTE) visit(socket.buffer.bytes, at, end);
    };
    while (socket.step(each) === 'more');
  } finally {
    socket.close();
  }
}

/** Compares the main table with the first `count` prefixes, each over exactly these gateways. */
export function compareRoutes(count: number, gateways: number, spines: readonly number[]): Comparison {
  const result = { missing: 0, stale: 0, wrong: 0 };
  const found = new Uint8Array(count);
  const seen: SeenRoute = { index: -1, gateways: 0 };
  eachRoute(K.AF_INET, (bytes, at, end) => {
    seenRoute(bytes, at, end, spines, seen);
    if (seen.index < 0) return;
    if (seen.index >= count || found[seen.index] !== 0) result.stale++;
    else {
      found[seen.index] = 1;
      if (seen.gateways !== gateways) result.wrong++;
    }
  });
  for (const each of found) if (each === 0) result.missing++;
  return result;
}
