import { type Clock, emptyList } from '../types/index.js';

/** So many routes are read between two looks at the clock. */
const LOOK_EVERY = 64;

/**
 * How much may be read from all neighbours together before the event loop gets its turn: with one budget for each of
 * them, sixty-four spines that send a table at once would hold keepalives and the API up for sixty-four times as long.
 */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #milliseconds: number;
  #left: number;
  #end = 0;
  #unlooked = 0;
  #waiting = emptyList<() => void>();

  /** `size`: routes, or messages without any, a turn; fewer where they take longer than `milliseconds`. */
  constructor(clock: Clock, size: number, milliseconds: number) {
    this.#clock = clock;
    this.#size = size;
    this.#milliseconds = milliseconds;
    this.#left = size;
  }

  /** Somebody begins to read. */
  begin(): void {
    this.#end = this.#clock.now() + this.#milliseconds;
    this.#unlooked = 0;
  }

  get spent(): boolean {
    return this.#left <= 0;
  }

  spend(amount: number): void {
    this.#left -= amount;
    this.#unlooked += amount;
    if (this.#unlooked < LOOK_EVERY) return;
    this.#unlooked = 0;
    // Routes differ in what they cost, by the more while code is not compiled yet
    if (this.#clock.now() >= this.#end) this.#left = 0;
  }

  /** Calls back in a later turn, when those that came first have had theirs; it must not throw. */
  wait(callback: () => void): void {
    this.#waiting.push(callback);
    if (this.#waiting.length === 1) this.#clock.soon(() => this.#refill());
  }

  #refill(): void {
    this.#left = this.#size;
    const waiting = this.#waiting;
    this.#waiting = emptyList();
    let served = 0;
    while (served < waiting.length && !this.spent) waiting[served++]();
    const late = waiting.slice(served);
    if (late.length === 0) return;
    // In front of those that have read in this turn and want more
    const behind = this.#waiting;
    this.#waiting = [...late, ...behind];
    if (behind.length === 0) this.#clock.soon(() => this.#refill());
  }
}
