import type { Destination } from '../bgp/index.js';
import type { ClaimSearch } from './claims.js';
import type { Look } from './crowded-keys.js';
import type { Evaluator } from './evaluate.js';
import { hasItem, itemsOf } from './few.js';
import { type IpEntry, isCrowded, MacEntry, type MacVrf } from './mac-vrf.js';
import type { RemoteClaim } from './remote-claims.js';

/** Claims that are seen in one step: some hundredths of a millisecond. */
const STEP = 128;

/** Whose look it is. */
export interface Looker {
  readonly evaluator: Evaluator;
  /** The MAC-VRF is still served. */
  serves(vrf: MacVrf): boolean;
  /** The entry is to be looked at as one with few claims is. */
  lookAgain(vrf: MacVrf, entry: MacEntry | IpEntry): void;
  /** A decision may have dirty keys of the VRF. */
  decided(vrf: MacVrf): void;
}

/**
 * A look at a MAC or an IP that many routes claim: a search of these a step at a time, then one decision by what it found.
 * Routes come and go meanwhile, each of which has the entry looked at once more.
 */
export class CrowdedLook implements Look {
  readonly #search: ClaimSearch;
  readonly #rest: Iterator<Destination>;

  constructor(
    readonly looker: Looker,
    readonly vrf: MacVrf,
    readonly entry: MacEntry | IpEntry,
  ) {
    this.#search = looker.evaluator.claims.search(vrf, entry);
    this.#rest = itemsOf(entry.remotes);
  }

  step(): boolean {
    if (!this.#isHeld) return false;
    for (let n = 0; n < STEP; n++) {
      const next = this.#rest.next();
      if (next.done === true) return false;
      this.#search.see(next.value);
    }
    return true;
  }

  end(): void {
    const { looker, vrf, entry } = this;
    if (!this.#isHeld) return;
    // One with few claims may have been looked at since the search began, and has been decided by what is newer
    if (!isCrowded(entry)) {
      looker.lookAgain(vrf, entry);
      return;
    }
    if (entry.dirty && !this.#stands(this.#search.found)) return;
    if (entry instanceof MacEntry) looker.evaluator.mac(vrf, entry, this.#search);
    else looker.evaluator.ip(vrf, entry, this.#search);
    looker.decided(vrf);
  }

  /** The entry is still the one of its address. */
  get #isHeld(): boolean {
    const { looker, vrf, entry } = this;
    const held = entry instanceof MacEntry ? vrf.macs.get(entry.mac) : vrf.ips.get(entry.ip);
    return held === entry && looker.serves(vrf);
  }

  /** True if the route still makes the claim that was found; a better one that came meanwhile is for the next look. */
  #stands(found: RemoteClaim | undefined): boolean {
    if (!found) return false;
    const { destination, attributes } = found;
    return hasItem(this.entry.remotes, destination) && destination.best?.attributes === attributes;
  }
}
