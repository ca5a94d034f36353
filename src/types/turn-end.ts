import { emptyList } from './list.js';

/** For so many milliseconds, callbacks requested at the end of a turn run in the same turn; later ones wait for the next. */
const JOIN_MS = 1;
/** A turn of this length, including its I/O, ends: further callbacks wait for the next one, as timers and I/O do. */
const LONG_MS = 4;

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
 * if the turn is long by then, including its I/O, callbacks that are still queued wait too.
 */
export class TurnEnd {
  readonly #now: () => number;
  #waiting = emptyList<Waiting>();
  #armed = false;
  /** When a callback at the end of this turn was first requested: about when the turn began. */
  #since = 0;

  /** `now`: milliseconds on a monotonic scale. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls back after those that are queued already. */
  add(callback: () => void): { cancel(): void } {
    const entry = new Waiting(callback);
    this.#waiting.push(entry);
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
      while (done < due) {
        waiting[done++].callback?.();
        if (done === waiting.length) break;
        const now = this.#now();
        if (now >= long) break;
        if (done === due && now < joinUntil) due = waiting.length;
      }
    } finally {
      this.#waiting = waiting.slice(done);
      this.#armed = false;
      if (this.#waiting.length > 0) this.#arm();
    }
  };
}
