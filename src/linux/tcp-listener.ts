import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { parseIp } from '../types/index.js';
import * as K from './constants.js';
import { native, type RawSocket } from './native.js';
import { familyOf } from './neigh-writer.js';
import { PeerDemands } from './peer-demands.js';
import { addressText, portOf, SOCKADDR_ROOM, socketAddress } from './socket-address.js';
import {
  bindToDevice,
  checked,
  leastTtl,
  setInteger,
  setMd5Key,
  setTtl,
  setTtlSecurity,
  type TcpSecurity,
} from './tcp-options.js';

/** Connections that the kernel keeps until they are taken. */
const BACKLOG = 256;
/** Connections that are taken in one turn of the event loop: a flood waits for the sessions that stand, not they for it. */
const PER_TURN = 16;
/** Without descriptors, what waits is looked at again so many milliseconds later: the kernel would report it without end. */
const EXHAUSTED_PAUSE = 200;
/** Until the lengths of a TCP header's options: 60 octets of each header at most. */
const SYN_ROOM = 120;

/** What a listener reports to its owner. */
export interface TcpListenerHost {
  /** False: the connection is reset and costs no more. */
  admits(address: string): boolean;
  /** A connection that was admitted; the descriptor is the owner's from now on. */
  connected(fd: number, address: string, port: number): void;
  /** A connection came from farther away than `ttlSecurity` allows, by its TTL, and is reset. */
  tooFar(address: string, ttl: number): void;
  /** Connections wait for the process or the machine to have descriptors or memory: EMFILE, ENFILE, ENOBUFS or ENOMEM. */
  exhausted(code: string): void;
}

/** A listening TCP socket whose peers have keys and hops of their own. */
export class TcpListener {
  readonly #socket: RawSocket;
  readonly #family: number;
  readonly #host: TcpListenerHost;
  readonly #sender = Buffer.alloc(SOCKADDR_ROOM);
  readonly #syn = Buffer.alloc(SYN_ROOM);
  #demands = new PeerDemands(new Map());
  #pause: NodeJS.Timeout | undefined;

  /**
   * Throws an Error with `code` where the kernel refuses; port 0 asks for any free one. With a device it hears by that one alone, or
   * in that VRF, and may stand beside one without.
   */
  constructor(
    address: string,
    port: number,
    peers: ReadonlyMap<string, TcpSecurity>,
    host: TcpListenerHost,
    device?: string,
  ) {
    const ip = parseIp(address);
    this.#family = familyOf(ip);
    this.#host = host;
    const { RawSocket, listenSocket } = native();
    const socket = new RawSocket(this.#family, K.SOCK_STREAM, 0);
    this.#socket = socket;
    try {
      setInteger(socket.fd, K.SOL_SOCKET, K.SO_REUSEADDR, 1);
      // 0.0.0.0 and :: stand beside each other, each for its own family
      if (this.#family === K.AF_INET6) setInteger(socket.fd, K.IPPROTO_IPV6, K.IPV6_V6ONLY, 1);
      if (device !== undefined) {
        bindToDevice(socket.fd, device);
        setInteger(socket.fd, K.SOL_SOCKET, K.SO_REUSEPORT, 1);
      }
      checked(socket.bind(socketAddress(ip, port)), 'bind');
      this.secure(peers);
      checked(listenSocket(socket.fd, BACKLOG), 'listen');
      // Those of devices may stand beside it from now on; for the bind, whoever had the port already was to be found
      setInteger(socket.fd, K.SOL_SOCKET, K.SO_REUSEPORT, 1);
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.watch(
      () => this.#take(),
      // A fault of our own is for the process to hear of, as with any other socket
      (thrown) =>
        setImmediate(() => {
          throw thrown;
        }),
    );
  }

  /** Returns where it listens, with the port that the kernel chose. */
  get port(): number {
    const own = Buffer.alloc(SOCKADDR_ROOM);
    checked(native().socketName(this.#socket.fd, own), 'getsockname');
    return portOf(own);
  }

  /** False where the device is gone, or is called otherwise by now. */
  isOn(device: string): boolean {
    const name = Buffer.alloc(16);
    const length = native().getSocketOption(this.#socket.fd, K.SOL_SOCKET, K.SO_BINDTODEVICE, name);
    return length > 0 && name.toString('utf8', 0, name.indexOf(0)) === device;
  }

  /**
   * Takes over what each peer has, by address or, for those without an entry of their own, by prefix; connections that stand keep
   * what they have. Throws an Error with `code` and has what it had before where the kernel refuses.
   */
  secure(peers: ReadonlyMap<string, TcpSecurity>): void {
    const before = this.#demands;
    const after = new PeerDemands(peers);
    try {
      this.#apply(before, after);
    } catch (error) {
      // Keys that were there had room
      this.#apply(after, before);
      throw error;
    }
    this.#demands = after;
  }

  #apply(before: PeerDemands, after: PeerDemands): void {
    const { fd } = this.#socket;
    const keys = after.keys(this.#family);
    for (const prefix of before.keys(this.#family).keys())
      if (!keys.has(prefix)) setMd5Key(fd, prefix, undefined);
    for (const [prefix, key] of keys) setMd5Key(fd, prefix, key);
    // The answer to the first packet is this socket's, before it is known whose the connection is
    setTtl(fd, this.#family, after.answerFar ? 255 : undefined);
    setInteger(fd, K.IPPROTO_TCP, K.TCP_SAVE_SYN, after.checkTtl ? 1 : 0);
  }

  #take(): void {
    const { acceptSocket } = native();
    for (let taken = 0; taken < PER_TURN && this.#socket.fd >= 0; taken++) {
      const fd = acceptSocket(this.#socket.fd, this.#sender);
      if (fd === -K.EAGAIN) return;
      if (fd === -K.EMFILE || fd === -K.ENFILE || fd === -K.ENOBUFS || fd === -K.ENOMEM) {
        this.#wait();
        this.#host.exhausted(getSystemErrorName(fd));
        return;
      }
      // Any other errno is that of one connection, which is gone (accept(2))
      if (fd >= 0) this.#enter(fd, addressText(this.#sender), portOf(this.#sender));
    }
  }

  #enter(fd: number, address: string, port: number): void {
    if (!this.#host.admits(address)) {
      resetSocket(fd);
      return;
    }
    const { ttlSecurity: hops, ttl: ours } = this.#demands.of(address) ?? {};
    const ttl = hops === undefined ? undefined : this.#synTtl(fd);
    if (hops !== undefined && ttl !== undefined && ttl < leastTtl(hops)) {
      resetSocket(fd);
      this.#host.tooFar(address, ttl);
      return;
    }
    try {
      if (hops !== undefined) setTtlSecurity(fd, this.#family, hops);
      // It has what the listening socket had at its first packet, which may be that of other demands
      else setTtl(fd, this.#family, ours);
    } catch {
      resetSocket(fd);
      return;
    }
    this.#host.connected(fd, address, port);
  }

  /** The TTL or hop limit of the connection's first packet; undefined where the kernel answered it without memory (SYN cookies). */
  #synTtl(fd: number): number | undefined {
    const length = native().getSocketOption(fd, K.IPPROTO_TCP, K.TCP_SAVED_SYN, this.#syn);
    if (length <= 0) return undefined;
    return this.#family === K.AF_INET ? this.#syn[8] : this.#syn[7];
  }

  #wait(): void {
    this.#socket.pause();
    this.#pause = setTimeout(() => this.#socket.resume(), EXHAUSTED_PAUSE);
  }

  /** Stops listening; connections that stand are left alone. */
  close(): void {
    clearTimeout(this.#pause);
    this.#socket.close();
  }
}

const NO_LINGER = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** Closes a connection by a reset, so that neither end keeps anything of it. */
export function resetSocket(fd: number): void {
  native().setSocketOption(fd, K.SOL_SOCKET, K.SO_LINGER, NO_LINGER);
  closeSync(fd);
}
