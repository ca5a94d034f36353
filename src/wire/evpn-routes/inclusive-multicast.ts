import { ipByteLength, ipToBytes } from '../../types/index.js';
import { type Imet, RouteType } from '../nlri.js';
import { expectLength, formatAddress, type RouteCodec, readOriginator, readRd, writeRd } from './codec.js';

const NAME = 'Inclusive Multicast';
/** Octets up to and with the IP address length. */
const FIXED = 13;

/** RFC 7432 §7.3: RD 8, Ethernet tag 4, IP length 1, originating router's IP 4 or 16. */
export const inclusiveMulticast: RouteCodec<Imet> = {
  skipsMalformed: false,
  decode(bytes, at, length) {
    expectLength(length, NAME, FIXED + 4, FIXED + 16);
    return {
      type: RouteType.INCLUSIVE_MULTICAST,
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
  format: (route) => `[3]:[${route.ethernetTag}]:${formatAddress(route.originator)}`,
};
