import { type Ip, ipFromBytes } from '../types/index.js';
import { NLA_TYPE_MASK } from './constants.js';

/** One persistent buffer seen as octets and as host-order 32-bit words; netlink aligns everything to four. */
export interface MessageBuffer {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
}

/** A zeroed buffer; `size` in octets, a multiple of 4. */
export function allocateMessages(size: number): MessageBuffer {
  const memory = new ArrayBuffer(size);
  return { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
}

/** Length of `struct nlmsghdr`. */
export const NLMSG_HDRLEN = 16;

/** A netlink message that is cut short or contradicts itself; names the message, the field and what was found. */
export class NetlinkFormatError extends Error {
  override readonly name = 'NetlinkFormatError';
  constructor(
    readonly subject: string,
    readonly field: string,
    found: string,
  ) {
    super(`${subject}: ${field}: ${found}; the message is skipped`);
  }
}

/**
 * Visits each message of one datagram, `at` the offset of its header and `end` that of its last octet + 1. Throws
 * NetlinkFormatError where a length contradicts the datagram; messages before it have been visited.
 */
export function eachMessage(
  buffer: MessageBuffer,
  start: number,
  length: number,
  visit: (type: number, at: number, end: number) => void,
): void {
  const limit = start + length;
  let at = start;
  while (at < limit) {
    if (limit - at < NLMSG_HDRLEN)
      throw new NetlinkFormatError('netlink header', 'nlmsghdr', `${limit - at} of ${NLMSG_HDRLEN} octets`);
    const size = buffer.words[at >> 2];
    if (size < NLMSG_HDRLEN || size > limit - at)
      throw new NetlinkFormatError(
        'netlink header',
        'nlmsg_len',
        `${size} where ${limit - at} octets are left`,
      );
    visit(buffer.words[(at + 4) >> 2] & 0xffff, at, at + size);
    at += (size + 3) & ~3;
  }
}

/** `nlmsg_flags` of the message at `at`. */
export function messageFlags(buffer: MessageBuffer, at: number): number {
  return buffer.words[(at + 4) >> 2] >>> 16;
}

/** `nlmsg_seq` of the message at `at`. */
export function messageSequence(buffer: MessageBuffer, at: number): number {
  return buffer.words[(at + 8) >> 2];
}

/**
 * Visits each attribute between `at` and `end`, its flag bits taken off its type. Throws NetlinkFormatError where a
 * length does not fit; attributes before it have been visited.
 */
export function eachAttribute(
  bytes: Buffer,
  at: number,
  end: number,
  message: string,
  visit: (type: number, at: number, end: number) => void,
): void {
  while (at < end) {
    if (end - at < 4) throw new NetlinkFormatError(message, 'nlattr', `${end - at} of 4 octets`);
    const length = bytes[at] | (bytes[at + 1] << 8);
    const type = (bytes[at + 2] | (bytes[at + 3] << 8)) & NLA_TYPE_MASK;
    if (length < 4 || length > end - at)
      throw new NetlinkFormatError(
        message,
        `attribute ${type}`,
        `nla_len ${length} where ${end - at} octets are left`,
      );
    visit(type, at + 4, at + length);
    at += (length + 3) & ~3;
  }
}

function need(at: number, end: number, octets: number, message: string, field: string): void {
  if (end - at < octets) throw new NetlinkFormatError(message, field, `${end - at} of ${octets} octets`);
}

/** Reads one octet of an attribute; throws NetlinkFormatError where it is shorter. */
export function readU8(bytes: Buffer, at: number, end: number, message: string, field: string): number {
  need(at, end, 1, message, field);
  return bytes[at];
}

/** Reads a host-order number of 16 bits; throws NetlinkFormatError where the attribute is shorter. */
export function readU16(bytes: Buffer, at: number, end: number, message: string, field: string): number {
  need(at, end, 2, message, field);
  return bytes.readUInt16LE(at);
}

/** Reads a host-order number of 32 bits; throws NetlinkFormatError where the attribute is shorter. */
export function readU32(bytes: Buffer, at: number, end: number, message: string, field: string): number {
  need(at, end, 4, message, field);
  return bytes.readUInt32LE(at);
}

/** Reads a host-order number of 64 bits, exact up to 2^53; throws NetlinkFormatError where the attribute is shorter. */
export function readU64(bytes: Buffer, at: number, end: number, message: string, field: string): number {
  need(at, end, 8, message, field);
  return Number(bytes.readBigUInt64LE(at));
}

/** Reads text up to its zero octet. */
export function readText(bytes: Buffer, at: number, end: number): string {
  const zero = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, zero < 0 || zero > end ? end : zero);
}

/** Writes a header at `at`; `length` in octets, the header's included. */
export function writeHeader(
  buffer: MessageBuffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  sequence: number,
): void {
  const word = at >> 2;
  buffer.words[word] = length;
  buffer.words[word + 1] = type | (flags << 16);
  buffer.words[word + 2] = sequence;
  buffer.words[word + 3] = 0;
}

/** A 16-bit number in network order. Throws NetlinkFormatError where octets are missing. */
export function readU16BigEndian(
  bytes: Buffer,
  at: number,
  end: number,
  message: string,
  field: string,
): number {
  const value = readU16(bytes, at, end, message, field);
  return ((value & 0xff) << 8) | (value >>> 8);
}

/** The same of 32 bits. */
export function readU32BigEndian(
  bytes: Buffer,
  at: number,
  end: number,
  message: string,
  field: string,
): number {
  return swap32(readU32(bytes, at, end, message, field));
}

/** An address of 4 or 16 octets. Throws NetlinkFormatError where it has another length. */
export function readIp(bytes: Buffer, at: number, end: number, message: string, field: string): Ip {
  const length = end - at;
  if (length !== 4 && length !== 16)
    throw new NetlinkFormatError(message, field, `${length} octets, neither 4 nor 16`);
  return ipFromBytes(bytes, at, length);
}

/** The same octets in the other order. */
export function swap32(value: number): number {
  return ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24)) >>> 0;
}
