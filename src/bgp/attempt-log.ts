import type { Clock } from '../types/index.js';

/** The same reason again is logged no more often than this, and no more than so many different ones meanwhile. */
const WINDOW_MILLISECONDS = 600_000;
const REASONS = 8;

/**
 * Which of the attempts that fail one after the other are worth a line in the log: the first with each reason, and again
 * after ten minutes, so that a neighbor that never answers is noticed and does not fill the log.
 */
export class AttemptLog {
  readonly #clock: Clock;
  readonly #logged = new Set<string>();
  #windowEnds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True where a failure with this reason is to be logged. */
  isNews(reason: string): boolean {
    const now = this.#clock.now();
    if (now >= this.#windowEnds) {
      this.#logged.clear();
      this.#windowEnds = now + WINDOW_MILLISECONDS;
    }
    if (this.#logged.has(reason) || this.#logged.size >= REASONS) return false;
    this.#logged.add(reason);
    return true;
  }

  /** A session stood: what fails from now on is news again. */
  reset(): void {
    this.#windowEnds = 0;
  }
}
