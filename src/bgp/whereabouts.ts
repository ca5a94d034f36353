import type { Bfd, BfdListener, BfdStatus } from '../bfd/index.js';
import type { LinkListener, LinkPeerStatus, LinkPeers, LinkWatch } from '../nd/index.js';
import type { NeighborConfig } from './config.js';
import { PathWatch } from './path-watch.js';

/** Who reports where neighbors are and whether the path there works; undefined if nobody does. */
export interface Scouts {
  readonly bfd: Pick<Bfd, 'watch'> | undefined;
  readonly linkPeers: Pick<LinkPeers, 'watch'> | undefined;
}

/** What a session does about where its neighbor is. */
export interface WhereaboutsHost extends BfdListener {
  /** It is known now, or another one. */
  onFound(address: string): void;
  /** It is not known any more, and what goes there is lost. */
  onLost(reason: string): void;
  /** True while the neighbor must not become another one. */
  isInUse(): boolean;
  /** Resolves when the connections that end have closed; undefined where none does. */
  closing(): Promise<void> | undefined;
}

/**
 * Where a neighbor is, and whether the path there works: at its configured address, or at the other end of an interface,
 * where its router advertisements come from.
 */
export class Whereabouts {
  readonly #scouts: Scouts;
  readonly #listener: LinkListener;
  readonly #path: PathWatch;
  #watch: LinkWatch | undefined;
  #address: string | undefined;

  constructor(scouts: Scouts, host: WhereaboutsHost) {
    this.#scouts = scouts;
    this.#path = new PathWatch(scouts.bfd, { onDown: (...args) => host.onDown(...args) }, () =>
      host.closing(),
    );
    this.#listener = {
      onPeer: (address, reason) => {
        if (this.#address !== undefined) {
          this.#path.apply(undefined);
          host.onLost(reason);
        }
        this.#address = address;
        if (address !== undefined) host.onFound(address);
      },
      isInUse: () => host.isInUse(),
    };
  }

  /** Canonical text, a link-local one with its zone; undefined while it is not known. */
  get address(): string | undefined {
    return this.#address;
  }

  /** Of a neighbor by interface that is looked for. */
  get linkPeer(): LinkPeerStatus | undefined {
    return this.#watch?.status;
  }

  /** Undefined where the path is not watched. */
  get bfd(): BfdStatus | undefined {
    return this.#path.status;
  }

  /** Looks for the neighbor, and watches the path there as these settings want it. True where it is known. */
  seek(config: NeighborConfig): boolean {
    if (config.interface === undefined) this.#address = config.address;
    else this.#watch ??= this.#scouts.linkPeers?.watch(config.interface, this.#listener);
    if (this.#address !== undefined) this.#path.apply(config, this.#address);
    return this.#address !== undefined;
  }

  /** Looks no longer. */
  rest(): void {
    this.#path.apply(undefined);
    this.#watch?.stop();
    this.#watch = undefined;
    this.#address = undefined;
  }
}
