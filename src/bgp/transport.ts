import type { Secret } from '../types/index.js';

/** What the packets of a peer must have, and ours to it. */
export interface PeerSecurity {
  /** The key of TCP MD5 signatures (RFC 2385). */
  readonly md5Key?: Secret | undefined;
  /** How many hops away the peer is at most (GTSM, RFC 5082). */
  readonly ttlSecurity?: number | undefined;
  /** The TTL or hop limit that ours have, if `ttlSecurity` sets none; the kernel's own where absent. */
  readonly ttl?: number | undefined;
}

/** Where a connection goes to. */
export interface ConnectTarget {
  /** Canonical text; an IPv6 link-local address carries its zone (`fe80::1%eth0`). */
  readonly address: string;
  readonly port: number;
  /** Our own end's address, where the operator fixes it. */
  readonly localAddress?: string;
  /** The VRF, or the interface, that it goes by. */
  readonly device?: string | undefined;
  readonly security?: PeerSecurity;
  /** Why no connection can be made, which is reported as its failure. */
  readonly fault?: string | undefined;
}

/** Where a listener stands; port 0 asks for any free one. */
export interface ListenEndpoint {
  readonly address: string;
  readonly port: number;
  /** Hears in this VRF, or by this interface, alone; where absent, whatever no other listener hears. */
  readonly device?: string | undefined;
}

/** What a connection reports to its owner. None is called from inside a call to the connection, none may throw. */
export interface ConnectionHandlers {
  /** The connection that we asked for stands; never called for an accepted one. */
  onOpen(): void;
  onData(chunk: Buffer): void;
  /** Room again after a `write` that returned false. */
  onDrain(): void;
  /**
   * True: octets that were written wait here, since the kernel takes no more for a peer that does not read; and again each
   * time it takes some of them. False: none waits any more.
   */
  onBacklog(stands: boolean): void;
  /** Once, last: the end of the stream, its failure, or the failure to open it. */
  onClose(error: Error | undefined): void;
}

/** Of a connection of which nobody wants to hear. */
export const NO_HANDLERS: ConnectionHandlers = {
  onOpen() {},
  onData() {},
  onDrain() {},
  onBacklog() {},
  onClose() {},
};

/** One byte stream to a peer. */
export interface Connection {
  /** Canonical text, with zone for link-local; undefined while the kernel has not chosen it, and after the end. */
  readonly localAddress: string | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** Takes all bytes; false asks to write no more until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** No `onData` until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what was written, then closes; gives up on a peer that takes nothing, after some seconds at most. */
  end(): void;
  /** Closes at once; what was not sent is lost. */
  destroy(): void;
  /** Signs with another key from now on, and demands it; for a connection that had one from its beginning. */
  changeKey(key: Secret): void;
}

/** Who comes in by a listener. */
export interface Door {
  /** What those must have that are to have something, by canonical address or, without an entry of their own, by prefix. */
  readonly peers: ReadonlyMap<string, PeerSecurity>;
  /** False: a connection from this address is reset at once, and costs no more. */
  admits(address: string): boolean;
  /** A connection was reset whose first packet came from farther away than `ttlSecurity` allows, by its TTL. */
  tooFar(address: string, ttl: number): void;
  /** Connections wait, since there are no descriptors or no memory for them; the errno's name. */
  exhausted(code: string): void;
}

/** Of a listener to which anybody may connect. */
export const OPEN_DOOR: Door = { peers: new Map(), admits: () => true, tooFar() {}, exhausted() {} };

export interface Listener extends ListenEndpoint {
  /**
   * What peers must have from now on, by canonical address or by prefix; connections that stand are left alone. Throws ListenError, and
   * changes nothing then.
   */
  secure(peers: ReadonlyMap<string, PeerSecurity>): void;
  /** False where its device is gone, or is called otherwise by now, so that it hears nothing. */
  hears(): boolean;
  /** Stops accepting; connections that stand are left alone. */
  close(): Promise<void>;
}

/** How the speaker reaches its peers: TCP to peers, memory in tests. */
export interface Transport {
  /** Begins a connection; success and failure both come by the handlers. */
  connect(target: ConnectTarget, handlers: ConnectionHandlers): Connection;
  /** `accept` gives the handlers of each connection that comes in. Rejects with ListenError. */
  listen(
    endpoint: ListenEndpoint,
    accept: (connection: Connection) => ConnectionHandlers,
    door?: Door,
  ): Promise<Listener>;
}

/** A listener that could not be set up. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  constructor(
    readonly endpoint: ListenEndpoint,
    /** The errno's name, such as EADDRINUSE. */
    readonly code: string,
    cure: string,
  ) {
    const { address, port, device } = endpoint;
    const where = device === undefined ? '' : ` of device ${device}`;
    super(`cannot listen on address ${address} port ${port}${where}: ${code}; ${cure}`);
  }
}
