import { emptyList } from './list.js';

/** What is asked for at a turn's end joins in for so long, in milliseconds; later it waits for another turn. */
const JOIN_MS = 1;
/** A turn that is as long, its I/O included, ends: others wait for the next one, as timers and I/O do. */
const LONG_MS = 4;

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
 * calls and a way into JavaScript and out again. Whoever has more to do than that finds the next turn's I/O done first;
 * where the turn has taken long by then, with what its I/O brought, so does whoever waits behind.
 */
export class TurnEnd {
  readonly #now: () => number;
  #waiting = emptyList<Waiting>();
  #armed = false;
  /** When this turn's end was first asked for: about when it began. */
  #since = 0;

  /** `now`: milliseconds on a monotonic scale. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls back behind those that wait already. */
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
