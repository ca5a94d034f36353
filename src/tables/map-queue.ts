/** A queue as NumberQueue is one, of keys of any kind. */
export class MapQueue<Key> {
  readonly #queued = new Set<Key>();
  /** One walk for as long as something is queued: a new one each time would pass over all that was taken. */
  #walk: IterableIterator<Key> | undefined;
  readonly #taken = new Set<Key>();
  /** Marked again while they were taken. */
  readonly #again = new Set<Key>();

  get size(): number {
    return this.#queued.size;
  }

  get isIdle(): boolean {
    return this.#queued.size === 0 && this.#taken.size === 0;
  }

  has(key: Key): boolean {
    return this.#queued.has(key) || this.#taken.has(key);
  }

  add(key: Key): void {
    if (this.#taken.has(key)) this.#again.add(key);
    else this.#queued.add(key);
  }

  take(): Key | undefined {
    this.#walk ??= this.#queued.values();
    const next = this.#walk.next();
    if (next.done === true) {
      this.#walk = undefined;
      return undefined;
    }
    this.#queued.delete(next.value);
    this.#taken.add(next.value);
    return next.value;
  }

  release(key: Key): boolean {
    this.#taken.delete(key);
    const again = this.#again.delete(key);
    if (again) this.#queued.add(key);
    return again;
  }
}
