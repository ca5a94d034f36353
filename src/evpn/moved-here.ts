import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';

/** An address of another leaf's that a host here uses now. */
export interface MovedHere {
  readonly vrf: MacVrf;
  readonly entry: MacEntry | IpEntry;
}

/**
 * Addresses that are another leaf's and that a host here uses now: until that is announced, all others send their frames to where
 * the host is no longer. So they are looked at before what is dirty as well, in the order in which they were heard of, each
 * once; a new address, to which frames are flooded meanwhile, has more time.
 */
export class MovedHereQueue {
  readonly #entries = new Map<MacEntry | IpEntry, MacVrf>();

  get size(): number {
    return this.#entries.size;
  }

  /** The caller has marked the entry as dirty; whoever looks at it first looks for all. */
  add(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    this.#entries.set(entry, vrf);
  }

  /** Gives out at most `max` of them that are dirty still. */
  *take(max: number): IterableIterator<MovedHere> {
    let left = max;
    for (const [entry, vrf] of this.#entries) {
      if (left-- <= 0) return;
      this.#entries.delete(entry);
      if (entry.dirty) yield { vrf, entry };
    }
  }
}
