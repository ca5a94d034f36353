import type { Clock, Timer } from './clock.js';

/** A condition that lasts. */
interface Episode {
  /** Clock.wallTime() when it was first seen. */
  readonly since: number;
  /** How often it was seen. */
  readonly count: number;
}

interface Open {
  readonly since: number;
  count: number;
  lastAt: number;
}

/**
 * Reports a condition that may recur thousands of times a second twice: when it begins, and when it has not recurred for `quiet`
 * milliseconds. Keys are compared as those of a Map.
 */
export class Episodes<Key> {
  readonly #open = new Map<Key, Open>();
  #timer: Timer | undefined;

  constructor(
    readonly clock: Clock,
    readonly quiet: number,
    readonly began: (key: Key) => void,
    readonly ended: (key: Key, episode: Episode) => void,
  ) {}

  seen(key: Key): void {
    const now = this.clock.now();
    const open = this.#open.get(key);
    if (open) {
      open.count++;
      open.lastAt = now;
      return;
    }
    this.#open.set(key, { since: this.clock.wallTime(), count: 1, lastAt: now });
    this.#timer ??= this.clock.after(this.quiet, this.#look);
    this.began(key);
  }

  get(key: Key): Episode | undefined {
    return this.#open.get(key);
  }

  /** The conditions that last. */
  entries(): IterableIterator<[Key, Episode]> {
    return this.#open.entries();
  }

  /** What the condition is of is no more: it is over now, if it lasts. */
  end(key: Key): void {
    const open = this.#open.get(key);
    if (!open) return;
    this.#open.delete(key);
    this.ended(key, open);
  }

  /** Ends all reports. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#open.clear();
  }

  readonly #look = (): void => {
    const now = this.clock.now();
    let first = Number.POSITIVE_INFINITY;
    for (const [key, open] of this.#open) {
      if (now - open.lastAt < this.quiet) {
        first = Math.min(first, open.lastAt);
        continue;
      }
      this.#open.delete(key);
      this.ended(key, open);
    }
    const wait = Math.max(1, first + this.quiet - now);
    this.#timer = this.#open.size > 0 ? this.clock.after(wait, this.#look) : undefined;
  };
}
