import {
  type Esi,
  esiFromBytes,
  esiToBytes,
  formatEsi,
  type Ip,
  ipByteLength,
  ipToBytes,
  type RouteDistinguisher,
} from '../../types/index.js';
import {
  formatAddress,
  lengthFault,
  originatorFault,
  type RouteCodec,
  readOriginator,
  readRd,
  writeRd,
} from './codec.js';

const TYPE = 4;
const NAME = 'Ethernet Segment';
/** Octets up to and with the IP address length. */
const FIXED = 19;

/** Ethernet Segment (RFC 7432 §7.4): key rd + esi + originator. */
export interface EthernetSegment {
  readonly type: typeof TYPE;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly originator: Ip;
}

/** RFC 7432 §7.4: RD 8, ESI 10, IP length 1, originating router's IP 4 or 16. */
export const ethernetSegment: RouteCodec<EthernetSegment> = {
  fault(bytes, at, length) {
    if (length !== FIXED + 4 && length !== FIXED + 16)
      return lengthFault(length, NAME, FIXED + 4, FIXED + 16);
    return originatorFault(bytes[at + 18], length === FIXED + 4 ? 4 : 16, NAME);
  },
  decode(bytes, at, length) {
    return {
      type: TYPE,
      rd: readRd(bytes, at),
      esi: esiFromBytes(bytes, at + 8),
      originator: readOriginator(bytes, at + 18, length === FIXED + 4 ? 4 : 16, NAME),
    };
  },
  length: (route) => FIXED + ipByteLength(route.originator),
  encode(route, bytes, at) {
    writeRd(route.rd, bytes, at);
    esiToBytes(route.esi, bytes, at + 8);
    bytes[at + 18] = ipToBytes(route.originator, bytes, at + FIXED) * 8;
  },
  keyOnly: (route) => route,
  head: (route) => route.esi,
  sameTail: (a, b) => a.originator === b.originator,
  tail: (route) => String(route.originator),
  sameRest: () => true,
  vni: () => undefined,
  format: (route) => `[4]:[${formatEsi(route.esi)}]:${formatAddress(route.originator)}`,
};
