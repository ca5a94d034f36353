import type { Ip } from '../types/index.js';
import type { Range } from './timing.js';

/** One neighbor that BFD runs with. */
export interface BfdTarget {
  /** Canonical text; an IPv6 link-local address carries its zone (`fe80::1%eth0`). */
  readonly address: string;
  /** Our end's address; the kernel chooses where it is undefined. */
  readonly localAddress: string | undefined;
  /** Over more than one hop (RFC 5883): UDP port 4784, and any TTL is taken. */
  readonly multihop: boolean;
}

/** RFC 5881 §4, RFC 5883 §5. */
export const BFD_PORT = 3784;
export const MULTIHOP_BFD_PORT = 4784;
/** Of what is sent, and of what is taken from a neighbor on the link (RFC 5881 §5, RFC 5082). */
export const BFD_TTL = 255;

/** A packet as it arrived. `bytes` is valid during the call alone. */
export interface Arrival {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
  /** The sender's address; of a link-local one also the interface that it came by, else ''. */
  readonly ip: Ip;
  readonly zone: string;
  readonly ttl: number;
  /** Of the interface that it came by. */
  readonly ifindex: number;
  /** By the port that it came to. */
  readonly multihop: boolean;
}

/** Where packets of one session are sent from: a UDP port of its own from 49152 on (RFC 5881 §4). */
export interface BfdChannel {
  /** Sends one packet. Undefined where it was sent, else the errno's name. */
  send(packet: Buffer): string | undefined;
  /**
   * From now on sends the packet again and again, at random times of that range after the last one each, whatever the event
   * loop does; `now`: also at once. A packet that is being sent so is replaced, and its pace kept where the range is the same.
   * Undefined, or the errno's name, of sending at once.
   */
  repeat(packet: Buffer, range: Range, now: boolean): string | undefined;
  /** Sends nothing by itself any more. */
  rest(): void;
  /** How many packets were sent by `repeat`, and the errno's name where the last one was not. */
  readonly repeated: { readonly sent: number; readonly fault: string | undefined };
  close(): void;
}

/** How BFD reaches its neighbors: UDP to neighbors, memory in tests. */
export interface BfdTransport {
  /** Called from the event loop or from `poll`; must not throw. */
  onArrival: (arrival: Arrival) => void;
  /** A way to the target, and ears for what it sends. Throws BfdTransportError. */
  open(target: BfdTarget): BfdChannel;
  /** Reads what waits, now: whoever concludes from silence that a neighbor is dead has to have listened. */
  poll(): void;
  close(): void;
}

/** A socket that could not be had. */
export class BfdTransportError extends Error {
  override readonly name = 'BfdTransportError';
  constructor(
    /** The errno's name, such as EADDRINUSE. */
    readonly code: string,
    what: string,
    cure: string,
  ) {
    super(`${what}: ${code}; ${cure}`);
  }
}
