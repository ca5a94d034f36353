import { KEY_WORDS, NumberTable } from './number-table.js';

const FIRST_PLACES = 8;

/** The state of a key, in its row of the table. */
const QUEUED = 0;
const TAKEN = 1;
const TAKEN_AND_DIRTY = 2;

/** In whatever order keys are taken, one of so many is the oldest, so that none waits for ever. */
const OLDEST_EVERY = 8;

/**
 * A queue of dirty keys, which are whole numbers from 0 to 2^53 - 1: each is in it once, without an object or a boxed number for any.
 * They are taken in the order of first adding; where so many wait that it is to be scattered (`scattersFrom`), in any. A
 * key that was taken belongs to its taker until released; a key added meanwhile is queued again at its release. A key takes
 * 8 octets of a ring and 20 to 36 of the table that holds its state. An empty queue gives its memory back.
 */
export class NumberQueue<Key extends number> {
  readonly #states = new NumberTable<Key>(1);
  /** Its length is a power of two. */
  #ring = new Float64Array(0);
  #first = 0;
  #queued = 0;
  /** Taken keys that were added meanwhile. */
  #again = 0;
  /** Counts what is taken in any order, and moves on by a random step: 32 bits with a sign, as docs/data-layout.md says of fields. */
  #taken = 0;
  #random = 1;

  constructor(readonly scattersFrom: number = Number.POSITIVE_INFINITY) {}

  /** Returns how many keys are queued; those that are taken do not count. */
  get size(): number {
    return this.#queued;
  }

  /** True if no key is queued or taken. */
  get isIdle(): boolean {
    return this.#states.size === 0;
  }

  /** True if the key is queued or taken. */
  has(key: Key): boolean {
    return this.#states.find(key) >= 0;
  }

  /** Queues the key; one that is queued already keeps its place. */
  add(key: Key): void {
    const states = this.#states;
    const size = states.size;
    const row = states.add(key);
    if (row >= size) this.#push(key);
    else if (states.cells[row * states.stride + KEY_WORDS] === TAKEN) {
      states.cells[row * states.stride + KEY_WORDS] = TAKEN_AND_DIRTY;
      this.#again++;
    }
  }

  /** Takes the oldest key, or any where so many wait; returns undefined if none is queued. */
  take(): Key | undefined {
    if (this.#queued === 0) return undefined;
    const isAny = this.#queued >= this.scattersFrom && ++this.#taken % OLDEST_EVERY !== 0;
    const key = isAny ? this.#takeAny() : this.#takeOldest();
    const states = this.#states;
    states.cells[states.find(key) * states.stride + KEY_WORDS] = TAKEN;
    if (--this.#queued === 0) {
      this.#first = 0;
      if (this.#ring.length > FIRST_PLACES) this.#ring = new Float64Array(FIRST_PLACES);
    }
    return key;
  }

  /** Ends the processing of a key that was taken. True if it was added meanwhile, and so is queued again. */
  release(key: Key): boolean {
    const states = this.#states;
    if (this.#again > 0) {
      const row = states.find(key);
      if (row < 0) return false;
      const at = row * states.stride + KEY_WORDS;
      if (states.cells[at] === TAKEN_AND_DIRTY) {
        states.cells[at] = QUEUED;
        this.#again--;
        this.#push(key);
        return true;
      }
    }
    states.remove(key);
    return false;
  }

  #takeOldest(): Key {
    const key = this.#ring[this.#first] as Key;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    return key;
  }

  /** The latest key takes the place of the one that is taken: those that have waited long stay where they are. */
  #takeAny(): Key {
    const ring = this.#ring;
    const mask = ring.length - 1;
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) | 0;
    const place = (this.#first + Math.floor(((this.#random >>> 0) / 0x1_0000_0000) * this.#queued)) & mask;
    const key = ring[place] as Key;
    ring[place] = ring[(this.#first + this.#queued - 1) & mask];
    return key;
  }

  #push(key: Key): void {
    if (this.#queued === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#queued++) & (this.#ring.length - 1)] = key;
  }

  #grow(): void {
    const ring = new Float64Array(Math.max(FIRST_PLACES, this.#queued * 2));
    ring.set(this.#ring.subarray(this.#first));
    ring.set(this.#ring.subarray(0, this.#first), this.#queued - this.#first);
    this.#ring = ring;
    this.#first = 0;
  }
}
