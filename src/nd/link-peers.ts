import type { Clock, Log } from '../types/index.js';
import { type LinkInterface, LinkPeer } from './link-peer.js';
import type { LinkListener, LinkPeerStatus } from './status.js';
import type { NdTransport } from './transport.js';

/** One interface as the one who asked for it has it. */
export interface LinkWatch {
  readonly status: LinkPeerStatus;
  /** The router is told that we are none any more; nobody is told of anything any more. */
  stop(): void;
}

/** The routers at the other ends of interfaces, each of which is watched once. */
export class LinkPeers {
  readonly #deps: { readonly clock: Clock; readonly transport: NdTransport; readonly log: Log };
  readonly #peers = new Set<LinkPeer>();
  #interfaces: ReadonlyMap<number, LinkInterface> = new Map();
  #farewells = true;

  constructor(deps: { readonly clock: Clock; readonly transport: NdTransport; readonly log: Log }) {
    this.#deps = deps;
  }

  /** Advertises us on the interface of this name, whenever there is one, and tells who is at its other end. */
  watch(name: string, listener: LinkListener): LinkWatch {
    const { clock } = this.#deps;
    let watched = true;
    const peer = new LinkPeer(name, this.#deps, {
      // Not amid a call of the listener's own
      onPeer: (address, reason) =>
        void clock.soonest(() => {
          if (watched) listener.onPeer(address, reason);
        }),
      isInUse: () => listener.isInUse(),
    });
    this.#peers.add(peer);
    this.#show(peer);
    return {
      get status() {
        return peer.status;
      },
      stop: () => {
        watched = false;
        if (this.#peers.delete(peer)) peer.close(this.#farewells);
      },
    };
  }

  /** Takes note of all interfaces of the machine by ifindex, at the beginning and whenever they change. */
  interfacesChanged(interfaces: ReadonlyMap<number, LinkInterface>): void {
    if (interfaces === this.#interfaces) return;
    this.#interfaces = interfaces;
    for (const peer of this.#peers) this.#show(peer);
  }

  /** Ends all without a word, as a process does that is to be back soon: routers keep what they know of us. */
  close(): void {
    this.#farewells = false;
    for (const peer of this.#peers) peer.close(false);
    this.#peers.clear();
  }

  #show(peer: LinkPeer): void {
    for (const [ifindex, found] of this.#interfaces)
      if (found.name === peer.name) {
        peer.interfaceIs(ifindex, found);
        return;
      }
    peer.interfaceIs(undefined, undefined);
  }
}
