import { NumberMap } from './number-map.js';

/**
 * A map from keys of which most are whole numbers of 0 to 2^53 - 1 (IPv4 prefixes) and some are texts (IPv6 prefixes), to
 * objects: Map keeps each number above 31 bits as an object, and takes several times as long to find it. A walk goes over the
 * numbers first, and entries may come and go meanwhile.
 */
export class MixedMap<Key extends number | string, Value extends object> {
  readonly #numbers = new NumberMap<number, Value>();
  /** Many maps never have one. */
  #texts: Map<string, Value> | undefined;

  get size(): number {
    return this.#numbers.size + (this.#texts?.size ?? 0);
  }

  get(key: Key): Value | undefined {
    return typeof key === 'number' ? this.#numbers.get(key) : this.#texts?.get(key as string);
  }

  has(key: Key): boolean {
    return typeof key === 'number' ? this.#numbers.has(key) : (this.#texts?.has(key as string) ?? false);
  }

  set(key: Key, value: Value): void {
    if (typeof key === 'number') this.#numbers.set(key, value);
    else {
      this.#texts ??= new Map();
      this.#texts.set(key as string, value);
    }
  }

  /** Adds an entry whose key is not in the map; the caller has looked. */
  add(key: Key, value: Value): void {
    if (typeof key === 'number') this.#numbers.add(key, value);
    else this.set(key, value);
  }

  /** Returns false if there was no such entry. */
  delete(key: Key): boolean {
    return typeof key === 'number'
      ? this.#numbers.delete(key)
      : (this.#texts?.delete(key as string) ?? false);
  }

  clear(): void {
    this.#numbers.clear();
    this.#texts = undefined;
  }

  *values(): IterableIterator<Value, undefined> {
    yield* this.#numbers.values();
    if (this.#texts) yield* this.#texts.values();
  }

  *keys(): IterableIterator<Key, undefined> {
    yield* this.#numbers.keys() as IterableIterator<number & Key>;
    if (this.#texts) yield* this.#texts.keys() as IterableIterator<string & Key>;
  }
}
