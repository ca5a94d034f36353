import { emptyList } from './list.js';

/** For so many milliseconds, callbacks requested at the end of a turn run in the same turn; later ones wait for the next. */
const JOIN_MS = 1;
/** A turn of this length, including its I/O, ends: further callbacks wait for the next one, as timers and I/O do. */
const LONG_MS = 4;
/** A slice may take so long also in a turn that is long already, or it would never come to anything. */
const LEAST_MS = 0.5;
/** After so many milliseconds of a turn it is heard again what has come in meanwhile and goes first. */
const HEAR_MS = 1;
/** What goes first is called so often in one go, where it asks for more that does: a host's move is decided, told and written. */
const FIRST_ROUNDS = 3;
/** What goes first may take so long in one go, or until the turn is long: with many neighbors what each is sent adds up. */
const FIRST_MS = 2;

class Waiting {
  constructor(public callback: (() => void) | undefined) {}

  /** No effect after it was called. */
  cancel(): void {
    this.callback = undefined;
  }
}

/**
 * Callbacks at the end of a turn of the event loop, after its I/O. A change passes through several stages, each of
 * which requests its own callback; if they are short they all run in one turn, since each turn costs two system
 * calls and an entry into JavaScript. After longer work, the next turn's I/O comes first;
 * if the turn is long by then, including its I/O, callbacks that are still queued wait too. Not so those that go first: they
 * are called in any turn and before the others, so whoever requests them has little to do; where they are many, some of them wait
 * for the next go.
 *
 * Whoever works in slices asks here how long one may be. All slices of a turn share its length, whoever they belong to: with
 * one of its own for each of reading, deciding and writing, a turn was as long as all of them together, and a host that
 * had moved here waited for two such turns.
 */
export class TurnEnd {
  readonly #now: () => number;
  #waiting = emptyList<Waiting>();
  #first = emptyList<Waiting>();
  readonly #hearers = new Set<() => void>();
  #armed = false;
  /** When a slice or a callback of this turn was first requested: about when the turn began. */
  #since = 0;

  /** `now`: milliseconds on a monotonic scale. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls back after those that are queued already. */
  add(callback: () => void): { cancel(): void } {
    return this.#add(this.#waiting, callback);
  }

  /** Calls back after those that are queued already to go first, and before all others. */
  addFirst(callback: () => void): { cancel(): void } {
    return this.#add(this.#first, callback);
  }

  /**
   * Calls back also amid a turn, between two callbacks of its end, after some milliseconds each time: to look whether anything has
   * come in that goes first, and to hear some of it. It must not throw.
   */
  hear(callback: () => void): { cancel(): void } {
    const hearer = () => callback();
    this.#hearers.add(hearer);
    return { cancel: () => void this.#hearers.delete(hearer) };
  }

  /** Returns when a slice is to end that begins now: in `most` milliseconds, or with the turn, but not before `least`. */
  sliceEnd(most: number, least = LEAST_MS): number {
    if (!this.#armed) this.#arm();
    const now = this.#now();
    return Math.max(now + Math.min(most, least), Math.min(now + most, this.#since + LONG_MS));
  }

  #add(queue: Waiting[], callback: () => void): { cancel(): void } {
    const entry = new Waiting(callback);
    queue.push(entry);
    if (!this.#armed) this.#arm();
    return entry;
  }

  #arm(): void {
    this.#armed = true;
    this.#since = this.#now();
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    const joinUntil = this.#now() + JOIN_MS;
    const long = this.#since + LONG_MS;
    let due = waiting.length;
    let done = 0;
    try {
      let heardAt = this.#runFirst(this.#since);
      while (done < due) {
        waiting[done++].callback?.();
        heardAt = this.#runFirst(heardAt);
        if (done === waiting.length) break;
        const now = this.#now();
        if (now >= long) break;
        if (done === due && now < joinUntil) due = waiting.length;
      }
    } finally {
      this.#waiting = waiting.slice(done);
      this.#armed = false;
      if (this.#waiting.length > 0 || this.#first.length > 0) this.#arm();
    }
  };

  /**
   * Calls those that go first, and once more those that they have called for; before that hears what has come in, if it was heard
   * some time ago. Returns when it was heard last.
   */
  #runFirst(heardAt: number): number {
    let heard = heardAt;
    if (this.#hearers.size > 0 && this.#now() - heardAt >= HEAR_MS) {
      for (const hearer of this.#hearers) hearer();
      heard = this.#now();
    }
    if (this.#first.length === 0) return heard;
    const end = Math.max(this.#now() + FIRST_MS, this.#since + LONG_MS);
    for (let round = 0; round < FIRST_ROUNDS && this.#first.length > 0; round++) {
      const first = this.#first;
      this.#first = emptyList();
      let done = 0;
      try {
        do first[done++].callback?.();
        while (done < first.length && this.#now() < end);
      } finally {
        if (done < first.length) this.#first.unshift(...first.slice(done));
      }
      if (this.#first.length > 0 && this.#now() >= end) break;
    }
    return heard;
  }
}
