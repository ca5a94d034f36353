import { Fifo } from '../types/index.js';

/** Concurrent requests; a further one is answered with 503. */
const MOST_REQUESTS = 64;

/** Concurrent long answers: each takes a megabyte or two until it is written. */
const MOST_LONG = 4;

/** Work that is done a step at a time, each in a turn of the event loop that is given to it. */
export interface Turns {
  /** Resolves when the next step may be taken. */
  next(): Promise<void>;
  /** Takes the step and accounts for the time. */
  timed<Value>(work: () => Value): Value;
  /** Accounts for so many milliseconds that a step took which could not be timed as a whole. */
  owe(milliseconds: number): void;
}

/** Runs each step in its own turn of the event loop. */
export const EACH_TURN: Turns = {
  next: () => new Promise((resolve) => void setImmediate(resolve)),
  timed: (work) => work(),
  owe: () => {},
};

interface Waiting {
  go(): void;
}

/**
 * What the API may take of the event loop: one step of one request a turn, and none for so many turns as the last step
 * took milliseconds. On an idle machine turns are nothing; where routes come in, each turn has its share of that work,
 * and two hundred clients that list a large table take no more of it than one does.
 */
export class Turnstile implements Turns {
  readonly #afterThisTurn: (callback: () => void) => void;
  readonly #now: () => number;
  readonly #most: number;
  readonly #waiting = new Fifo<Waiting>();
  #requests = 0;
  #long = 0;
  readonly #longWaiting = new Fifo<Waiting>();
  /** Turns that pass before the next step; counted down while `#turning`. */
  #owed = 0;
  #turning = false;

  constructor(
    afterThisTurn: (callback: () => void) => void = setImmediate,
    now: () => number = () => performance.now(),
    most = MOST_REQUESTS,
  ) {
    this.#afterThisTurn = afterThisTurn;
    this.#now = now;
    this.#most = most;
  }

  /** Answers a request when it is its turn; undefined, and nothing done, where too many are being answered. */
  admit<Answer>(answer: () => Answer | Promise<Answer>): Promise<Answer> | undefined {
    if (this.#requests >= this.#most) return undefined;
    this.#requests++;
    return this.#answer(answer);
  }

  async #answer<Answer>(answer: () => Answer | Promise<Answer>): Promise<Answer> {
    try {
      await this.next();
      return await answer();
    } finally {
      this.#requests--;
    }
  }

  /** Serializes a long answer when few others are being serialized, in the order of requests. */
  async long<Answer>(answer: () => Promise<Answer>): Promise<Answer> {
    if (this.#long >= MOST_LONG) await new Promise<void>((go) => this.#longWaiting.push({ go }));
    else this.#long++;
    try {
      return await answer();
    } finally {
      // The next waiting request takes the place
      const next = this.#longWaiting.take();
      if (next === undefined) this.#long--;
      else next.go();
    }
  }

  next(): Promise<void> {
    if (!this.#turning) {
      this.#step();
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push({ go: resolve }));
  }

  timed<Value>(work: () => Value): Value {
    const start = this.#now();
    try {
      return work();
    } finally {
      this.owe(this.#now() - start);
    }
  }

  owe(milliseconds: number): void {
    this.#owed += milliseconds;
  }

  /** A step is taken in this turn. */
  #step(): void {
    this.#turning = true;
    this.#afterThisTurn(this.#turned);
  }

  readonly #turned = (): void => {
    if (this.#owed >= 1) {
      this.#owed--;
      this.#step();
      return;
    }
    const next = this.#waiting.take();
    if (next === undefined) {
      this.#turning = false;
      return;
    }
    this.#step();
    next.go();
  };
}
