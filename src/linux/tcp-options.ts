import { getSystemErrorName } from 'node:util';
import {
  hostPrefix,
  type Ip,
  type PrefixKey,
  prefixAddress,
  prefixLength,
  type Secret,
} from '../types/index.js';
import * as K from './constants.js';
import { native } from './native.js';
import { familyOf } from './neigh-writer.js';
import { socketAddress } from './socket-address.js';

/** What a TCP socket demands of the packets of a peer, and gives its own. */
export interface TcpSecurity {
  /** Signs and demands signatures (RFC 2385). */
  readonly md5Key?: Secret | undefined;
  /** How many hops away the peer is at most (GTSM, RFC 5082 §3). */
  readonly ttlSecurity?: number | undefined;
  /** The TTL or hop limit that ours have, if `ttlSecurity` sets none. */
  readonly ttl?: number | undefined;
}

const MAX_TTL = 255;
/** As the kernel has it of the namespace (net.ipv4.ip_default_ttl) or the device. */
const DEFAULT_TTL = -1;

/** The TTL that packets of a peer arrive with at least, which is so many hops away at most; 1 for any. */
export const leastTtl = (hops: number): number => MAX_TTL + 1 - hops;

/** Throws an Error with `code` (`ENOMEM`) for a negative errno; `call` is what failed. */
export function checked(result: number, call: string): number {
  if (result >= 0) return result;
  const code = getSystemErrorName(result);
  throw Object.assign(new Error(`${call} ${code}`), { code, errno: result, syscall: call });
}

/** Sets an option that is an int. Throws an Error with `code`. */
export function setInteger(fd: number, level: number, name: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value, 0);
  checked(native().setSocketOption(fd, level, name, bytes), 'setsockopt');
}

/** Sends with this TTL or hop limit; undefined: with the kernel's own. */
export function setTtl(fd: number, family: number, ttl: number | undefined): void {
  if (family === K.AF_INET) setInteger(fd, K.IPPROTO_IP, K.IP_TTL, ttl ?? DEFAULT_TTL);
  else setInteger(fd, K.IPPROTO_IPV6, K.IPV6_UNICAST_HOPS, ttl ?? DEFAULT_TTL);
}

/** Sends with TTL 255 and takes nothing in that comes from farther away. */
export function setTtlSecurity(fd: number, family: number, hops: number): void {
  setTtl(fd, family, MAX_TTL);
  if (family === K.AF_INET) setInteger(fd, K.IPPROTO_IP, K.IP_MINTTL, leastTtl(hops));
  else setInteger(fd, K.IPPROTO_IPV6, K.IPV6_MINHOPCOUNT, leastTtl(hops));
}

/**
 * The socket sends and hears by this device alone, or in this VRF where it is one (Documentation/networking/vrf.rst). Throws an
 * Error with `code`: ENODEV where there is no such device.
 */
export function bindToDevice(fd: number, device: string): void {
  checked(
    native().setSocketOption(fd, K.SOL_SOCKET, K.SO_BINDTODEVICE, Buffer.from(`${device}\0`)),
    `setsockopt SO_BINDTODEVICE ${device}`,
  );
}

const MD5SIG_LENGTH = 216;
const SOCKADDR_STORAGE = 128;

/**
 * A struct tcp_md5sig (linux/tcp.h): the key of peers within a prefix, of one address where it is whole; undefined removes
 * it.
 */
export function md5Signature(ip: Ip, prefixLength: number, key: Secret | undefined): Buffer {
  const bytes = Buffer.alloc(MD5SIG_LENGTH);
  socketAddress(ip, 0).copy(bytes, 0);
  const octets = key?.reveal() ?? Buffer.alloc(0);
  bytes.writeUInt8(K.TCP_MD5SIG_FLAG_PREFIX, SOCKADDR_STORAGE);
  bytes.writeUInt8(prefixLength, SOCKADDR_STORAGE + 1);
  bytes.writeUInt16LE(octets.length, SOCKADDR_STORAGE + 2);
  octets.copy(bytes, SOCKADDR_STORAGE + 8);
  octets.fill(0);
  return bytes;
}

/**
 * Gives the socket a key for the peers within a prefix, changes it, or removes it; connections that come in take it over from a listening socket.
 * Throws an Error with `code`: ENOPROTOOPT where the kernel signs nothing, ENOMEM where net.core.optmem_max is used up.
 */
export function setMd5Key(fd: number, prefix: PrefixKey, key: Secret | undefined): void {
  const value = md5Signature(prefixAddress(prefix), prefixLength(prefix), key);
  const result = native().setSocketOption(fd, K.IPPROTO_TCP, K.TCP_MD5SIG_EXT, value);
  value.fill(0);
  if (key === undefined && result === -K.ENOENT) return;
  checked(result, 'setsockopt TCP_MD5SIG');
}

/**
 * Opens a TCP socket with what a connection to the peer demands, in the VRF or on the device of that name; the descriptor is the
 * caller's. Throws an Error with `code`.
 */
export function openTcpSocket(
  ip: Ip,
  { md5Key, ttlSecurity, ttl }: TcpSecurity,
  device: string | undefined,
): number {
  const family = familyOf(ip);
  const { RawSocket } = native();
  const socket = new RawSocket(family, K.SOCK_STREAM, 0);
  try {
    if (device !== undefined) bindToDevice(socket.fd, device);
    if (md5Key) setMd5Key(socket.fd, hostPrefix(ip), md5Key);
    if (ttlSecurity !== undefined) setTtlSecurity(socket.fd, family, ttlSecurity);
    else if (ttl !== undefined) setTtl(socket.fd, family, ttl);
    return socket.release();
  } catch (error) {
    socket.close();
    throw error;
  }
}
