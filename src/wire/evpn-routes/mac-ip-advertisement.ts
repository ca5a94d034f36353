import {
  ESI_ZERO,
  type Esi,
  esiFromBytes,
  esiToBytes,
  formatMac,
  type Ip,
  ipByteLength,
  ipFromBytes,
  ipToBytes,
  type Mac,
  macFromBytes,
  macToBytes,
  type RouteDistinguisher,
} from '../../types/index.js';
import { Malformed } from '../malformed.js';
import { expectLength, formatAddress, type RouteCodec, readRd, writeRd } from './codec.js';

const TYPE = 2;
const NAME = 'MAC/IP Advertisement';
const MAC_BITS = 48;
/** Octets up to and with the IP address length. */
const FIXED = 30;
const LABEL = 3;

/** MAC/IP Advertisement (RFC 7432 §7.2). The key is rd + ethernetTag + mac + ip; esi and labels are not part of it. */
export interface MacIpAdvertisement {
  readonly type: typeof TYPE;
  readonly rd: RouteDistinguisher;
  readonly esi: Esi;
  readonly ethernetTag: number;
  readonly mac: Mac;
  readonly ip: Ip | undefined;
  /** The L2 VNI, raw 24 bits. */
  readonly label1: number;
  /** The L3 VNI where the route has one. */
  readonly label2: number | undefined;
}

/**
 * RFC 7432 §7.2: RD 8, ESI 10, Ethernet tag 4, MAC length 1, MAC 6, IP length 1, IP 0, 4 or 16, label1 3, label2 0 or 3.
 */
export const macIpAdvertisement: RouteCodec<MacIpAdvertisement> = {
  decode(bytes, at, length) {
    if (length < FIXED + LABEL)
      throw new Malformed(`${NAME} route of ${length} octets: expected ${FIXED + LABEL} or more`);
    if (bytes[at + 22] !== MAC_BITS)
      throw new Malformed(`${NAME} route with MAC address length ${bytes[at + 22]}: expected ${MAC_BITS}`);
    const bits = bytes[at + 29];
    if (bits !== 0 && bits !== 32 && bits !== 128)
      throw new Malformed(`${NAME} route with IP address length ${bits}: expected 0, 32 or 128`);
    const labels = FIXED + bits / 8;
    const hasLabel2 = length === labels + 2 * LABEL;
    if (!hasLabel2) expectLength(length, NAME, labels + LABEL, labels + 2 * LABEL);
    return {
      type: TYPE,
      rd: readRd(bytes, at),
      esi: esiFromBytes(bytes, at + 8),
      ethernetTag: bytes.readUInt32BE(at + 18),
      mac: macFromBytes(bytes, at + 23),
      ip: bits === 0 ? undefined : ipFromBytes(bytes, at + FIXED, bits === 32 ? 4 : 16),
      label1: bytes.readUIntBE(at + labels, LABEL),
      label2: hasLabel2 ? bytes.readUIntBE(at + labels + LABEL, LABEL) : undefined,
    };
  },
  length(route) {
    const ip = route.ip === undefined ? 0 : ipByteLength(route.ip);
    return FIXED + ip + (route.label2 === undefined ? LABEL : 2 * LABEL);
  },
  encode(route, bytes, at) {
    writeRd(route.rd, bytes, at);
    esiToBytes(route.esi, bytes, at + 8);
    bytes.writeUInt32BE(route.ethernetTag, at + 18);
    bytes[at + 22] = MAC_BITS;
    macToBytes(route.mac, bytes, at + 23);
    const octets = route.ip === undefined ? 0 : ipToBytes(route.ip, bytes, at + FIXED);
    bytes[at + 29] = octets * 8;
    bytes.writeUIntBE(route.label1, at + FIXED + octets, LABEL);
    if (route.label2 !== undefined) bytes.writeUIntBE(route.label2, at + FIXED + octets + LABEL, LABEL);
  },
  keyOnly: (route) => ({ ...route, esi: ESI_ZERO, label1: 0, label2: undefined }),
  head: (route) => route.mac,
  sameTail: (a, b) => a.ip === b.ip && a.ethernetTag === b.ethernetTag,
  tail: (route) => `${route.ethernetTag} ${route.ip ?? ''}`,
  sameRest: (a, b) => a.label1 === b.label1 && a.label2 === b.label2 && a.esi === b.esi,
  vni: ({ label1 }) => label1,
  format({ ethernetTag, mac, ip }) {
    const key = `[2]:[${ethernetTag}]:[48]:[${formatMac(mac)}]`;
    return ip === undefined ? key : `${key}:${formatAddress(ip)}`;
  },
};
