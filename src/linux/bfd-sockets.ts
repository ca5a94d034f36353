import {
  type Arrival,
  BFD_PORT,
  type BfdChannel,
  type BfdTarget,
  type BfdTransport,
  BfdTransportError,
  MULTIHOP_BFD_PORT,
} from '../bfd/index.js';
import { IPV4_ANY, IPV6_ANY, type Ip, isIpv4, type Log, parseIp } from '../types/index.js';
import { bfdFilter } from './bfd-filter.js';
import { BfdMouth, bind, neighborAddress, openMouth, openSocket, scopeOf } from './bfd-mouth.js';
import * as K from './constants.js';
import { DatagramReader } from './datagrams.js';
import { native, type RawSocket, type Repeater } from './native.js';
import { addressText, ipOf, socketAddress } from './socket-address.js';
import { setInteger } from './tcp-options.js';

/** <linux/in.h>. */
const IP_RECVTTL = 12;
/** What is told of each packet. */
const ASKED = {
  ipv4: [
    [K.IPPROTO_IP, IP_RECVTTL],
    [K.IPPROTO_IP, K.IP_PKTINFO],
  ],
  ipv6: [
    [K.IPPROTO_IPV6, K.IPV6_RECVHOPLIMIT],
    [K.IPPROTO_IPV6, K.IPV6_RECVPKTINFO],
  ],
} as const;

/** Milliseconds from one look at what could not be sent to the next. */
const MEND = 1000;

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
  /** The neighbors of its sessions, one for each. */
  readonly neighbors: Ip[];
}

/** BFD over UDP (RFC 5881 §4 and §5, RFC 5883 §5): a port of its own for each session to send from, one for all to hear. */
export class UdpBfdTransport implements BfdTransport {
  onArrival: (arrival: Arrival) => void = () => {};
  readonly #log: Log;
  readonly #ears = new Map<string, Ear>();
  readonly #mouths = new Map<number, BfdMouth>();
  #repeater: Repeater | undefined;
  #mending: NodeJS.Timeout | undefined;
  readonly #reader = new DatagramReader(BATCH, ROOM);

  constructor(log: Log) {
    this.#log = log;
  }

  open({ address, localAddress, multihop }: BfdTarget): BfdChannel {
    const [text, zone] = address.split('%');
    const ip = parseIp(text);
    const local = localAddress === undefined ? anyOf(ip) : ipOf(localAddress);
    const port = multihop ? MULTIHOP_BFD_PORT : BFD_PORT;
    const to = neighborAddress(ip, port, zone);
    if (to === undefined)
      throw new BfdTransportError(
        'ENODEV',
        `interface ${zone}`,
        'it is to be up, and to have a link-local address',
      );
    const key = `${isIpv4(ip) ? 'IPv4' : 'IPv6'} ${multihop}`;
    const ear = this.#ears.get(key) ?? this.#listen(key, ip, multihop);
    let mouth: RawSocket;
    try {
      mouth = openMouth(ip, local, scopeOf(zone));
    } catch (error) {
      this.#leave(key, ear);
      throw error;
    }
    ear.neighbors.push(ip);
    filter(ear, ip);
    let number = 0;
    while (this.#mouths.has(number)) number++;
    this.#repeater ??= new (native().Repeater)();
    const channel = new BfdMouth(
      mouth,
      this.#repeater,
      number,
      to,
      () => neighborAddress(ip, port, zone),
      () => {
        this.#mouths.delete(number);
        ear.neighbors.splice(ear.neighbors.indexOf(ip), 1);
        this.#leave(key, ear);
        filter(ear, ip);
      },
    );
    this.#mouths.set(number, channel);
    this.#mending ??= setInterval(() => {
      for (const each of this.#mouths.values()) each.mend();
    }, MEND).unref();
    return channel;
  }

  poll(): void {
    for (const ear of this.#ears.values())
      for (let i = 0; i < READINGS && ear.socket.fd >= 0; i++) if (!this.#read(ear)) break;
  }

  close(): void {
    clearInterval(this.#mending);
    this.#repeater?.close();
    for (const { socket } of this.#ears.values()) socket.close();
    this.#ears.clear();
  }

  #listen(key: string, ip: Ip, multihop: boolean): Ear {
    const port = multihop ? MULTIHOP_BFD_PORT : BFD_PORT;
    const what = `UDP port ${port} of ${isIpv4(ip) ? 'IPv4' : 'IPv6'}`;
    const socket = openSocket(ip, what);
    for (const [level, option] of isIpv4(ip) ? ASKED.ipv4 : ASKED.ipv6)
      setInteger(socket.fd, level, option, 1);
    bind(socket, socketAddress(anyOf(ip), port), what);
    const ear: Ear = { socket, multihop, neighbors: [] };
    socket.watch(
      () => this.#read(ear),
      (thrown) => this.#log.error({ err: thrown }, 'handling a BFD packet failed'),
    );
    this.#ears.set(key, ear);
    return ear;
  }

  #leave(key: string, ear: Ear): void {
    if (ear.neighbors.length > 0) return;
    ear.socket.close();
    this.#ears.delete(key);
  }

  /** True where more may wait. */
  #read({ socket, multihop }: Ear): boolean {
    // The receivers may read on: what is here is taken before
    const arrivals: Arrival[] = [];
    const mayHaveMore = this.#reader.read(socket, ({ bytes, start, length, sender, ttl, ifindex }) => {
      const [text, zone = ''] = addressText(sender).split('%');
      const copy = Buffer.from(bytes.subarray(start, start + length));
      const ip = parseIp(text);
      arrivals.push({ bytes: copy, start: 0, length, ip, zone, ttl, ifindex, multihop });
    });
    for (const arrival of arrivals) this.onArrival(arrival);
    return mayHaveMore;
  }
}

function anyOf(ip: Ip): Ip {
  return isIpv4(ip) ? IPV4_ANY : IPV6_ANY;
}

/** Has the kernel keep from an ear what none of its neighbors has sent. Where it cannot, more is read, and discarded here. */
function filter({ socket, neighbors, multihop }: Ear, ofFamily: Ip): void {
  if (socket.fd >= 0 && neighbors.length > 0)
    socket.attachFilter(bfdFilter(neighbors, !isIpv4(ofFamily), multihop));
}
