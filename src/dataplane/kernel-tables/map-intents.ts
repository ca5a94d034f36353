import type { Failure, Intent, Intents } from './intents.js';

type Kept<Want> = Omit<Want, keyof Intent> & { settled: boolean; failure: Failure | undefined };

/** What is wanted of a table that has few keys, or whose keys are no numbers: an object for each. */
export class MapIntents<Key, Want extends Intent> implements Intents<Key, Want> {
  readonly #intents = new Map<Key, Kept<Want>>();

  get size(): number {
    return this.#intents.size;
  }

  has(key: Key): boolean {
    return this.#intents.has(key);
  }

  get(key: Key): Want | undefined {
    const intent = this.peek(key);
    return intent && { ...intent };
  }

  peek(key: Key): Want | undefined {
    return this.#intents.get(key) as Want | undefined;
  }

  keys(): Iterable<Key> {
    return this.#intents.keys();
  }

  /** Wants this of the key, whatever was wanted before. */
  set(key: Key, want: Omit<Want, keyof Intent>): void {
    this.#intents.set(key, { ...want, settled: false, failure: undefined });
  }

  /** Returns false where nothing was wanted. */
  delete(key: Key): boolean {
    return this.#intents.delete(key);
  }

  clear(): void {
    this.#intents.clear();
  }

  settle(key: Key, settled: boolean): void {
    const intent = this.#intents.get(key);
    if (intent) intent.settled = settled;
  }

  fail(key: Key, failure: Failure | undefined): void {
    const intent = this.#intents.get(key);
    if (intent) intent.failure = failure;
  }
}
