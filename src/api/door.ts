import { Fifo } from '../types/index.js';

/** One turn of the event loop begins to answer requests for so many milliseconds. */
const TURN_MS = 2;

interface Waiting {
  go(): void;
}

/**
 * Where requests come in. Two hundred clients that ask at once, also if they only get "come back later", would have one turn of
 * the event loop; so some of them begin to be answered in this turn and the others, in their order, in the next ones.
 */
export class Door {
  readonly #afterThisTurn: (callback: () => void) => void;
  readonly #now: () => number;
  readonly #waiting = new Fifo<Waiting>();
  /** Milliseconds of this turn. */
  #spent = 0;
  #turning = false;

  constructor(
    afterThisTurn: (callback: () => void) => void = setImmediate,
    now: () => number = () => performance.now(),
  ) {
    this.#afterThisTurn = afterThisTurn;
    this.#now = now;
  }

  /** Calls `go` now, or in a later turn where this one has had enough of them. */
  enter(go: () => void): void {
    if (this.#waiting.size > 0 || this.#spent >= TURN_MS) this.#waiting.push({ go });
    else this.#pass(go);
    this.#turn();
  }

  #pass(go: () => void): void {
    const start = this.#now();
    try {
      go();
    } finally {
      this.#spent += this.#now() - start;
    }
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#afterThisTurn(this.#turned);
  }

  readonly #turned = (): void => {
    this.#turning = false;
    this.#spent = 0;
    if (this.#waiting.size === 0) return;
    this.#turn();
    while (this.#spent < TURN_MS) {
      const next = this.#waiting.take();
      if (next === undefined) return;
      this.#pass(() => next.go());
    }
  };
}
