import { getSystemErrorName } from 'node:util';
import {
  ALL_ROUTERS,
  ND_HOP_LIMIT,
  type NdArrival,
  type NdChannel,
  type NdTransport,
  NdTransportError,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
} from '../nd/index.js';
import { ipFromBytes, ipToBytes, isLinkLocal, type Log } from '../types/index.js';
import * as K from './constants.js';
import { DatagramReader } from './datagrams.js';
import { native, type RawSocket } from './native.js';
import { scopeOf, socketAddress } from './socket-address.js';
import { checked, setInteger } from './tcp-options.js';

/** Octets of a message: it fits into a frame of this MTU. One that is longer is lost. */
const ROOM = 9216;
/** Messages of one reading, which is what a turn of the event loop takes; the kernel drops what its buffer does not hold. */
const BATCH = 16;

/**
 * Router discovery over raw ICMPv6 (RFC 3542 §3), a socket for each interface: a flood on one fills the buffer of that one
 * alone. The kernel fills in the checksum of what is sent, and drops what has a wrong one (net/ipv6/raw.c rawv6_rcv_skb).
 */
export class RawNdTransport implements NdTransport {
  readonly #log: Log;
  readonly #reader = new DatagramReader(BATCH, ROOM);

  constructor(log: Log) {
    this.#log = log;
  }

  open(ifindex: number, onArrival: (arrival: NdArrival) => void): NdChannel {
    let socket: RawSocket;
    try {
      socket = openSocket(ifindex);
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      if (typeof code !== 'string') throw error;
      const cure =
        code === 'EPERM' ? 'give evpnd CAP_NET_RAW, as systemd/evpnd.service does' : 'see the interface';
      throw new NdTransportError(code, cure);
    }
    socket.watch(
      () => this.#read(socket, ifindex, onArrival),
      (thrown) => this.#log.error({ err: thrown }, 'handling a router advertisement failed'),
    );
    return {
      send(packet, to) {
        const sent = socket.sendTo(packet, 0, packet.length, socketAddress(to, 0, ifindex));
        return sent >= 0 ? undefined : getSystemErrorName(sent);
      },
      close: () => socket.close(),
    };
  }

  #read(socket: RawSocket, ifindex: number, onArrival: (arrival: NdArrival) => void): void {
    this.#reader.read(socket, ({ bytes, start, length, sender, ttl: hopLimit }) => {
      const source = ipFromBytes(sender, 8, 16);
      // A socket hears every interface until it is bound to one
      const isElsewhere = isLinkLocal(source) && scopeOf(sender) !== ifindex;
      if (!isElsewhere) onArrival({ bytes, start, length, source, hopLimit });
    });
  }
}

/** Throws an Error with `code` where the kernel refuses. */
function openSocket(ifindex: number): RawSocket {
  const { RawSocket } = native();
  const socket = new RawSocket(K.AF_INET6, K.SOCK_RAW, K.IPPROTO_ICMPV6);
  try {
    checked(socket.setOption(K.IPPROTO_ICMPV6, K.ICMPV6_FILTER, filter()), 'setsockopt ICMPV6_FILTER');
    setInteger(socket.fd, K.SOL_SOCKET, K.SO_BINDTOIFINDEX, ifindex);
    const { fd } = socket;
    setInteger(fd, K.IPPROTO_IPV6, K.IPV6_RECVHOPLIMIT, 1);
    setInteger(fd, K.IPPROTO_IPV6, K.IPV6_UNICAST_HOPS, ND_HOP_LIMIT);
    setInteger(fd, K.IPPROTO_IPV6, K.IPV6_MULTICAST_HOPS, ND_HOP_LIMIT);
    setInteger(fd, K.IPPROTO_IPV6, K.IPV6_MULTICAST_IF, ifindex);
    setInteger(fd, K.IPPROTO_IPV6, K.IPV6_MULTICAST_LOOP, 0);
    checked(
      socket.setOption(K.IPPROTO_IPV6, K.IPV6_JOIN_GROUP, allRouters(ifindex)),
      'setsockopt IPV6_JOIN_GROUP',
    );
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** A struct icmp6_filter (linux/icmpv6.h) with a bit for each type that is not let pass. */
function filter(): Buffer {
  const bits = Buffer.alloc(32, 0xff);
  for (const type of [ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT]) {
    const word = (type >>> 5) * 4;
    bits.writeUInt32LE((bits.readUInt32LE(word) & ~(1 << (type & 31))) >>> 0, word);
  }
  return bits;
}

/** A struct ipv6_mreq (linux/in6.h). */
function allRouters(ifindex: number): Buffer {
  const bytes = Buffer.alloc(20);
  ipToBytes(ALL_ROUTERS, bytes, 0);
  bytes.writeInt32LE(ifindex, 16);
  return bytes;
}
