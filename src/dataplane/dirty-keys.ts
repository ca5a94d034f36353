/**
 * Keys to be looked at, each once, in the order of their marking. One that was taken is its taker's until it is released:
 * marked meanwhile, it waits for that. Taking one costs the same however many there were: an iterator that stays open
 * does not walk again over what has been taken, as one begun anew would.
 */
export class DirtyKeys<Key> {
  readonly #waiting = new Set<Key>();
  /** True for those that were marked again. */
  readonly #taken = new Map<Key, boolean>();
  #cursor: SetIterator<Key> | undefined;

  /** How many wait to be taken. */
  get size(): number {
    return this.#waiting.size;
  }

  add(key: Key): void {
    if (this.#taken.size > 0 && this.#taken.has(key)) this.#taken.set(key, true);
    else this.#waiting.add(key);
  }

  /** It waits or is taken. */
  has(key: Key): boolean {
    return this.#waiting.has(key) || this.#taken.has(key);
  }

  /** Takes the oldest key; undefined when none waits. */
  take(): Key | undefined {
    if (this.#waiting.size === 0) return undefined;
    let next = this.#cursor?.next();
    if (next === undefined || next.done) {
      // An iterator that came to its end stays there
      this.#cursor = this.#waiting.values();
      next = this.#cursor.next();
      if (next.done) return undefined;
    }
    this.#waiting.delete(next.value);
    this.#taken.set(next.value, false);
    return next.value;
  }

  /** Gives a key back that was taken; true where it was marked meanwhile, so that it waits again. */
  release(key: Key): boolean {
    const again = this.#taken.get(key) ?? false;
    this.#taken.delete(key);
    if (again) this.#waiting.add(key);
    return again;
  }
}
