import { networkInterfaces } from 'node:os';
import { getSystemErrorName } from 'node:util';
import {
  type Arrival,
  BFD_PORT,
  BFD_TTL,
  type BfdChannel,
  type BfdTarget,
  type BfdTransport,
  BfdTransportError,
  MULTIHOP_BFD_PORT,
} from '../bfd/index.js';
import { IPV4_ANY, IPV6_ANY, type Ip, isIpv4, type Log, parseIp } from '../types/index.js';
import * as K from './constants.js';
import { ttlOf } from './control-messages.js';
import { native, type RawSocket } from './native.js';
import { familyOf } from './neigh-writer.js';
import { addressText, ipOf, SOCKADDR_ROOM, socketAddress } from './socket-address.js';
import { setInteger, setTtl } from './tcp-options.js';

/** <asm-generic/socket.h>, <linux/in.h>, <linux/in6.h>. */
const SO_PRIORITY = 12;
const IP_TOS = 1;
const IP_RECVTTL = 12;
const IPV6_TCLASS = 67;
/** Of routing protocols (RFC 4594 §3.1), and its place in a device's queue: <linux/pkt_sched.h>. */
const DSCP_CS6 = 0xc0;
const TC_PRIO_CONTROL = 7;

/** RFC 5881 §4: source ports of sessions. */
const FIRST_PORT = 49152;
const LAST_PORT = 65535;
const PORT_ATTEMPTS = 32;

const CONTROL = 64;

/** A packet is 24 octets; what is longer than the room is lost, and would be discarded. */
const ROOM = 128;
/** Of one reading, which is what a turn of the event loop takes. */
const BATCH = 64;
/** Readings of one `poll`: more than a socket holds. */
const READINGS = 16;

/** A socket on one of BFD's ports, for all sessions of its family. */
interface Ear {
  readonly socket: RawSocket;
  readonly multihop: boolean;
  users: number;
}

const CURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has it (see: ss -lunp), such as bfdd of FRR: stop it, or take `bfd` out',
  EADDRNOTAVAIL: 'no interface has this address',
  EAFNOSUPPORT: 'the kernel runs without this address family',
};

/** BFD over UDP (RFC 5881 §4 and §5, RFC 5883 §5): a port of its own for each session to send from, one for all to hear. */
export class UdpBfdTransport implements BfdTransport {
  onArrival: (arrival: Arrival) => void = () => {};
  readonly #log: Log;
  readonly #ears = new Map<string, Ear>();
  readonly #bytes = Buffer.alloc(BATCH * ROOM);
  readonly #lengths = new Int32Array(1 + 3 * BATCH);
  readonly #addresses = Buffer.alloc(BATCH * SOCKADDR_ROOM);
  readonly #controls = Buffer.alloc(BATCH * CONTROL);

  constructor(log: Log) {
    this.#log = log;
  }

  open({ address, localAddress, multihop }: BfdTarget): BfdChannel {
    const [text, zone] = address.split('%');
    const ip = parseIp(text);
    const local = localAddress === undefined ? anyOf(ip) : ipOf(localAddress);
    const key = `${isIpv4(ip) ? 'IPv4' : 'IPv6'} ${multihop}`;
    const ear = this.#ears.get(key) ?? this.#listen(key, ip, multihop);
    let mouth: RawSocket;
    try {
      mouth = openMouth(ip, local, scopeOf(zone));
    } catch (error) {
      this.#leave(key, ear);
      throw error;
    }
    ear.users++;
    const port = multihop ? MULTIHOP_BFD_PORT : BFD_PORT;
    let to = socketAddress(ip, port, scopeOf(zone));
    return {
      send(packet) {
        const sent = mouth.sendTo(packet, 0, packet.length, to);
        if (sent >= 0) return undefined;
        // The interface may be another one of that name
        if (zone !== undefined) to = socketAddress(ip, port, scopeOf(zone));
        return getSystemErrorName(sent);
      },
      close: () => {
        mouth.close();
        ear.users--;
        this.#leave(key, ear);
      },
    };
  }

  poll(): void {
    for (const ear of this.#ears.values())
      for (let i = 0; i < READINGS && ear.socket.fd >= 0; i++) if (!this.#read(ear)) break;
  }

  close(): void {
    for (const { socket } of this.#ears.values()) socket.close();
    this.#ears.clear();
  }

  #listen(key: string, ip: Ip, multihop: boolean): Ear {
    const port = multihop ? MULTIHOP_BFD_PORT : BFD_PORT;
    const what = `UDP port ${port} of ${isIpv4(ip) ? 'IPv4' : 'IPv6'}`;
    const socket = openSocket(ip, what);
    if (isIpv4(ip)) setInteger(socket.fd, K.IPPROTO_IP, IP_RECVTTL, 1);
    else setInteger(socket.fd, K.IPPROTO_IPV6, K.IPV6_RECVHOPLIMIT, 1);
    bind(socket, socketAddress(anyOf(ip), port), what);
    const ear: Ear = { socket, multihop, users: 0 };
    socket.watch(
      () => this.#read(ear),
      (thrown) => this.#log.error({ err: thrown }, 'handling a BFD packet failed'),
    );
    this.#ears.set(key, ear);
    return ear;
  }

  #leave(key: string, ear: Ear): void {
    if (ear.users > 0) return;
    ear.socket.close();
    this.#ears.delete(key);
  }

  /** True where more may wait. */
  #read({ socket, multihop }: Ear): boolean {
    const count = socket.receiveManyFrom(
      this.#bytes,
      ROOM,
      this.#lengths,
      this.#addresses,
      SOCKADDR_ROOM,
      this.#controls,
      CONTROL,
    );
    const ended = this.#lengths[0];
    // The receivers may read on: what is here is taken before
    const arrivals: Arrival[] = [];
    for (let i = 0, at = 0; i < count; i++) {
      const length = this.#lengths[1 + 3 * i];
      const sender = this.#addresses.subarray(i * SOCKADDR_ROOM, (i + 1) * SOCKADDR_ROOM);
      const [text, zone = ''] = addressText(sender).split('%');
      const ttl = ttlOf(this.#controls, i * CONTROL, this.#lengths[3 + 3 * i]);
      const bytes = Buffer.from(this.#bytes.subarray(at, at + length));
      arrivals.push({ bytes, start: 0, length, ip: parseIp(text), zone, ttl, multihop });
      at += (length + 3) & ~3;
    }
    for (const arrival of arrivals) this.onArrival(arrival);
    return count > 0 || ended === 0 || ended === K.EMSGSIZE;
  }
}

function anyOf(ip: Ip): Ip {
  return isIpv4(ip) ? IPV4_ANY : IPV6_ANY;
}

/** The index of the interface that a zone names; 0 for none, and for one that has no link-local address. */
function scopeOf(zone: string | undefined): number {
  for (const address of zone === undefined ? [] : (networkInterfaces()[zone] ?? []))
    if (address.family === 'IPv6' && address.scopeid > 0) return address.scopeid;
  return 0;
}

/** A socket to send from: with a port that no other session has. */
function openMouth(ip: Ip, local: Ip, scope: number): RawSocket {
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

function openSocket(ip: Ip, what: string): RawSocket {
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

function bind(socket: RawSocket, address: Buffer, what: string): void {
  const failed = socket.bind(address);
  if (failed === 0) return;
  socket.close();
  throw failure(getSystemErrorName(failed), what);
}

function failure(code: string, what: string, cure = 'see what the kernel allows evpnd'): BfdTransportError {
  return new BfdTransportError(code, what, CURES[code] ?? cure);
}
