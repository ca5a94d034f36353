import { networkInterfaces } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { BFD_TTL, type BfdChannel, BfdTransportError, type Range } from '../bfd/index.js';
import { type Ip, isIpv4 } from '../types/index.js';
import * as K from './constants.js';
import { native, type RawSocket, type Repeater } from './native.js';
import { familyOf } from './neigh-writer.js';
import { socketAddress } from './socket-address.js';
import { setInteger, setTtl } from './tcp-options.js';

/** <asm-generic/socket.h>, <linux/in.h>, <linux/in6.h>. */
const SO_PRIORITY = 12;
const IP_TOS = 1;
const IPV6_TCLASS = 67;
/** Of routing protocols (RFC 4594 §3.1), and its place in a device's queue: <linux/pkt_sched.h>. */
const DSCP_CS6 = 0xc0;
const TC_PRIO_CONTROL = 7;

/** RFC 5881 §4: source ports of sessions. */
const FIRST_PORT = 49152;
const LAST_PORT = 65535;
const PORT_ATTEMPTS = 32;

const CURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has it (see: ss -lunp), such as bfdd of FRR: stop it, or take `bfd` out',
  EADDRNOTAVAIL: 'no interface has this address',
  EAFNOSUPPORT: 'the kernel runs without this address family',
};

/** What one session sends by: a socket of its own, and a thread that repeats its packet. */
export class BfdMouth implements BfdChannel {
  readonly #socket: RawSocket;
  readonly #repeater: Repeater;
  readonly #key: number;
  readonly #address: () => Buffer | undefined;
  readonly #closed: () => void;
  /** What the key had sent for others. */
  readonly #before: number;
  #to: Buffer;
  #said: { readonly packet: Buffer; readonly range: Range } | undefined;

  /**
   * `to`: the neighbor's sockaddr; `address`: the same as it is now, undefined while its interface is down or gone; `closed`:
   * called once this is.
   */
  constructor(
    socket: RawSocket,
    repeater: Repeater,
    key: number,
    to: Buffer,
    address: () => Buffer | undefined,
    closed: () => void,
  ) {
    this.#socket = socket;
    this.#repeater = repeater;
    this.#key = key;
    this.#address = address;
    this.#closed = closed;
    this.#before = repeater.sent(key);
    this.#to = to;
  }

  send(packet: Buffer): string | undefined {
    const sent = this.#socket.sendTo(packet, 0, packet.length, this.#to);
    return sent < 0 ? getSystemErrorName(sent) : undefined;
  }

  repeat(packet: Buffer, range: Range, now: boolean): string | undefined {
    this.#said = { packet: Buffer.from(packet), range };
    return this.#repeat(now);
  }

  rest(): void {
    this.#said = undefined;
    this.#repeater.stop(this.#key);
  }

  get repeated(): { readonly sent: number; readonly fault: string | undefined } {
    const error = this.#said === undefined ? 0 : this.#repeater.error(this.#key);
    return {
      sent: this.#repeater.sent(this.#key) - this.#before,
      fault: error < 0 ? getSystemErrorName(error) : undefined,
    };
  }

  /** Where the last packet was not sent, the interface may be another one of its name. */
  mend(): void {
    if (this.repeated.fault === undefined) return;
    const to = this.#address();
    // Without an index the kernel would take another interface, and report no fault any more
    if (to === undefined || to.equals(this.#to)) return;
    this.#to = to;
    this.#repeat(true);
  }

  close(): void {
    this.rest();
    this.#socket.close();
    this.#closed();
  }

  #repeat(now: boolean): string | undefined {
    if (this.#said === undefined) return undefined;
    const { packet, range } = this.#said;
    const { least, most } = range;
    const failed = this.#repeater.repeat(this.#key, this.#socket.fd, packet, this.#to, least, most, now);
    return failed < 0 ? getSystemErrorName(failed) : undefined;
  }
}

/** The index of the interface that a zone names; 0 for none, and for one that has no link-local address. */
export function scopeOf(zone: string | undefined): number {
  for (const address of zone === undefined ? [] : (networkInterfaces()[zone] ?? []))
    if (address.family === 'IPv6' && address.scopeid > 0) return address.scopeid;
  return 0;
}

/** Returns the neighbor's sockaddr as it is now; undefined while the interface that the zone names is down or gone. */
export function neighborAddress(ip: Ip, port: number, zone: string | undefined): Buffer | undefined {
  const scope = scopeOf(zone);
  return zone !== undefined && scope === 0 ? undefined : socketAddress(ip, port, scope);
}

/** A socket to send from: with a port that no other session has. */
export function openMouth(ip: Ip, local: Ip, scope: number): RawSocket {
  const what = 'a UDP port to send BFD from';
  const socket = openSocket(ip, what);
  setTtl(socket.fd, familyOf(ip), BFD_TTL);
  if (isIpv4(ip)) setInteger(socket.fd, K.IPPROTO_IP, IP_TOS, DSCP_CS6);
  else setInteger(socket.fd, K.IPPROTO_IPV6, IPV6_TCLASS, DSCP_CS6);
  setInteger(socket.fd, K.SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL);
  for (let attempt = 1; ; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT + 1 - FIRST_PORT));
    const failed = socket.bind(socketAddress(local, port, scope));
    if (failed === 0) return socket;
    const code = getSystemErrorName(failed);
    if (code === 'EADDRINUSE' && attempt < PORT_ATTEMPTS) continue;
    socket.close();
    throw failure(code, what, 'see the address and its interface');
  }
}

/** A UDP socket of the address's family. Throws BfdTransportError. */
export function openSocket(ip: Ip, what: string): RawSocket {
  const { RawSocket } = native();
  try {
    const socket = new RawSocket(familyOf(ip), K.SOCK_DGRAM, 0);
    if (!isIpv4(ip)) setInteger(socket.fd, K.IPPROTO_IPV6, K.IPV6_V6ONLY, 1);
    return socket;
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    throw typeof code === 'string' ? failure(code, what) : error;
  }
}

/** Binds it. Throws BfdTransportError, the socket closed. */
export function bind(socket: RawSocket, address: Buffer, what: string): void {
  const failed = socket.bind(address);
  if (failed === 0) return;
  socket.close();
  throw failure(getSystemErrorName(failed), what);
}

function failure(code: string, what: string, cure = 'see what the kernel allows evpnd'): BfdTransportError {
  return new BfdTransportError(code, what, CURES[code] ?? cure);
}
