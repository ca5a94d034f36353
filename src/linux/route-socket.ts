import type { OperationResult } from '../dataplane/index.js';
import * as K from './constants.js';
import {
  allocateMessages,
  eachAttribute,
  eachMessage,
  type MessageBuffer,
  messageFlags,
  messageSequence,
  NetlinkFormatError,
  NLMSG_HDRLEN,
  readText,
} from './message.js';
import { type NetlinkSockets, native, type RawSocket } from './native.js';

/** A system call of a netlink socket failed; `errno` is positive. */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  constructor(
    readonly what: string,
    readonly errno: number,
    detail?: string,
  ) {
    super(`${what}: errno ${errno}${detail ? ` (${detail})` : ''}`);
  }
}

const MAX_DATAGRAMS = 4096;

function i32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

function check(what: string, result: number): void {
  if (result < 0) throw new NetlinkError(what, -result);
}

/** Options of every socket of ours. */
export interface RouteSocketOptions {
  /** Octets of the receive buffer (the kernel doubles it); without CAP_NET_ADMIN `net.core.rmem_max` caps it. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
  /** Datagrams of one reading at most, 4,096 if not given. */
  readonly datagrams?: number;
  /** The addon's if not given. */
  readonly sockets?: NetlinkSockets;
}

/** What one reading took. */
export interface Received {
  /** How many datagrams. */
  readonly datagrams: number;
  /** 0 where more may wait, EAGAIN where none does, else the error that ended it (ENOBUFS, EMSGSIZE: messages are lost). */
  readonly errno: number;
}

/**
 * A NETLINK_ROUTE socket: bound, with extended acks, capped acks and strict checks, and a buffer of its own that is read
 * anew each time. Throws NetlinkError where it cannot be made.
 */
export class RouteSocket {
  readonly buffer: MessageBuffer;
  readonly #raw: RawSocket;
  readonly #lengths: Int32Array;
  readonly #room: number;
  /** What the kernel refused of `options`, in words; undefined where it granted all. */
  readonly refused: string | undefined;

  /** `bufferSize` octets are read at a time; a datagram longer than `room` may be lost. */
  constructor(bufferSize: number, room: number, options: RouteSocketOptions = {}) {
    this.buffer = allocateMessages(bufferSize);
    this.#room = room;
    this.#lengths = new Int32Array(1 + (options.datagrams ?? MAX_DATAGRAMS));
    const { RawSocket } = options.sockets ?? native();
    this.#raw = new RawSocket(K.AF_NETLINK, K.SOCK_RAW, K.NETLINK_ROUTE);
    try {
      const address = Buffer.alloc(12);
      address.writeUInt16LE(K.AF_NETLINK, 0);
      check('bind of a netlink socket', this.#raw.bind(address));
      for (const option of [K.NETLINK_EXT_ACK, K.NETLINK_CAP_ACK, K.NETLINK_GET_STRICT_CHK])
        check(`netlink socket option ${option}`, this.#raw.setOption(K.SOL_NETLINK, option, i32(1)));
      this.refused =
        this.#size('receive', K.SO_RCVBUFFORCE, K.SO_RCVBUF, options.receiveBuffer) ??
        this.#size('send', K.SO_SNDBUFFORCE, K.SO_SNDBUF, options.sendBuffer);
    } catch (error) {
      this.#raw.close();
      throw error;
    }
  }

  #size(which: string, force: number, polite: number, size: number | undefined): string | undefined {
    if (size === undefined) return undefined;
    const forced = this.#raw.setOption(K.SOL_SOCKET, force, i32(size));
    if (forced >= 0) return undefined;
    if (forced !== -K.EPERM) throw new NetlinkError(`${which} buffer of ${size} octets`, -forced);
    check(`${which} buffer of ${size} octets`, this.#raw.setOption(K.SOL_SOCKET, polite, i32(size)));
    return `a ${which} buffer of ${size} octets needs CAP_NET_ADMIN; net.core limits it`;
  }

  /** The descriptor; -1 once closed. */
  get fd(): number {
    return this.#raw.fd;
  }

  /** Joins a multicast group; returns false where this kernel has none of that number. */
  join(group: number): boolean {
    const result = this.#raw.setOption(K.SOL_NETLINK, K.NETLINK_ADD_MEMBERSHIP, i32(group));
    if (result === -K.EINVAL) return false;
    check(`joining netlink group ${group}`, result);
    return true;
  }

  /** Returns how many messages the kernel dropped at this socket since it was made (SO_MEMINFO); 0 where it does not report. */
  drops(): number {
    return this.#memory(K.SK_MEMINFO_DROPS);
  }

  /** Octets of memory that what has been received and not read takes; 0 where nothing waits, or the kernel does not report. */
  queued(): number {
    return this.#memory(K.SK_MEMINFO_RMEM_ALLOC);
  }

  #memory(index: number): number {
    const words = new Uint32Array(K.SK_MEMINFO_DROPS + 1);
    const bytes = new Uint8Array(words.buffer);
    const length = this.#raw.getOption(K.SOL_SOCKET, K.SO_MEMINFO, bytes);
    return length >= bytes.length ? words[index] : 0;
  }

  /** From now on takes only what the program lets pass; undefined for everything. False where the kernel refuses. */
  filter(program: Uint8Array | undefined): boolean {
    if (program) return this.#raw.attachFilter(program) >= 0;
    return this.#raw.setOption(K.SOL_SOCKET, K.SO_DETACH_FILTER, i32(0)) >= 0;
  }

  /** Sends `length` octets of `from` as one datagram; returns 0 or a positive errno. */
  send(from: MessageBuffer, length: number): number {
    const sent = this.#raw.send(from.bytes, 0, length);
    return sent === length ? 0 : sent < 0 ? -sent : K.EIO;
  }

  /**
   * Reads what waits, at most one buffer full or `datagrams`, and visits each datagram at `start`. Does not wait. What the visitor
   * throws passes, and the datagrams behind it are lost.
   */
  receive(visit: (start: number, length: number) => void): Received {
    const lengths = this.#lengths;
    const datagrams = this.#raw.receiveMany(this.buffer.bytes, this.#room, lengths);
    const errno = lengths[0];
    let start = 0;
    for (let i = 1; i <= datagrams; i++) {
      visit(start, lengths[i]);
      start += (lengths[i] + 3) & ~3;
    }
    return { datagrams, errno: errno === 0 && datagrams === 0 ? K.EAGAIN : errno };
  }

  watch(onReadable: () => void, onError: (thrown: unknown) => void): void {
    this.#raw.watch(onReadable, onError);
  }

  /** Calls back no more until `resume`. */
  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  close(): void {
    this.#raw.close();
  }
}

/** True where `receive` ended because nothing waits. */
export function isDrained(received: Received): boolean {
  return received.errno === K.EAGAIN;
}

/** Reads the `struct nlmsgerr` of NLMSG_ERROR, or the errno of NLMSG_DONE, at `at`: a positive errno (0: success). */
export function decodeError(buffer: MessageBuffer, at: number, end: number): OperationResult {
  if (end - at < NLMSG_HDRLEN + 4) return { errno: K.EIO, message: 'an answer without errno' };
  const errno = -(buffer.words[(at + NLMSG_HDRLEN) >> 2] | 0);
  const flags = messageFlags(buffer, at);
  if (!(flags & K.NLM_F_ACK_TLVS)) return { errno, message: undefined };
  // Behind the errno stands the header of the request, behind it the whole request unless it is capped
  const request = at + NLMSG_HDRLEN + 4;
  if (end - request < NLMSG_HDRLEN) return { errno, message: undefined };
  const body = flags & K.NLM_F_CAPPED ? NLMSG_HDRLEN : (buffer.words[request >> 2] + 3) & ~3;
  let message: string | undefined;
  try {
    eachAttribute(buffer.bytes, Math.min(request + body, end), end, 'NLMSG_ERROR', (type, from, to) => {
      if (type === K.NLMSGERR_ATTR_MSG) message = readText(buffer.bytes, from, to);
    });
  } catch (error) {
    // The errno counts, with its text or without
    if (!(error instanceof NetlinkFormatError)) throw error;
  }
  return { errno, message };
}

/** How one step of a dump ended. */
export type DumpStep = 'more' | 'done';

const DUMP_BUFFER = 64 * 1024;
/** The kernel fills at most so many octets of a dump at a time (net/netlink/af_netlink.c netlink_recvmsg). */
const DUMP_ROOM = 32 * 1024;
/** How often a dump is repeated that the kernel's table changed underneath. */
export const REPEATS = 4;

/**
 * A socket for dumps, one at a time, read step by step: the kernel makes the next chunk when the last one is read, so
 * that nothing piles up in between and a step never has to wait.
 */
export class DumpSocket {
  readonly #socket: RouteSocket;
  readonly #out = allocateMessages(256);
  #sequence = 0;
  /** NLM_F_DUMP_INTR was set: the kernel's table changed underneath, so that the dump has to be repeated. */
  interrupted = false;
  /** Octets of the dump so far. */
  octets = 0;

  constructor(sockets?: NetlinkSockets) {
    this.#socket = new RouteSocket(DUMP_BUFFER, DUMP_ROOM, { receiveBuffer: 1 << 20, sockets });
  }

  get buffer(): MessageBuffer {
    return this.#socket.buffer;
  }

  /**
   * Asks for a dump; `encode` writes the request and returns the word behind it. Throws NetlinkError. What an earlier
   * dump left unread is thrown away.
   */
  start(encode: (words: Uint32Array, sequence: number) => number): void {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.interrupted = false;
    this.octets = 0;
    const errno = this.#socket.send(this.#out, encode(this.#out.words, this.#sequence) << 2);
    if (errno !== 0) throw new NetlinkError('asking for a dump', errno);
  }

  /** Reads one chunk and visits its messages. Throws NetlinkError where the kernel ends the dump with an error. */
  step(visit: (type: number, at: number, end: number) => void): DumpStep {
    let done = false;
    let failure: OperationResult | undefined;
    const received = this.#socket.receive((start, length) => {
      this.octets += length;
      eachMessage(this.buffer, start, length, (type, at, end) => {
        if (messageSequence(this.buffer, at) !== this.#sequence) return;
        if (messageFlags(this.buffer, at) & K.NLM_F_DUMP_INTR) this.interrupted = true;
        if (type === K.NLMSG_DONE || type === K.NLMSG_ERROR) {
          done = true;
          const result = decodeError(this.buffer, at, end);
          if (result.errno !== 0) failure = result;
        } else visit(type, at, end);
      });
    });
    const failed = failure as OperationResult | undefined;
    if (failed) throw new NetlinkError('a dump', failed.errno, failed.message);
    if (done) return 'done';
    // A step that finds nothing although the dump goes on would find nothing for ever
    if (received.datagrams === 0) throw new NetlinkError('a dump broke off', received.errno);
    return 'more';
  }

  close(): void {
    this.#socket.close();
  }
}
