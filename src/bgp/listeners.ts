import { formatPrefix, type Log } from '../types/index.js';
import { canonicalAddress } from './address.js';
import { type NeighborConfig, peerSecurity, type SpeakerConfig } from './config.js';
import type { Caller, Gate } from './gate.js';
import {
  type Connection,
  type ConnectionHandlers,
  type Door,
  type ListenEndpoint,
  ListenError,
  type Listener,
  type PeerSecurity,
  type Transport,
} from './transport.js';

/** Who takes the connections that come in. */
export interface ListenersHost {
  /** Who connects from the address by this device, which is undefined where it is none that a neighbor is bound to. */
  callerAt(address: string, device: string | undefined): Caller;
  /** True for an address on the link of a neighbor that has not been found yet, which it may be. */
  mayBecomeNeighbor(address: string): boolean;
  /** Where the neighbor is; undefined as long as that is not known. */
  addressOf(neighbor: NeighborConfig): string | undefined;
  accept(connection: Connection, device: string | undefined): ConnectionHandlers;
  /** A connection of a neighbor's was reset: its first packet had this TTL, less than `ttlSecurity` demands. */
  tooFar(address: string, ttl: number): void;
}

const keyOf = ({ address, port, device = '' }: ListenEndpoint): string =>
  `${canonicalAddress(address)} ${port} ${device}`;

/** Where a speaker listens, and what its listeners demand of whom. */
export class Listeners {
  readonly #listeners = new Map<string, Listener>();
  /** Why there is none at an endpoint, as it was said. */
  readonly #failures = new Map<string, string>();
  readonly #transport: Transport;
  readonly #log: Log;
  readonly #gate: Gate;
  readonly #host: ListenersHost;
  /** What the listeners that stand demand. */
  #peers: ReadonlyMap<string, PeerSecurity> = new Map();

  constructor(transport: Transport, log: Log, gate: Gate, host: ListenersHost) {
    this.#transport = transport;
    this.#log = log;
    this.#gate = gate;
    this.#host = host;
  }

  /** Returns where they listen, with the ports that the kernel chose for port 0. */
  get endpoints(): readonly ListenEndpoint[] {
    return [...this.#listeners.values()].map(({ address, port, device }) => ({
      address,
      port,
      ...(device === undefined ? {} : { device }),
    }));
  }

  /** Resolves when all are closed. */
  async close(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  /**
   * Brings the listeners in line with the wanted ones, of each device that neighbors are bound to and of none: new ones first, so
   * that a failure costs nothing. One on a device that there is not, or has not the address, comes with `devicesChanged`. Rejects with
   * ListenError.
   */
  async listen(config: SpeakerConfig): Promise<void> {
    const wanted = endpointsOf(config);
    const added = new Map<string, Listener>();
    const peers = this.#securityOf(config);
    try {
      for (const endpoint of wanted) {
        const key = keyOf(endpoint);
        if (this.#listeners.has(key) || added.has(key)) continue;
        try {
          added.set(key, await this.#open(endpoint, peers));
        } catch (error) {
          if (!(error instanceof ListenError) || !isBearable(error, config.listen.length)) throw error;
          this.#failed(key, error);
        }
      }
      this.#secure(peers);
    } catch (error) {
      await Promise.all([...added.values()].map((listener) => listener.close()));
      throw error;
    }
    const keys = new Set(wanted.map(keyOf));
    for (const [key, listener] of this.#listeners) {
      if (keys.has(key)) continue;
      this.#listeners.delete(key);
      void listener.close();
    }
    for (const [key, listener] of added) this.#listeners.set(key, listener);
  }

  /** Devices have come, gone or been renamed: those that neighbors are bound to are listened on where they are now. */
  async devicesChanged(config: SpeakerConfig, names: ReadonlySet<string>): Promise<void> {
    for (const endpoint of endpointsOf(config)) {
      const key = keyOf(endpoint);
      if (endpoint.device === undefined || this.#listeners.get(key)?.hears()) continue;
      void this.#listeners.get(key)?.close();
      this.#listeners.delete(key);
      if (!names.has(endpoint.device)) continue;
      try {
        const listener = await this.#open(endpoint, this.#peers);
        // Another change may have been faster
        if (this.#listeners.has(key)) void listener.close();
        else this.#listeners.set(key, listener);
      } catch (error) {
        if (!(error instanceof ListenError)) throw error;
        this.#failed(key, error);
      }
    }
  }

  /** Said once for as long as it stays so: each change of a device is another attempt. */
  #failed(key: string, { endpoint, message }: ListenError): void {
    if (this.#failures.get(key) === message) return;
    this.#failures.set(key, message);
    this.#log.warn({ event: 'bgp.listen', ...endpoint }, message);
  }

  async #open(endpoint: ListenEndpoint, peers: ReadonlyMap<string, PeerSecurity>): Promise<Listener> {
    const { device } = endpoint;
    const door: Door = {
      peers,
      // It comes again, and a NOTIFICATION would keep it away for a while
      admits: (address) =>
        !this.#host.mayBecomeNeighbor(address) &&
        this.#gate.admits(address, this.#host.callerAt(address, device)),
      tooFar: (address, ttl) => {
        this.#gate.tooFar(address, ttl);
        this.#host.tooFar(address, ttl);
      },
      exhausted: (code) => this.#gate.exhausted(code),
    };
    const accept = (connection: Connection) => this.#host.accept(connection, device);
    const listener = await this.#transport.listen(endpoint, accept, door);
    this.#failures.delete(keyOf(endpoint));
    return listener;
  }

  /** Neighbors are at other addresses: what was demanded of them at the old ones is demanded at the new ones. */
  neighborsMoved(config: SpeakerConfig): void {
    const peers = this.#securityOf(config);
    if (peers.size + this.#peers.size === 0) return;
    try {
      this.#secure(peers);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      this.#log.error({}, `neighbors that were found cannot connect: ${error.message}`);
    }
  }

  /** Brings what the listeners that stand demand of whom in line: all of them, or none where one cannot. */
  #secure(peers: ReadonlyMap<string, PeerSecurity>): void {
    const secured: Listener[] = [];
    try {
      for (const listener of this.#listeners.values()) {
        listener.secure(peers);
        secured.push(listener);
      }
    } catch (error) {
      for (const listener of secured) listener.secure(this.#peers);
      throw error;
    }
    this.#peers = peers;
  }

  /**
   * Returns what is demanded of the neighbors of whom something is, by address, and of those of listen ranges, by prefix. Where a
   * range demands something, neighbors have an entry of their own that demands nothing.
   */
  #securityOf({ neighbors, listenRanges = [] }: SpeakerConfig): ReadonlyMap<string, PeerSecurity> {
    const peers = new Map<string, PeerSecurity>();
    for (const { prefix, neighbor } of listenRanges) peers.set(formatPrefix(prefix), peerSecurity(neighbor));
    const isRanged = [...peers.values()].some(demandsSomething);
    if (!isRanged) peers.clear();
    for (const neighbor of neighbors) {
      const security = peerSecurity(neighbor);
      if (!isRanged && !demandsSomething(security)) continue;
      const address = this.#host.addressOf(neighbor);
      if (address !== undefined) peers.set(address, security);
    }
    return peers;
  }
}

function demandsSomething(security: PeerSecurity): boolean {
  return Object.values(security).some((demand) => demand !== undefined);
}

/** Where to listen: on each address for whoever comes, and again on each device that neighbors are bound to. */
function endpointsOf({ listen, neighbors, listenRanges = [] }: SpeakerConfig): ListenEndpoint[] {
  const devices = new Set(
    [...neighbors, ...listenRanges.map(({ neighbor }) => neighbor)].map(({ device }) => device),
  );
  devices.delete(undefined);
  return [
    ...listen,
    ...[...devices].flatMap((device) => listen.map((endpoint) => ({ ...endpoint, device }))),
  ];
}

/**
 * A device that there is not may come, and an address to a device: that of the main table is none of a VRF's. A kernel without an address
 * family may have the other one.
 */
function isBearable({ code, endpoint }: ListenError, addresses: number): boolean {
  if (endpoint.device !== undefined && (code === 'ENODEV' || code === 'EADDRNOTAVAIL')) return true;
  return code === 'EAFNOSUPPORT' && addresses > 1;
}
