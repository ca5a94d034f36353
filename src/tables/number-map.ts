import { hashNumber } from './number-hash.js';
import { highWord, lowWord } from './wide-number.js';

/** No key is negative. */
const EMPTY = -1;
const DELETED = -2;
const LEAST_SLOTS = 8;
/** Shared by all maps without an entry, and never written. */
const NO_KEYS = new Float64Array([EMPTY]);

/**
 * A Map from whole numbers of 0 to 2^53 - 1 to objects. Map keeps each number above 31 bits as an object, besides 28 to 56
 * octets an entry; here keys lie in one typed array and values in another array, 21 to 43 octets an entry, and a lookup
 * allocates nothing. Open addressing with linear probing; at most three quarters of the slots are in use.
 *
 * The map may change during a walk: the walk yields once each entry that is there from its beginning to its end, and none
 * that has been deleted. The order is that of the slots, not of insertion.
 */
export class NumberMap<Key extends number, Value extends object> {
  #keys = NO_KEYS;
  #values: (Value | undefined)[] = [undefined];
  #size = 0;
  /** Slots that are not EMPTY. */
  #used = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    const slot = this.#find(key);
    return slot < 0 ? undefined : this.#values[slot];
  }

  has(key: Key): boolean {
    return this.#find(key) >= 0;
  }

  set(key: Key, value: Value): void {
    const slot = this.#find(key);
    if (slot >= 0) this.#values[slot] = value;
    else this.add(key, value);
  }

  /** Adds an entry whose key is not in the map; the caller has looked. */
  add(key: Key, value: Value): void {
    if ((this.#used + 1) * 4 > this.#keys.length * 3) this.#rebuild();
    this.#insert(key, value);
    this.#size++;
  }

  /** Returns false if there was no such entry. */
  delete(key: Key): boolean {
    const slot = this.#find(key);
    if (slot < 0) return false;
    const keys = this.#keys;
    const mask = keys.length - 1;
    this.#values[slot] = undefined;
    this.#size--;
    keys[slot] = DELETED;
    // A probe that ends after the slot need not pass it, nor those deleted before it
    if (keys[(slot + 1) & mask] === EMPTY)
      for (let at = slot; keys[at] === DELETED; at = (at - 1) & mask) {
        keys[at] = EMPTY;
        this.#used--;
      }
    if (this.#size * 8 < keys.length && keys.length > LEAST_SLOTS) this.#rebuild();
    return true;
  }

  clear(): void {
    this.#keys = NO_KEYS;
    this.#values = [undefined];
    this.#size = 0;
    this.#used = 0;
  }

  *values(): IterableIterator<Value, undefined> {
    const keys = this.#keys;
    const values = this.#values;
    for (let slot = 0; slot < keys.length; slot++) {
      const value = values[slot];
      if (value === undefined) continue;
      // Since a rebuild, the old slots may be out of date
      if (keys !== this.#keys && this.get(keys[slot] as Key) !== value) continue;
      yield value;
    }
  }

  /** The keys, as `values` walks. */
  *keys(): IterableIterator<Key, undefined> {
    const keys = this.#keys;
    const values = this.#values;
    for (let slot = 0; slot < keys.length; slot++) {
      if (values[slot] === undefined) continue;
      if (keys !== this.#keys && this.get(keys[slot] as Key) !== values[slot]) continue;
      yield keys[slot] as Key;
    }
  }

  /** Returns the slot of the key; negative if it has none. */
  #find(key: Key): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let slot = hash(key) & mask;
    for (;;) {
      const found = keys[slot];
      if (found === key) return slot;
      if (found === EMPTY) return -1;
      slot = (slot + 1) & mask;
    }
  }

  /** Inserts a key that has no slot; the caller has made sure that one is free. */
  #insert(key: Key, value: Value): void {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let slot = hash(key) & mask;
    while (keys[slot] >= 0) slot = (slot + 1) & mask;
    if (keys[slot] === EMPTY) this.#used++;
    keys[slot] = key;
    this.#values[slot] = value;
  }

  /** Moves all entries into new arrays, at most half full with one more entry; a walk keeps the old arrays. */
  #rebuild(): void {
    const keys = this.#keys;
    const values = this.#values;
    let slots = LEAST_SLOTS;
    while (slots < (this.#size + 1) * 2) slots *= 2;
    this.#keys = new Float64Array(slots).fill(EMPTY);
    this.#values = new Array<Value | undefined>(slots).fill(undefined);
    this.#used = 0;
    for (let slot = 0; slot < keys.length; slot++) {
      const value = values[slot];
      if (value !== undefined) this.#insert(keys[slot] as Key, value);
    }
  }
}

function hash(key: number): number {
  return hashNumber(lowWord(key), highWord(key));
}
