import { Fifo } from '../types/index.js';
import type { InternedAttributes } from './interned-attributes.js';

/** Sets of one hash that are found; whoever sends more, to make look-ups long, has an object of its own for each UPDATE. */
const CHAIN_LENGTH = 16;
/** Sets that no route has, and their octets, that are kept for routes which come again. */
const RESTING = 1_024;
const RESTING_OCTETS = 1 << 20;

/** Another value in each process: nobody outside shall know which sets meet in one place. */
const SEED = (Math.random() * 0x1_0000_0000) | 0;

/** A hash of the first `length` octets, signed 32 bits. */
export function hashOctets(octets: Uint8Array, length: number): number {
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 3 < length; at += 4) {
    const word = octets[at] | (octets[at + 1] << 8) | (octets[at + 2] << 16) | (octets[at + 3] << 24);
    hash = Math.imul(hash ^ word, 0x85eb_ca6b);
    hash ^= hash >>> 15;
  }
  for (; at < length; at++) hash = Math.imul(hash ^ octets[at], 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

/**
 * Attribute sets by their octets, for as long as somebody holds them (`PathAttributes.holding`) and a little longer: of
 * those that nobody holds the latest are kept, bounded in number and octets.
 */
export class InternedSets {
  /** The latest of each hash; others of the same are chained behind it. */
  readonly #byHash = new Map<number, InternedAttributes>();
  /** Those that nobody held when they came in here, the oldest first. */
  readonly #resting = new Fifo<InternedAttributes>();
  #restingOctets = 0;
  #size = 0;

  /** Sets that can be found. */
  get size(): number {
    return this.#size;
  }

  /** The set of the first `length` octets, every one of which was compared. */
  find(octets: Uint8Array, length: number, hash: number): InternedAttributes | undefined {
    let set = this.#byHash.get(hash);
    while (set !== undefined && !set.consistsOf(octets, length)) set = set.chained;
    return set;
  }

  /** Makes a set that is not here findable, unless too many have its hash. Nobody holds it yet. */
  add(set: InternedAttributes): void {
    const first = this.#byHash.get(set.hash);
    let length = 0;
    for (let other = first; other !== undefined; other = other.chained) length++;
    if (length >= CHAIN_LENGTH) return;
    set.chained = first;
    this.#byHash.set(set.hash, set);
    this.#size++;
    set.findable = true;
    this.rest(set);
  }

  /** Nobody holds the set any more, or nobody does yet. */
  rest(set: InternedAttributes): void {
    if (set.resting || !set.findable) return;
    set.resting = true;
    this.#resting.push(set);
    this.#restingOctets += set.octets;
    while (this.#resting.size > RESTING || this.#restingOctets > RESTING_OCTETS) {
      const oldest = this.#resting.take();
      if (oldest === undefined) return;
      oldest.resting = false;
      this.#restingOctets -= oldest.octets;
      if (oldest.holding === undefined) this.#remove(oldest);
    }
  }

  #remove(set: InternedAttributes): void {
    const first = this.#byHash.get(set.hash);
    if (first === set) {
      if (set.chained === undefined) this.#byHash.delete(set.hash);
      else this.#byHash.set(set.hash, set.chained);
    } else {
      let before = first;
      while (before !== undefined && before.chained !== set) before = before.chained;
      if (before === undefined) return;
      before.chained = set.chained;
    }
    set.chained = undefined;
    set.findable = false;
    this.#size--;
  }
}
