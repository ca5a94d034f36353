import { hashNumber } from './number-hash.js';
import { highWord, lowWord } from './wide-number.js';

/** No key is negative. */
const EMPTY = -1;
const DELETED = -2;
const LEAST_SLOTS = 8;
/** Of a segment: to move what it holds takes less than a millisecond, and smaller arrays would be copied by the garbage collector. */
const MOST_SLOTS = 16_384;
/** The hash's bits from here on, fourteen, choose a slot; those below, as many as it takes, the segment. */
const SLOT_BITS = 18;

/** A hash table with linear probing, at most three quarters of whose slots are in use. */
class Segment<Value> {
  readonly keys: Float64Array;
  readonly values: (Value | undefined)[];
  size = 0;
  /** Slots that are not EMPTY. */
  used = 0;
  /** False once others have taken its place: it stays as it was then, for a walk that is in it. */
  isCurrent = true;

  /** `depth`: how many of the hash's lowest bits all keys in it have in common. */
  constructor(
    slots: number,
    readonly depth: number,
  ) {
    this.keys = new Float64Array(slots).fill(EMPTY);
    this.values = new Array<Value | undefined>(slots).fill(undefined);
  }

  /** Inserts a key that has no slot; the caller has made sure that one is free. */
  insert(hash: number, key: number, value: Value): void {
    const { keys } = this;
    const mask = keys.length - 1;
    let slot = (hash >>> SLOT_BITS) & mask;
    while (keys[slot] >= 0) slot = (slot + 1) & mask;
    if (keys[slot] === EMPTY) this.used++;
    keys[slot] = key;
    this.values[slot] = value;
    this.size++;
  }
}

/** Of all maps without an entry: it holds nothing, whatever is done to it. */
const NOTHING: readonly Segment<never>[] = [new Segment(1, 0)];

/**
 * A Map from whole numbers of 0 to 2^53 - 1 to objects. Map keeps each number above 31 bits as an object, besides 28 to 56
 * octets an entry; here keys lie in typed arrays and values in other arrays, 21 to 43 octets an entry, and a lookup
 * allocates nothing.
 *
 * It grows by segments (extendible hashing): one that is full becomes two, and no step moves more than a segment holds. As one table a
 * million entries were moved at once, which took 55 ms.
 *
 * The map may change during a walk: the walk yields once each entry that is there from its beginning to its end, with the value that it has
 * then, and none that has been deleted. The order is that of the slots, not of insertion.
 */
export class NumberMap<Key extends number, Value extends object> {
  /** By the hash's lowest bits; replaced, never changed. One with fewer bits in common stands here several times. */
  #segments: readonly Segment<Value>[] = NOTHING;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    const hashed = hash(key);
    const { keys, values } = this.#segmentOf(hashed);
    const slot = find(keys, hashed, key);
    return slot < 0 ? undefined : values[slot];
  }

  has(key: Key): boolean {
    const hashed = hash(key);
    return find(this.#segmentOf(hashed).keys, hashed, key) >= 0;
  }

  set(key: Key, value: Value): void {
    const hashed = hash(key);
    const { keys, values } = this.#segmentOf(hashed);
    const slot = find(keys, hashed, key);
    if (slot >= 0) values[slot] = value;
    else this.add(key, value);
  }

  /** Adds an entry whose key is not in the map; the caller has looked. */
  add(key: Key, value: Value): void {
    const hashed = hash(key);
    let segment = this.#segmentOf(hashed);
    while ((segment.used + 1) * 4 > segment.keys.length * 3) {
      this.#makeRoom(segment, hashed);
      segment = this.#segmentOf(hashed);
    }
    segment.insert(hashed, key, value);
    this.#size++;
  }

  /** Returns false if there was no such entry. */
  delete(key: Key): boolean {
    const hashed = hash(key);
    const segment = this.#segmentOf(hashed);
    const { keys, values } = segment;
    const slot = find(keys, hashed, key);
    if (slot < 0) return false;
    const mask = keys.length - 1;
    values[slot] = undefined;
    segment.size--;
    keys[slot] = DELETED;
    // A probe that ends after the slot need not pass it, nor those deleted before it
    if (keys[(slot + 1) & mask] === EMPTY)
      for (let at = slot; keys[at] === DELETED; at = (at - 1) & mask) {
        keys[at] = EMPTY;
        segment.used--;
      }
    if (--this.#size === 0 && this.#segments.length > 1) this.clear();
    else if (segment.size * 8 < keys.length && keys.length > LEAST_SLOTS) this.#makeRoom(segment, hashed);
    return true;
  }

  clear(): void {
    if (this.#segments === NOTHING) return;
    for (const segment of this.#segments) segment.isCurrent = false;
    this.#segments = NOTHING;
    this.#size = 0;
  }

  *values(): IterableIterator<Value, undefined> {
    const segments = this.#segments;
    for (let at = 0; at < segments.length; at++) {
      const segment = segments[at];
      // It stands here again
      if (at >>> segment.depth !== 0) continue;
      const { keys, values } = segment;
      for (let slot = 0; slot < keys.length; slot++) {
        let value = values[slot];
        if (value === undefined) continue;
        // What took the segment's place knows whether the entry still stands, and with which value
        if (!segment.isCurrent) value = this.get(keys[slot] as Key);
        if (value !== undefined) yield value;
      }
    }
  }

  /** The keys, as `values` walks. */
  *keys(): IterableIterator<Key, undefined> {
    const segments = this.#segments;
    for (let at = 0; at < segments.length; at++) {
      const segment = segments[at];
      if (at >>> segment.depth !== 0) continue;
      const { keys, values } = segment;
      for (let slot = 0; slot < keys.length; slot++) {
        if (values[slot] === undefined) continue;
        if (!segment.isCurrent && !this.has(keys[slot] as Key)) continue;
        yield keys[slot] as Key;
      }
    }
  }

  #segmentOf(hashed: number): Segment<Value> {
    const segments = this.#segments;
    return segments[hashed & (segments.length - 1)];
  }

  /** Puts a segment in the place of this one that is at most half full with one more entry, or two where it is too large. */
  #makeRoom(segment: Segment<Value>, hashed: number): void {
    const { depth, keys, values } = segment;
    let slots = LEAST_SLOTS;
    while (slots < (segment.size + 1) * 2) slots *= 2;
    const splits = slots > MOST_SLOTS && depth < SLOT_BITS;
    const zero = new Segment<Value>(splits ? MOST_SLOTS : slots, splits ? depth + 1 : depth);
    const one = splits ? new Segment<Value>(MOST_SLOTS, depth + 1) : zero;
    for (let slot = 0; slot < keys.length; slot++) {
      const value = values[slot];
      if (value === undefined) continue;
      const of = hash(keys[slot]);
      ((of >>> depth) & 1 ? one : zero).insert(of, keys[slot], value);
    }
    const before = this.#segments;
    const segments = splits && 1 << depth === before.length ? [...before, ...before] : before.slice();
    const step = 1 << depth;
    for (let at = hashed & (step - 1); at < segments.length; at += step)
      segments[at] = (at >>> depth) & 1 ? one : zero;
    segment.isCurrent = false;
    this.#segments = segments;
  }
}

/** Returns the slot of the key; negative if it has none. */
function find(keys: Float64Array, hashed: number, key: number): number {
  const mask = keys.length - 1;
  let slot = (hashed >>> SLOT_BITS) & mask;
  for (;;) {
    const found = keys[slot];
    if (found === key) return slot;
    if (found === EMPTY) return -1;
    slot = (slot + 1) & mask;
  }
}

function hash(key: number): number {
  return hashNumber(lowWord(key), highWord(key));
}
