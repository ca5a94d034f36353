import * as K from './constants.js';
import { writeHeader } from './message.js';

/** Octets of the header and `struct rtmsg`, and of RTA_TABLE. */
const FIXED = 28;
const TABLE = 8;

/**
 * Writes the RTM_GETROUTE that dumps the routes of a family: those of an `rtm_protocol` (0 for any) and, unless it is undefined, of a
 * routing table. Returns the word behind it. The kernel keeps to that where NETLINK_GET_STRICT_CHK is set.
 */
export function encodeRouteDump(
  words: Uint32Array,
  family: number,
  protocol: number,
  table: number | undefined,
  sequence: number,
): number {
  const length = FIXED + (table === undefined ? 0 : TABLE);
  const out = { bytes: Buffer.from(words.buffer), words };
  writeHeader(out, 0, length, K.RTM_GETROUTE, K.NLM_F_REQUEST | K.NLM_F_DUMP, sequence);
  words.fill(0, 4, 7);
  words[4] = family;
  words[5] = protocol << 8;
  if (table !== undefined) {
    words[7] = TABLE | (K.RTA_TABLE << 16);
    words[8] = table;
  }
  return length >> 2;
}
