import { type Mac, macHigh16, macLow32 } from './mac.js';
import { hashMac } from './mac-hash.js';

/** No MAC is negative. */
const EMPTY = -1;
const DELETED = -2;
const LEAST_SLOTS = 8;
/** Shared by all maps without an entry, and never written. */
const NO_KEYS = new Float64Array([EMPTY]);

/**
 * A Map from MAC addresses. Map keeps each number above 31 bits as an object of its own, beside 28 to 56 octets an entry;
 * here keys lie side by side in one typed array and values in another, 21 to 43 octets an entry, and a lookup allocates
 * nothing. Open addressing with linear probing; at most three quarters of the slots are in use.
 *
 * A walk may be interrupted by changes: it brings each entry that stands from its beginning to its end once, and none
 * that has gone. The order is that of the slots, not of insertion.
 */
export class MacMap<Value extends object> {
  #keys = NO_KEYS;
  #values: (Value | undefined)[] = [undefined];
  #size = 0;
  /** Slots that are not EMPTY. */
  #used = 0;

  get size(): number {
    return this.#size;
  }

  get(mac: Mac): Value | undefined {
    const slot = this.#find(mac);
    return slot < 0 ? undefined : this.#values[slot];
  }

  has(mac: Mac): boolean {
    return this.#find(mac) >= 0;
  }

  set(mac: Mac, value: Value): void {
    const slot = this.#find(mac);
    if (slot >= 0) {
      this.#values[slot] = value;
      return;
    }
    if ((this.#used + 1) * 4 > this.#keys.length * 3) this.#rebuild();
    this.#insert(mac, value);
    this.#size++;
  }

  /** False where there was none. */
  delete(mac: Mac): boolean {
    const slot = this.#find(mac);
    if (slot < 0) return false;
    const keys = this.#keys;
    const mask = keys.length - 1;
    this.#values[slot] = undefined;
    this.#size--;
    keys[slot] = DELETED;
    // A probe that ends behind the slot need not pass it, nor those deleted before it
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

  *values(): IterableIterator<Value> {
    const keys = this.#keys;
    const values = this.#values;
    for (let slot = 0; slot < keys.length; slot++) {
      const value = values[slot];
      if (value === undefined) continue;
      // Since a rebuild these slots tell how it was then
      if (keys !== this.#keys && this.get(keys[slot] as Mac) !== value) continue;
      yield value;
    }
  }

  /** The slot of the MAC; negative where it has none. */
  #find(mac: Mac): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let slot = hash(mac) & mask;
    for (;;) {
      const key = keys[slot];
      if (key === mac) return slot;
      if (key === EMPTY) return -1;
      slot = (slot + 1) & mask;
    }
  }

  /** Enters a MAC that has no slot; one is free. */
  #insert(mac: Mac, value: Value): void {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let slot = hash(mac) & mask;
    while (keys[slot] >= 0) slot = (slot + 1) & mask;
    if (keys[slot] === EMPTY) this.#used++;
    keys[slot] = mac;
    this.#values[slot] = value;
  }

  /** Moves all entries into new arrays, at most half full with one more; a walk keeps the old ones. */
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
      if (value !== undefined) this.#insert(keys[slot] as Mac, value);
    }
  }
}

function hash(mac: Mac): number {
  return hashMac(macLow32(mac), macHigh16(mac));
}
