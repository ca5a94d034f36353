import {
  ESI_ZERO,
  type Esi,
  esiFromBytes,
  esiToBytes,
  formatIp,
  IPV4_ANY,
  IPV6_ANY,
  type Ip,
  ipByteLength,
  ipFromBytes,
  ipToBytes,
  isIpv4,
  masked,
  type RouteDistinguisher,
} from '../../types/index.js';
import { lengthFault, type RouteCodec, readRd, writeRd } from './codec.js';

const TYPE = 5;
const NAME = 'IP Prefix';
/** Octets before the prefix. */
const FIXED = 23;
const LABEL = 3;
/** Octets of a whole route. */
const OF_IPV4 = FIXED + 8 + LABEL;
const OF_IPV6 = FIXED + 32 + LABEL;

/** IP Prefix (RFC 9136 §3.1): key rd + ethernetTag + prefixLength + prefix. */
export interface IpPrefix {
  readonly type: typeof TYPE;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly ethernetTag: number;
  readonly prefixLength: number;
  readonly prefix: Ip;
  readonly gateway: Ip;
  /** The L3 VNI, raw 24 bits. */
  readonly label: number;
}

/** What the prefix is: bits behind it say nothing, as those of unicast. */
const network = ({ prefix, prefixLength }: Pick<IpPrefix, 'prefix' | 'prefixLength'>): Ip =>
  masked(prefix, prefixLength);

/** RFC 9136 §3.1: RD 8, ESI 10, Ethernet tag 4, prefix length 1, prefix and gateway 4 each or 16 each, label 3. */
export const ipPrefix: RouteCodec<IpPrefix> = {
  fault(bytes, at, length) {
    if (length !== OF_IPV4 && length !== OF_IPV6) return lengthFault(length, NAME, OF_IPV4, OF_IPV6);
    const prefixLength = bytes[at + 22];
    const longest = length === OF_IPV4 ? 32 : 128;
    if (prefixLength <= longest) return undefined;
    return `${NAME} route with prefix length ${prefixLength}: expected 0 to ${longest}`;
  },
  decode(bytes, at, length) {
    const octets = length === OF_IPV4 ? 4 : 16;
    return {
      type: TYPE,
      rd: readRd(bytes, at),
      esi: esiFromBytes(bytes, at + 8),
      ethernetTag: bytes.readUInt32BE(at + 18),
      prefixLength: bytes[at + 22],
      prefix: ipFromBytes(bytes, at + FIXED, octets),
      gateway: ipFromBytes(bytes, at + FIXED + octets, octets),
      label: bytes.readUIntBE(at + FIXED + 2 * octets, LABEL),
    };
  },
  length: (route) => FIXED + 2 * ipByteLength(route.prefix) + LABEL,
  encode(route, bytes, at) {
    writeRd(route.rd, bytes, at);
    esiToBytes(route.esi, bytes, at + 8);
    bytes.writeUInt32BE(route.ethernetTag, at + 18);
    bytes[at + 22] = route.prefixLength;
    const octets = ipToBytes(route.prefix, bytes, at + FIXED);
    ipToBytes(route.gateway, bytes, at + FIXED + octets);
    bytes.writeUIntBE(route.label, at + FIXED + 2 * octets, LABEL);
  },
  keyOnly: (route) => ({
    ...route,
    prefix: network(route),
    esi: ESI_ZERO,
    gateway: isIpv4(route.prefix) ? IPV4_ANY : IPV6_ANY,
    label: 0,
  }),
  head: network,
  sameTail: (a, b) => a.prefixLength === b.prefixLength && a.ethernetTag === b.ethernetTag,
  tail: (route) => `${route.ethernetTag} ${route.prefixLength}`,
  sameRest: (a, b) => a.label === b.label && a.gateway === b.gateway && a.esi === b.esi,
  vni: ({ label }) => label,
  format: (route) => `[5]:[${route.ethernetTag}]:[${route.prefixLength}]:[${formatIp(network(route))}]`,
};
