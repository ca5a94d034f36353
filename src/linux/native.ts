import { endianness } from 'node:os';
import load from 'node-gyp-build';
import { ADDON } from '../installation.js';

/**
 * A raw socket on the process's event loop (native/socket.c). Every method that makes a system call returns a negative
 * errno where it fails and throws TypeError on wrong arguments.
 */
export interface RawSocket {
  /** The descriptor; -1 once closed. */
  readonly fd: number;
  /** `address` is a whole sockaddr. */
  bind(address: Uint8Array): number;
  setOption(level: number, name: number, value: Uint8Array): number;
  /** Fills `value` and returns how many bytes. */
  getOption(level: number, name: number, value: Uint8Array): number;
  /** A classic BPF program, 8 bytes an instruction. */
  attachFilter(program: Uint8Array): number;
  send(bytes: Uint8Array, offset: number, length: number): number;
  sendTo(bytes: Uint8Array, offset: number, length: number, address: Uint8Array): number;
  /**
   * Reads datagrams one behind the other, each at a multiple of 4, until none is left, fewer than `room` bytes are left
   * or `lengths` is full; returns how many. `lengths[0]` is 0 or the errno that ended it (ENOBUFS: overrun; EMSGSIZE: a
   * datagram did not fit and is lost), `lengths[1 + i]` the length of datagram i.
   */
  receiveMany(bytes: Uint8Array, room: number, lengths: Int32Array): number;
  /**
   * The same with, for datagram i, the sender's sockaddr at `i * addressRoom` and its cmsgs at `i * controlRoom`;
   * `lengths[1 + 3i]`, `[2 + 3i]` and `[3 + 3i]` are the lengths of datagram, address and ancillary data.
   */
  receiveManyFrom(
    bytes: Uint8Array,
    room: number,
    lengths: Int32Array,
    addresses: Uint8Array,
    addressRoom: number,
    controls: Uint8Array,
    controlRoom: number,
  ): number;
  /**
   * Calls `onReadable` while there is something to read, with 0 or a negative libuv error of the descriptor, which
   * reading on clears; what it throws goes to `onError`. Keeps the event loop alive until `close`.
   */
  watch(onReadable: (status: number) => void, onError: (thrown: unknown) => void): void;
  /** The watch calls back no more until `resume`; what arrives meanwhile waits in the receive buffer. */
  pause(): void;
  resume(): void;
  close(): void;
  /** Gives the descriptor to the caller, as if the socket had been closed. Throws while it is watched. */
  release(): number;
}

/**
 * Sends datagrams on a socket and reads what is answered, here or on a thread (native/exchange.c). For sockets whose send
 * returns when the work is done, as rtnetlink's does.
 */
export interface Exchange {
  /**
   * Sends the datagrams that stand one behind the other in `bytes`, and behind each reads what has been answered, each
   * answer at a multiple of 4 in `answers`. `outcome[0]` is how many answers there are, `outcome[1 + i]` 0 or the errno of
   * sending datagram i, `outcome[1 + datagrams + j]` the length of answer j. Throws while something is under way.
   */
  run(
    bytes: Uint8Array,
    lengths: Int32Array,
    datagrams: number,
    answers: Uint8Array,
    outcome: Int32Array,
  ): void;
  /**
   * The same on a thread, behind what was started before: the arrays are lent until `done` is called, from the event loop
   * and in the order of starting. 0 or a negative errno; throws while the ends of two have not been reported.
   */
  start(
    bytes: Uint8Array,
    lengths: Int32Array,
    datagrams: number,
    answers: Uint8Array,
    outcome: Int32Array,
    done: () => void,
  ): number;
  /** Waits until all that was started is done; `done` is called later all the same. */
  finish(): void;
  /** Waits for what is under way, whose `done` is not called any more. The socket stays open. */
  close(): void;
}

/** Datagrams that a thread of its own sends again and again, whatever the event loop does. */
export interface Repeater {
  /**
   * From now on sends these bytes, 64 at most, to the sockaddr: again after `least` to `most` microseconds each time. `now`: also at
   * once, else so long after the last one of the key. Another call of the same key replaces it and keeps its pace where the times
   * are the same. `fd` must not be closed before `stop`. 0, or a negative errno.
   */
  repeat(
    key: number,
    fd: number,
    bytes: Uint8Array,
    address: Uint8Array,
    least: number,
    most: number,
    now: boolean,
  ): number;
  /** Sends the key's no more, from when this returns. */
  stop(key: number): void;
  /** How many of the key were sent, in all. */
  sent(key: number): number;
  /** 0, or the negative errno of the key's last one. */
  error(key: number): number;
  /** Sends nothing more, and ends the thread. */
  close(): void;
}

/** What netlink takes of it: another one may stand for the kernel. */
export type NetlinkSockets = Pick<NativeModule, 'RawSocket' | 'Exchange'>;

/** What native/ exports. */
export interface NativeModule {
  /** Throws an Error with `code` and `errno` where the kernel refuses. */
  readonly RawSocket: new (
    domain: number,
    type: number,
    protocol: number,
  ) => RawSocket;
  /** `fd` is of a socket that outlives it. */
  readonly Exchange: new (
    fd: number,
  ) => Exchange;
  readonly Repeater: new () => Repeater;
  listenSocket(fd: number, backlog: number): number;
  /** Takes one connection that waits, non-blocking, and fills `address` with the peer's sockaddr; its descriptor. */
  acceptSocket(fd: number, address: Uint8Array): number;
  /** Fills `address` with the socket's own sockaddr; its length. */
  socketName(fd: number, address: Uint8Array): number;
  /** undefined where there is no such interface. */
  interfaceName(index: number): string | undefined;
  /** Gives the kernel back what has been freed of the C library's heaps, and the program's pages that only a start reads; a few milliseconds. */
  trimMemory(): void;
  /** For sockets that Node itself opened. */
  setSocketOption(fd: number, level: number, name: number, value: Uint8Array): number;
  getSocketOption(fd: number, level: number, name: number, value: Uint8Array): number;
}

let loaded: NativeModule | undefined;

/** The addon; throws an Error that names the cure where it has not been built. */
export function native(): NativeModule {
  if (loaded) return loaded;
  if (endianness() !== 'LE')
    throw new Error(
      `byte order ${endianness()}: evpnd's netlink codecs are written for little-endian machines`,
    );
  try {
    loaded = load(ADDON) as NativeModule;
  } catch (error) {
    throw new Error(
      `the native addon in ${ADDON} does not load: run "npm run build:native" (it needs a C compiler, make and python3)`,
      { cause: error },
    );
  }
  return loaded;
}
