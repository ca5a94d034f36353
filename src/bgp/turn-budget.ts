import { type Clock, emptyList } from '../types/index.js';

/** So many routes are read between two looks at the clock. */
const LOOK_EVERY = 64;
/** Where nobody has read for so many milliseconds, the turn is another one. */
const ANOTHER_TURN = 50;

/**
 * How much may be read from all neighbors together before the event loop gets its turn: with one budget for each of
 * them, sixty-four spines that send a table at once would hold keepalives and the API up for sixty-four times as long.
 */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #milliseconds: number;
  #left: number;
  #millisecondsLeft: number;
  /** When reading was accounted for last. */
  #accounted = 0;
  /** When reading is to end in this turn. */
  #end = 0;
  #unlooked = 0;
  #waiting = emptyList<() => void>();

  /** `size`: routes, or messages without any, a turn; fewer where they take longer than `milliseconds`. */
  constructor(clock: Clock, size: number, milliseconds: number) {
    this.#clock = clock;
    this.#size = size;
    this.#milliseconds = milliseconds;
    this.#left = size;
    this.#millisecondsLeft = milliseconds;
  }

  /** Somebody begins to read. */
  begin(): void {
    const now = this.#clock.now();
    if (now - this.#accounted > ANOTHER_TURN) this.#fill();
    this.#accounted = now;
    this.#unlooked = 0;
    this.#end = this.#clock.sliceEnd(this.#millisecondsLeft);
  }

  /** Whoever began has read all that there is. */
  end(): void {
    this.#look();
  }

  get spent(): boolean {
    return this.#left <= 0;
  }

  spend(amount: number): void {
    this.#left -= amount;
    this.#unlooked += amount;
    if (this.#unlooked < LOOK_EVERY) return;
    this.#unlooked = 0;
    this.#look();
  }

  /** Routes differ in what they cost, by the more while code is not compiled yet. */
  #look(): void {
    const now = this.#clock.now();
    this.#millisecondsLeft -= now - this.#accounted;
    this.#accounted = now;
    if (this.#millisecondsLeft <= 0 || now >= this.#end) this.#left = 0;
  }

  #fill(): void {
    this.#left = this.#size;
    this.#millisecondsLeft = this.#milliseconds;
  }

  /** Calls back in a later turn, when those that came first have had theirs; it must not throw. */
  wait(callback: () => void): void {
    this.#waiting.push(callback);
    if (this.#waiting.length === 1) this.#clock.soon(() => this.#refill());
  }

  #refill(): void {
    this.#fill();
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
