/**
 * Keys to be looked at, each once, in the order of their marking. Taking one costs the same however many there were: an
 * iterator that stays open does not walk again over what has been taken, as one begun anew would.
 */
export class DirtyKeys<Key> {
  readonly #keys = new Set<Key>();
  #cursor: SetIterator<Key> | undefined;

  get size(): number {
    return this.#keys.size;
  }

  add(key: Key): void {
    this.#keys.add(key);
  }

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  /** Removes and returns the oldest key; undefined when none is left. */
  take(): Key | undefined {
    if (this.#keys.size === 0) return undefined;
    let next = this.#cursor?.next();
    if (next === undefined || next.done) {
      // An iterator that came to its end stays there
      this.#cursor = this.#keys.values();
      next = this.#cursor.next();
      if (next.done) return undefined;
    }
    this.#keys.delete(next.value);
    return next.value;
  }
}
