import { type Ip, ipByteLength, ipToBytes, type RouteDistinguisher } from '../../types/index.js';
import { expectLength, formatAddress, type RouteCodec, readOriginator, readRd, writeRd } from './codec.js';

const TYPE = 3;
const NAME = 'Inclusive Multicast';
/** Octets up to and with the IP address length. */
const FIXED = 13;

/** Inclusive Multicast Ethernet Tag (RFC 7432 §7.3): key rd + ethernetTag + originator. */
export interface InclusiveMulticast {
  readonly type: typeof TYPE;
  readonly rd: RouteDistinguisher;
  readonly ethernetTag: number;
  readonly originator: Ip;
}

/** RFC 7432 §7.3: RD 8, Ethernet tag 4, IP length 1, originating router's IP 4 or 16. */
export const inclusiveMulticast: RouteCodec<InclusiveMulticast> = {
  decode(bytes, at, length) {
    expectLength(length, NAME, FIXED + 4, FIXED + 16);
    return {
      type: TYPE,
      rd: readRd(bytes, at),
      ethernetTag: bytes.readUInt32BE(at + 8),
      originator: readOriginator(bytes, at + 12, length === FIXED + 4 ? 4 : 16, NAME),
    };
  },
  length: (route) => FIXED + ipByteLength(route.originator),
  encode(route, bytes, at) {
    writeRd(route.rd, bytes, at);
    bytes.writeUInt32BE(route.ethernetTag, at + 8);
    bytes[at + 12] = ipToBytes(route.originator, bytes, at + FIXED) * 8;
  },
  keyOnly: (route) => route,
  head: (route) => route.originator,
  sameTail: (a, b) => a.ethernetTag === b.ethernetTag,
  tail: (route) => String(route.ethernetTag),
  sameRest: () => true,
  vni: (_route, tunnelLabel) => tunnelLabel,
  format: (route) => `[3]:[${route.ethernetTag}]:${formatAddress(route.originator)}`,
};
