import type { Clock, Timer } from '../types/index.js';

/** Milliseconds: a timer of Node's has 31 bits, fewer than the seconds of RFC 9494 want. */
const LONGEST = 2_000_000_000;

/** A timer of any number of seconds, which says when it ends. */
export class LongTimer {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #until = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When it ends, in milliseconds since 1970; undefined where it does not run. */
  get until(): number | undefined {
    return this.#timer === undefined ? undefined : this.#until;
  }

  /** Runs for `seconds` from now, whatever it ran for before, and calls `over` once. */
  start(seconds: number, over: () => void): void {
    this.#until = this.#clock.wallTime() + seconds * 1000;
    this.#wait(seconds * 1000, over);
  }

  /** Harmless where it does not run. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(milliseconds: number, over: () => void): void {
    this.stop();
    const wait = Math.min(milliseconds, LONGEST);
    this.#timer = this.#clock.after(wait, () => {
      if (wait < milliseconds) {
        this.#wait(milliseconds - wait, over);
        return;
      }
      this.#timer = undefined;
      over();
    });
  }
}
