import { Fifo } from '../types/index.js';
import type { EvpnNlri, Route } from '../wire/index.js';
import type { RibDestination } from './destination.js';

/** So many are taken of one neighbor before the next has its turn. */
const QUANTUM = 16;
/** A neighbor of whom no more wait announces little: its changes need not wait for those of others. */
const SPARSE = 32;
/** A neighbor is to be read no more above this many, and again below the other. */
const CONGESTED_ABOVE = 65_536;
const RELIEVED_BELOW = 16_384;

/** Destinations that one neighbor's words have changed, and that the reader has not taken yet, oldest first. */
export class DirtyShare<Nlri extends Route = EvpnNlri> {
  readonly destinations = new Fifo<RibDestination<Nlri>>();
  isQueued = false;
  /** So many wait that no more should be read from the neighbor. */
  congested = false;
}

/**
 * The destinations that changed for one reader, each once. They are taken from one neighbor after the other, so that who
 * announces much has the changes of another wait for some of it and never for all.
 */
export class DirtySet<Nlri extends Route = EvpnNlri> {
  readonly #bit: number;
  readonly #shares = new Fifo<DirtyShare<Nlri>>();
  #current: DirtyShare<Nlri> | undefined = undefined;
  #left = 0;
  #size = 0;

  /** `bit` of a destination's `dirty` is set while it is in this set. */
  constructor(bit: number) {
    this.#bit = bit;
  }

  get size(): number {
    return this.#size;
  }

  has(destination: RibDestination<Nlri>): boolean {
    return (destination.dirty & this.#bit) !== 0;
  }

  /** The caller has looked that it is not in the set. */
  push(share: DirtyShare<Nlri>, destination: RibDestination<Nlri>): void {
    destination.dirty |= this.#bit;
    share.destinations.push(destination);
    this.#size++;
    if (share.destinations.size > CONGESTED_ABOVE) share.congested = true;
    if (share.isQueued) return;
    share.isQueued = true;
    this.#shares.push(share);
  }

  /** `relieved` is called where a share is congested no more. */
  take(relieved: () => void): RibDestination<Nlri> | undefined {
    return this.#takeOf(this.#turnOf(), relieved);
  }

  /** One of a neighbor of whom few wait; undefined where there is none, be it that many wait of others. */
  takeSparse(relieved: () => void): RibDestination<Nlri> | undefined {
    for (let others = this.#shares.size; others >= 0; others--) {
      const share = this.#turnOf();
      if (share !== undefined && share.destinations.size <= SPARSE) return this.#takeOf(share, relieved);
      this.#left = 0;
    }
    return undefined;
  }

  #takeOf(share: DirtyShare<Nlri> | undefined, relieved: () => void): RibDestination<Nlri> | undefined {
    const destination = share?.destinations.take();
    if (share === undefined || destination === undefined) return undefined;
    destination.dirty &= ~this.#bit;
    this.#size--;
    this.#left--;
    if (share.congested && share.destinations.size < RELIEVED_BELOW) {
      share.congested = false;
      relieved();
    }
    return destination;
  }

  #turnOf(): DirtyShare<Nlri> | undefined {
    const current = this.#current;
    if (current !== undefined && this.#left > 0 && current.destinations.size > 0) return current;
    if (current !== undefined) {
      if (current.destinations.size > 0) this.#shares.push(current);
      else current.isQueued = false;
    }
    this.#current = this.#shares.take();
    this.#left = QUANTUM;
    return this.#current;
  }
}
