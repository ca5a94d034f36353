import type { Failure, Intent, Intents } from './intents.js';

/** How far the kernel got with what is wanted of a key. */
export interface Progress {
  settled: boolean;
  failure: Failure | undefined;
}

/** What a Map has of it. */
type KeptMap<Key, Kept> = Pick<Map<Key, Kept>, 'size' | 'get' | 'delete' | 'clear'> & {
  set(key: Key, kept: Kept): unknown;
  keys(): Iterable<Key>;
};

/** What is wanted of a table that has few keys, or whose keys are no numbers: an object for each. */
export abstract class KeptIntents<Key, Want extends Intent, Kept extends Progress>
  implements Intents<Key, Want>
{
  /** Some attempt has failed: mostly none ever does, and nothing need be looked up to note that. */
  #hasFailures = false;

  constructor(protected readonly kept: KeptMap<Key, Kept> = new Map()) {}

  /** Returns what is kept as an intent; undefined if it counts as unwanted now. */
  protected abstract wanted(kept: Kept): Want | undefined;

  /** Those that count as unwanted included. */
  get size(): number {
    return this.kept.size;
  }

  has(key: Key): boolean {
    return this.peek(key) !== undefined;
  }

  get(key: Key): Want | undefined {
    const intent = this.peek(key);
    return intent && { ...intent };
  }

  peek(key: Key): Want | undefined {
    const kept = this.kept.get(key);
    return kept && this.wanted(kept);
  }

  keys(): Iterable<Key> {
    return this.kept.keys();
  }

  /** Returns false where nothing was wanted. */
  delete(key: Key): boolean {
    return this.kept.delete(key);
  }

  clear(): void {
    this.kept.clear();
  }

  settle(key: Key, settled: boolean): void {
    const kept = this.kept.get(key);
    if (kept) kept.settled = settled;
  }

  fail(key: Key, failure: Failure | undefined): void {
    if (failure !== undefined) this.#hasFailures = true;
    else if (!this.#hasFailures) return;
    const kept = this.kept.get(key);
    if (kept) kept.failure = failure;
  }
}

/** What is wanted, kept as it was given. */
export class MapIntents<Key, Want extends Intent> extends KeptIntents<Key, Want, Want & Progress> {
  protected wanted(kept: Want): Want {
    return kept;
  }

  /** Wants this of the key, whatever was wanted before. */
  set(key: Key, want: Omit<Want, keyof Intent>): void {
    this.kept.set(key, { ...want, settled: false, failure: undefined } as unknown as Want & Progress);
  }
}
