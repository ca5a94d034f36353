import type { Clock, Timer } from '../../src/types/index.js';

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** A clock that stands still until a test moves it. `soon` needs no time to pass; `after(0)` counts as a timer. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #soon: Scheduled[] = [];
  #soonest: Scheduled[] = [];
  #timers: Scheduled[] = [];
  readonly #epoch: number;

  constructor(epoch = 1_700_000_000_000) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#epoch + this.#now;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const timer = this.#scheduled(this.#now + Math.max(0, milliseconds), callback);
    // Kept in order of time, then of asking
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1].at > timer.at) at--;
    this.#timers.splice(at, 0, timer);
    return { cancel: () => this.#cancel(this.#timers, timer) };
  }

  soon(callback: () => void): Timer {
    return this.#add(this.#soon, callback);
  }

  sliceEnd(most: number): number {
    return this.now() + most;
  }

  soonest(callback: () => void): Timer {
    return this.#add(this.#soonest, callback);
  }

  #add(queue: Scheduled[], callback: () => void): Timer {
    const entry = this.#scheduled(this.#now, callback);
    queue.push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  /** Timers that have not fired. */
  get timersPending(): number {
    return this.#timers.length;
  }

  /** Runs what `soon` asked for, and what that asks for, until nothing is left; at most `turns` turns. */
  runUntilIdle(turns = 100_000): void {
    for (let turn = 0; this.#soon.length + this.#soonest.length > 0; turn++) {
      if (turn >= turns) throw new Error(`not idle after ${turns} turns`);
      this.runTurn();
    }
  }

  /** One turn of the event loop: what `soonest` asks for, and what `soon` had asked for before it began. */
  runTurn(): void {
    const due = this.#soon.splice(0);
    this.#runSoonest();
    for (const entry of due) {
      if (!entry.cancelled) entry.callback();
      this.#runSoonest();
    }
  }

  #runSoonest(): void {
    for (const entry of this.#soonest.splice(0)) if (!entry.cancelled) entry.callback();
  }

  /** Lets time pass: timers fire in order, each followed by what `soon` asked for. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    this.runUntilIdle();
    while (this.#timers.length > 0 && this.#timers[0].at <= end) {
      const [timer] = this.#timers.splice(0, 1);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      this.runUntilIdle();
    }
    this.#now = end;
  }

  /** Time that work takes: it passes, and nothing fires meanwhile. */
  spend(milliseconds: number): void {
    this.#now += milliseconds;
  }

  #scheduled(at: number, callback: () => void): Scheduled {
    return { at, order: this.#order++, callback, cancelled: false };
  }

  #cancel(list: Scheduled[], entry: Scheduled): void {
    const at = list.indexOf(entry);
    if (at >= 0) list.splice(at, 1);
  }
}
