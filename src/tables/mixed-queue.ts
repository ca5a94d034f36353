import { MapQueue } from './map-queue.js';
import { NumberQueue } from './number-queue.js';

/**
 * A queue as NumberQueue is one, of keys of which most are whole numbers of 0 to 2^53 - 1 and some are texts. Numbers are taken
 * before texts.
 */
export class MixedQueue<Key extends number | string> {
  readonly #numbers: NumberQueue<number>;
  readonly #texts = new MapQueue<string>();

  /** `scattersFrom`: with so many numbers waiting, any of them is taken. */
  constructor(scattersFrom?: number) {
    this.#numbers = new NumberQueue(scattersFrom);
  }

  /** Returns how many keys are queued; those that are taken do not count. */
  get size(): number {
    return this.#numbers.size + this.#texts.size;
  }

  /** True if no key is queued or taken. */
  get isIdle(): boolean {
    return this.#numbers.isIdle && this.#texts.isIdle;
  }

  /** True if the key is queued or taken. */
  has(key: Key): boolean {
    return typeof key === 'number' ? this.#numbers.has(key) : this.#texts.has(key as string);
  }

  /** Queues the key; one that is queued already keeps its place. */
  add(key: Key): void {
    if (typeof key === 'number') this.#numbers.add(key);
    else this.#texts.add(key as string);
  }

  /** Takes the next key; returns undefined if none is queued. */
  take(): Key | undefined {
    return (this.#numbers.take() ?? this.#texts.take()) as Key | undefined;
  }

  /** Ends the processing of a key that was taken. True if it was added meanwhile, and so is queued again. */
  release(key: Key): boolean {
    return typeof key === 'number' ? this.#numbers.release(key) : this.#texts.release(key as string);
  }
}
