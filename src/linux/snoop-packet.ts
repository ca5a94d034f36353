import {
  type Ip,
  type Ipv6,
  ipFromBytes,
  isIpv4,
  isLinkLocal,
  isMulticastMac,
  type Mac,
  macFromBytes,
  macToBytes,
} from '../types/index.js';
import * as K from './constants.js';

/*
 * ARP (RFC 826) and neighbor discovery (RFC 4861) as they stand in Ethernet frames: what a host announces of itself, and the
 * questions that we ask one host. Frames are read without their VLAN tag, which the kernel has taken off.
 */
const ETHERTYPE = 12;
const NETWORK = 14;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;

const ARP_LENGTH = 28;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;

const IPV6_LENGTH = 40;
const ICMPV6 = 58;
const HOP_LIMIT = 255;
const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;
/** Octets of the ICMPv6 message before its options, by type. */
const FIXED_LENGTH: Readonly<Record<number, number>> = {
  [ROUTER_SOLICITATION]: 8,
  [ROUTER_ADVERTISEMENT]: 16,
  [NEIGHBOR_SOLICITATION]: 24,
  [NEIGHBOR_ADVERTISEMENT]: 24,
};
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
const NA_ROUTER = 0x80;

/** The content of one frame; the reader fills the same object again and again. */
export interface Heard {
  mac: Mac;
  ip: Ip;
  /** undefined if the packet does not have it. */
  router: boolean | undefined;
}

/**
 * `binding`: `ip` is at `mac`; `tentative`: a host wants `ip` and asks whether it is free; `nothing`: sound, but it names
 * no host's address; `malformed`: cut short or against the RFC.
 */
export type FrameKind = 'binding' | 'tentative' | 'nothing' | 'malformed';

function readU16(bytes: Buffer, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function writeU16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

/**
 * Reads the Ethernet frame of `length` octets at `at`. `checkSums` is false where the sender's kernel has left the
 * checksum to hardware that the frame never saw. Never throws.
 */
export function readFrame(
  bytes: Buffer,
  at: number,
  length: number,
  checkSums: boolean,
  into: Heard,
): FrameKind {
  if (length < NETWORK) return 'malformed';
  const type = readU16(bytes, at + ETHERTYPE);
  if (type === ETH_P_ARP) return readArp(bytes, at + NETWORK, length - NETWORK, into);
  if (type === ETH_P_IPV6) return readNd(bytes, at, length - NETWORK, checkSums, into);
  return 'nothing';
}

/** RFC 826; RFC 5227 for probes, whose sender has no address yet. */
function readArp(bytes: Buffer, at: number, length: number, into: Heard): FrameKind {
  if (length < ARP_LENGTH) return 'malformed';
  const isEthernetIpv4 =
    readU16(bytes, at) === 1 &&
    readU16(bytes, at + 2) === 0x0800 &&
    bytes[at + 4] === 6 &&
    bytes[at + 5] === 4;
  if (!isEthernetIpv4) return 'nothing';
  const operation = readU16(bytes, at + 6);
  if (operation !== ARP_REQUEST && operation !== ARP_REPLY) return 'nothing';
  into.mac = macFromBytes(bytes, at + 8);
  into.ip = ipFromBytes(bytes, at + 14, 4);
  into.router = undefined;
  if (into.ip !== 0) return 'binding';
  if (operation === ARP_REPLY) return 'nothing';
  into.ip = ipFromBytes(bytes, at + 24, 4);
  return into.ip === 0 ? 'nothing' : 'tentative';
}

/** RFC 4861 §6.1, §7.1: what is not valid by these is malformed. */
function readNd(bytes: Buffer, frame: number, length: number, checkSums: boolean, into: Heard): FrameKind {
  const header = frame + NETWORK;
  if (length < IPV6_LENGTH || bytes[header] >>> 4 !== 6) return 'malformed';
  if (bytes[header + 6] !== ICMPV6) return 'nothing';
  const size = readU16(bytes, header + 4);
  const message = header + IPV6_LENGTH;
  if (size < 4 || size > length - IPV6_LENGTH) return 'malformed';
  const type = bytes[message];
  const fixed = FIXED_LENGTH[type];
  if (fixed === undefined) return 'nothing';
  if (size < fixed || bytes[header + 7] !== HOP_LIMIT || bytes[message + 1] !== 0) return 'malformed';
  if (checkSums && icmpChecksum(bytes, header, size) !== 0) return 'malformed';
  const wanted = type === NEIGHBOR_ADVERTISEMENT ? TARGET_LINK_LAYER : SOURCE_LINK_LAYER;
  const option = findOption(bytes, message + fixed, message + size, wanted);
  if (option < 0) return 'malformed';
  const mac = option > 0 ? macFromBytes(bytes, option) : undefined;
  const source = ipFromBytes(bytes, header + 8, 16);
  switch (type) {
    case NEIGHBOR_SOLICITATION: {
      const target = ipFromBytes(bytes, message + 8, 16);
      if (isMulticastIpv6(target)) return 'malformed';
      if (!isUnspecified(source)) return binding(into, source, mac, undefined);
      if (mac !== undefined) return 'malformed';
      into.ip = target;
      return 'tentative';
    }
    case NEIGHBOR_ADVERTISEMENT: {
      const target = ipFromBytes(bytes, message + 8, 16);
      if (isMulticastIpv6(target)) return 'malformed';
      // An answer to a unicast question may leave the option out, since the one who asks knows (RFC 4861 §7.2.4)
      const answerer = mac ?? macFromBytes(bytes, frame + 6);
      return binding(into, target, answerer, (bytes[message + 4] & NA_ROUTER) !== 0);
    }
    case ROUTER_ADVERTISEMENT:
      if (!isLinkLocal(source)) return 'malformed';
      return binding(into, source, mac, true);
    default:
      if (isUnspecified(source)) return mac === undefined ? 'nothing' : 'malformed';
      return binding(into, source, mac, false);
  }
}

function binding(into: Heard, ip: Ip, mac: Mac | undefined, router: boolean | undefined): FrameKind {
  if (mac === undefined || isMulticastMac(mac)) return 'nothing';
  into.mac = mac;
  into.ip = ip;
  into.router = router;
  return 'binding';
}

/** Offset of the link-layer address in the wanted option; 0 where there is none, -1 where an option does not fit. */
function findOption(bytes: Buffer, at: number, end: number, wanted: number): number {
  let found = 0;
  while (at < end) {
    if (end - at < 8) return -1;
    const octets = bytes[at + 1] * 8;
    if (octets === 0 || octets > end - at) return -1;
    if (bytes[at] === wanted && octets === 8) found = at + 2;
    at += octets;
  }
  return found;
}

function isUnspecified(ip: Ip): boolean {
  return ip === '\0'.repeat(16);
}

function isMulticastIpv6(ip: Ip): boolean {
  return !isIpv4(ip) && ip.charCodeAt(0) === 0xff;
}

/** RFC 4443 §2.3: over the pseudo-header and `size` octets behind the IPv6 header; 0 where a checksum within is right. */
function icmpChecksum(bytes: Buffer, header: number, size: number): number {
  let sum = size + ICMPV6;
  // Addresses and message stand one behind the other
  const end = header + IPV6_LENGTH + size;
  for (let at = header + 8; at + 1 < end; at += 2) sum += (bytes[at] << 8) | bytes[at + 1];
  if (size % 2 === 1) sum += bytes[end - 1] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The longest question, tag included. */
export const QUESTION_MAX = 90;

/** Writes the Ethernet header and returns the offset behind it. */
function writeEthernet(bytes: Buffer, to: Mac, from: Mac, tag: number, type: number): number {
  macToBytes(to, bytes, 0);
  macToBytes(from, bytes, 6);
  if (tag === 0) {
    writeU16(bytes, 12, type);
    return 14;
  }
  writeU16(bytes, 12, K.ETH_P_8021Q);
  writeU16(bytes, 14, tag);
  writeU16(bytes, 16, type);
  return 18;
}

/**
 * Writes the question whether `to` still has `ip`, from the MAC `from`, in VLAN `tag` (0: untagged), and returns its
 * length. IPv4: an ARP probe, which claims no address for us (RFC 5227). IPv6: a neighbor solicitation from the
 * link-local address that our MAC gives (RFC 4291 §2.5.6); the unspecified address would ask for duplicates.
 */
export function writeQuestion(bytes: Buffer, to: Mac, from: Mac, tag: number, ip: Ip): number {
  bytes.fill(0, 0, QUESTION_MAX);
  return isIpv4(ip) ? writeArp(bytes, to, from, tag, ip) : writeSolicitation(bytes, to, from, tag, ip);
}

function writeArp(bytes: Buffer, to: Mac, from: Mac, tag: number, ip: number): number {
  const at = writeEthernet(bytes, to, from, tag, ETH_P_ARP);
  writeU16(bytes, at, 1);
  writeU16(bytes, at + 2, 0x0800);
  bytes[at + 4] = 6;
  bytes[at + 5] = 4;
  writeU16(bytes, at + 6, ARP_REQUEST);
  macToBytes(from, bytes, at + 8);
  writeU16(bytes, at + 24, ip >>> 16);
  writeU16(bytes, at + 26, ip & 0xffff);
  return at + ARP_LENGTH;
}

function writeSolicitation(bytes: Buffer, to: Mac, from: Mac, tag: number, ip: Ipv6): number {
  const header = writeEthernet(bytes, to, from, tag, ETH_P_IPV6);
  const message = header + IPV6_LENGTH;
  const size = 32;
  bytes[header] = 0x60;
  writeU16(bytes, header + 4, size);
  bytes[header + 6] = ICMPV6;
  bytes[header + 7] = HOP_LIMIT;
  writeU16(bytes, header + 8, 0xfe80);
  macToBytes(from, bytes, header + 18);
  // EUI-64: the upper half moves up by two, ff:fe comes between, the universal bit is inverted
  bytes.copyWithin(header + 16, header + 18, header + 21);
  bytes[header + 16] ^= 0x02;
  writeU16(bytes, header + 19, 0xfffe);
  for (let i = 0; i < 16; i++) {
    bytes[header + 24 + i] = ip.charCodeAt(i);
    bytes[message + 8 + i] = ip.charCodeAt(i);
  }
  bytes[message] = NEIGHBOR_SOLICITATION;
  bytes[message + 24] = SOURCE_LINK_LAYER;
  bytes[message + 25] = 1;
  macToBytes(from, bytes, message + 26);
  writeU16(bytes, message + 2, icmpChecksum(bytes, header, size));
  return message + size;
}
