import { emptyList } from './list.js';

/** What is asked for at a turn's end joins in for so long, in milliseconds; later it waits for another turn. */
const JOIN_MS = 1;

class Waiting {
  constructor(public callback: (() => void) | undefined) {}

  /** Harmless when it was called. */
  cancel(): void {
    this.callback = undefined;
  }
}

/**
 * What is to be done at the end of a turn of the event loop, behind its I/O. A change goes through several hands, each of
 * which asks for its own callback; while that takes little they all follow in one turn, for each turn costs two system
 * calls and a way into JavaScript and out again. Whoever has more to do than that finds the next turn's I/O done first.
 */
export class TurnEnd {
  readonly #now: () => number;
  #waiting = emptyList<Waiting>();
  #armed = false;

  /** `now`: milliseconds on a monotonic scale. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls back behind those that wait already. */
  add(callback: () => void): { cancel(): void } {
    const entry = new Waiting(callback);
    this.#waiting.push(entry);
    if (!this.#armed) {
      this.#armed = true;
      setImmediate(this.#run);
    }
    return entry;
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    const end = this.#now() + JOIN_MS;
    let due = waiting.length;
    let done = 0;
    try {
      while (done < due) {
        waiting[done++].callback?.();
        if (done === due && waiting.length > due && this.#now() < end) due = waiting.length;
      }
    } finally {
      this.#waiting = waiting.slice(done);
      this.#armed = this.#waiting.length > 0;
      if (this.#armed) setImmediate(this.#run);
    }
  };
}
