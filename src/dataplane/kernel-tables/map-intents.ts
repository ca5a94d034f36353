import type { Failure, Intent, Intents } from './intents.js';

/** How far the kernel got with what is wanted of a key. */
interface Progress {
  settled: boolean;
  failure: Failure | undefined;
}

/** What is wanted of a table that has few keys: an object for each. */
export class MapIntents<Key, Want extends Intent> implements Intents<Key, Want> {
  readonly #kept = new Map<Key, Want & Progress>();

  get size(): number {
    return this.#kept.size;
  }

  has(key: Key): boolean {
    return this.#kept.has(key);
  }

  get(key: Key): Want | undefined {
    const intent = this.#kept.get(key);
    return intent && { ...intent };
  }

  peek(key: Key): Want | undefined {
    return this.#kept.get(key);
  }

  keys(): Iterable<Key> {
    return this.#kept.keys();
  }

  /** Wants this of the key, whatever was wanted before. */
  set(key: Key, want: Omit<Want, keyof Intent>): void {
    this.#kept.set(key, { ...want, settled: false, failure: undefined } as unknown as Want & Progress);
  }

  /** Returns false where nothing was wanted. */
  delete(key: Key): boolean {
    return this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
  }

  settle(key: Key, settled: boolean): void {
    const kept = this.#kept.get(key);
    if (kept) kept.settled = settled;
  }

  fail(key: Key, failure: Failure | undefined): void {
    const kept = this.#kept.get(key);
    if (kept) kept.failure = failure;
  }
}
