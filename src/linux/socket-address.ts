import { formatIp, type Ip, ipFromBytes, ipToBytes, isIpv4, isLinkLocal, parseIp } from '../types/index.js';
import { AF_INET } from './constants.js';
import { native } from './native.js';
import { familyOf } from './neigh-writer.js';

const SOCKADDR_IN_LENGTH = 16;
const SOCKADDR_IN6_LENGTH = 28;
const SIN6_SCOPE_ID = 24;

/** The address in a text that may have a zone behind it. Throws ParseError. */
export const ipOf = (address: string): Ip => parseIp(address.split('%')[0]);

/** A struct sockaddr_in or sockaddr_in6 (linux/in.h, in6.h); `scope` is the interface of a link-local IPv6 address. */
export function socketAddress(ip: Ip, port: number, scope = 0): Buffer {
  const bytes = Buffer.alloc(isIpv4(ip) ? SOCKADDR_IN_LENGTH : SOCKADDR_IN6_LENGTH);
  bytes.writeUInt16LE(familyOf(ip), 0);
  bytes.writeUInt16BE(port, 2);
  ipToBytes(ip, bytes, isIpv4(ip) ? 4 : 8);
  if (!isIpv4(ip)) bytes.writeUInt32LE(scope, SIN6_SCOPE_ID);
  return bytes;
}

/** Room for either. */
export const SOCKADDR_ROOM = SOCKADDR_IN6_LENGTH;

/** The address in one, as text; a link-local IPv6 address with the name of its interface as zone (RFC 4007 §11). */
export function addressText(sockaddr: Buffer): string {
  if (sockaddr.readUInt16LE(0) === AF_INET) return formatIp(ipFromBytes(sockaddr, 4, 4));
  const ip = ipFromBytes(sockaddr, 8, 16);
  if (!isLinkLocal(ip)) return formatIp(ip);
  const zone = sockaddr.readUInt32LE(SIN6_SCOPE_ID);
  return `${formatIp(ip)}%${native().interfaceName(zone) ?? zone}`;
}

/** The interface of an IPv6 one that is link-local, else 0. */
export const scopeOf = (sockaddr: Buffer): number => sockaddr.readUInt32LE(SIN6_SCOPE_ID);

export const portOf = (sockaddr: Buffer): number => sockaddr.readUInt16BE(2);
