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
import { Malformed } from '../malformed.js';
import { expectLength, type RouteCodec, readRd, writeRd } from './codec.js';

const TYPE = 5;
const NAME = 'IP Prefix';
/** Octets before the prefix. */
const FIXED = 23;
const LABEL = 3;

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
  skipsMalformed: true,
  decode(bytes, at, length) {
    expectLength(length, NAME, FIXED + 8 + LABEL, FIXED + 32 + LABEL);
    const octets = length === FIXED + 8 + LABEL ? 4 : 16;
    const prefixLength = bytes[at + 22];
    if (prefixLength > octets * 8)
      throw new Malformed(`${NAME} route with prefix length ${prefixLength}: expected 0 to ${octets * 8}`);
    return {
      type: TYPE,
      rd: readRd(bytes, at),
      esi: esiFromBytes(bytes, at + 8),
      ethernetTag: bytes.readUInt32BE(at + 18),
      prefixLength,
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
