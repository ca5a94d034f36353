import { canonicalAddress } from '../../src/bgp/address.js';
import {
  type Connection,
  type ConnectionHandlers,
  type ConnectTarget,
  type Door,
  type ListenEndpoint,
  ListenError,
  type Listener,
  OPEN_DOOR,
  type Transport,
} from '../../src/bgp/transport.js';
import type { Clock, Timer } from '../../src/types/index.js';

const CAPACITY = 64 * 1024;

type Accept = (connection: Connection) => ConnectionHandlers;

interface Listening {
  readonly accept: Accept;
  readonly door: Door;
}

/** TCP's behaviour without TCP: hosts named by their address, octets in order, back-pressure, resets. */
export class MemoryNetwork {
  readonly listeners = new Map<string, Listening>();
  /** Ends that stand, for tests that cut them. */
  readonly ends = new Set<MemoryEnd>();
  /** Addresses that answer nothing at all, as behind a dead link. */
  readonly silent = new Set<string>();
  nextPort = 50_000;

  /**
   * `segment`: octets that are handed over in one go at most; `capacity`: that a connection takes while the other side does
   * not read.
   */
  constructor(
    readonly clock: Clock,
    readonly segment = Number.POSITIVE_INFINITY,
    readonly capacity = CAPACITY,
  ) {}

  /** The transport of the host that has these addresses; the first is the one that it connects from. */
  host(...addresses: string[]): Transport {
    return new MemoryTransport(this, addresses.map(canonicalAddress));
  }

  /** Breaks every connection of this address, both ends told, as by a reset. */
  cut(address: string): void {
    for (const end of [...this.ends]) if (end.localAddress === canonicalAddress(address)) end.reset();
  }
}

class MemoryTransport implements Transport {
  constructor(
    readonly network: MemoryNetwork,
    readonly addresses: readonly string[],
  ) {}

  connect(target: ConnectTarget, handlers: ConnectionHandlers): Connection {
    const { network } = this;
    const address = canonicalAddress(target.address);
    const from = target.localAddress ?? this.addresses[0];
    const near = new MemoryEnd(network, from, network.nextPort++, address, target.port);
    near.handlers = handlers;
    network.clock.soon(() => {
      if (near.closed || network.silent.has(address)) return;
      if (target.fault !== undefined) {
        near.fail(new Error(target.fault));
        return;
      }
      const listening = network.listeners.get(`${address} ${target.port}`);
      if (listening === undefined) {
        near.fail(new Error(`connect ECONNREFUSED ${address}:${target.port}`));
        return;
      }
      const far = new MemoryEnd(network, address, target.port, from, near.localPort);
      near.join(far);
      handlers.onOpen();
      network.clock.soon(() => {
        if (far.closed) return;
        if (!listening.door.admits(from)) {
          far.reset();
          return;
        }
        far.handlers = listening.accept(far);
        far.deliver();
      });
    });
    return near;
  }

  async listen(endpoint: ListenEndpoint, accept: Accept, door: Door = OPEN_DOOR): Promise<Listener> {
    const address = canonicalAddress(endpoint.address);
    const wildcard = address === '0.0.0.0' || address === '::';
    const own = wildcard
      ? this.addresses.filter((a) => a.includes(':') === address.includes(':'))
      : this.addresses.filter((a) => a === address);
    if (own.length === 0 && !wildcard) throw new ListenError(endpoint, 'EADDRNOTAVAIL', 'no such address');
    const port = endpoint.port === 0 ? this.network.nextPort++ : endpoint.port;
    const keys = own.map((a) => `${a} ${port}`);
    if (keys.some((key) => this.network.listeners.has(key)))
      throw new ListenError(endpoint, 'EADDRINUSE', 'another listener is there');
    for (const key of keys) this.network.listeners.set(key, { accept, door });
    return {
      address: endpoint.address,
      port,
      secure: () => {},
      hears: () => true,
      close: async () => {
        for (const key of keys) this.network.listeners.delete(key);
      },
    };
  }
}

class MemoryEnd implements Connection {
  handlers: ConnectionHandlers | undefined;
  peer: MemoryEnd | undefined;
  closed = false;
  #inbox: Buffer[] = [];
  #inboxBytes = 0;
  #paused = false;
  #owesDrain = false;
  /** The other side's inbox is over its capacity. */
  #backlog = false;
  #ending = false;
  #finReceived = false;
  #scheduled = false;
  #error: Error | undefined;
  #linger: Timer | undefined;

  constructor(
    readonly network: MemoryNetwork,
    readonly address: string,
    readonly localPort: number,
    readonly remoteAddress: string,
    readonly remotePort: number,
  ) {}

  get localAddress(): string | undefined {
    return this.peer === undefined || this.closed ? undefined : this.address;
  }

  join(peer: MemoryEnd): void {
    this.peer = peer;
    peer.peer = this;
    this.network.ends.add(this).add(peer);
  }

  write(bytes: Uint8Array): boolean {
    const { peer } = this;
    if (peer === undefined || this.closed || this.#ending || peer.closed) return true;
    peer.#inbox.push(Buffer.from(bytes));
    peer.#inboxBytes += bytes.length;
    peer.deliver();
    const fits = peer.#inboxBytes <= this.network.capacity;
    this.#owesDrain ||= !fits;
    if (!fits && !this.#backlog) this.#waiting(true);
    return fits;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.deliver();
  }

  end(): void {
    if (this.#ending || this.closed) return;
    this.#ending = true;
    this.resume();
    const { peer } = this;
    if (peer === undefined || peer.closed) {
      this.fail(undefined);
      return;
    }
    peer.#finReceived = true;
    peer.deliver();
    // As the real one does with a peer that never closes
    this.#linger = this.network.clock.after(2000, () => this.destroy());
  }

  destroy(): void {
    if (this.closed) return;
    const { peer } = this;
    this.fail(undefined);
    if (peer !== undefined && !peer.closed) {
      if (!this.#ending) peer.#error = new Error('read ECONNRESET');
      peer.#finReceived = true;
      peer.deliver();
    }
  }

  changeKey(): void {}

  reset(): void {
    const { peer } = this;
    this.fail(new Error('read ECONNRESET'));
    peer?.fail(new Error('read ECONNRESET'));
  }

  /** Closes this end; its owner hears of it in a later turn. */
  fail(error: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.#linger?.cancel();
    this.network.ends.delete(this);
    this.network.clock.soon(() => this.handlers?.onClose(error));
  }

  drain(): void {
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    if (!this.closed && !this.#ending) this.handlers?.onDrain();
  }

  /** The other side has read something. */
  taken(): void {
    const { peer } = this;
    if (this.#backlog && peer !== undefined) this.#waiting(peer.#inboxBytes > this.network.capacity);
  }

  #waiting(stands: boolean): void {
    this.#backlog = stands;
    this.network.clock.soon(() => {
      if (!this.closed && !this.#ending) this.handlers?.onBacklog(stands);
    });
  }

  deliver(): void {
    if (this.#scheduled || this.closed) return;
    this.#scheduled = true;
    this.network.clock.soon(() => {
      this.#scheduled = false;
      this.#deliverOne();
    });
  }

  #deliverOne(): void {
    const { handlers, peer } = this;
    if (this.closed || handlers === undefined || (this.#paused && !this.#ending)) return;
    const chunk = this.#takeSegment();
    if (chunk !== undefined) {
      this.#inboxBytes -= chunk.length;
      if (!this.#ending) handlers.onData(chunk);
      peer?.taken();
      if (this.#inboxBytes <= this.network.capacity / 2) peer?.drain();
      this.deliver();
      return;
    }
    if (!this.#finReceived) return;
    // The other side is done; so are we, as without allowHalfOpen
    if (!this.#ending && peer !== undefined && !peer.closed) {
      peer.#finReceived = true;
      peer.deliver();
    }
    this.fail(this.#error);
  }

  /** What one write brought where segments have no length, else as much of all that waits as one takes. */
  #takeSegment(): Buffer | undefined {
    const { segment } = this.network;
    const first = this.#inbox.shift();
    if (first === undefined || segment === Number.POSITIVE_INFINITY) return first;
    const waiting = Buffer.concat([first, ...this.#inbox.splice(0)]);
    if (waiting.length > segment) this.#inbox.push(waiting.subarray(segment));
    return waiting.subarray(0, segment);
  }
}
