import { TurnEnd } from './turn-end.js';

/** A running timer. */
export interface Timer {
  /** Stops it; harmless when it has fired. */
  cancel(): void;
}

/** Time as an argument: the real one counts milliseconds, a test's counts what the test says. */
export interface Clock {
  /** Milliseconds on a monotonic scale. */
  now(): number;
  /** Milliseconds since 1970, for what people read. */
  wallTime(): number;
  /** Calls back once, no earlier than `milliseconds` from now; the callback must not throw. */
  after(milliseconds: number, callback: () => void): Timer;
  /**
   * Calls back when what runs now has ended and I/O had its chance, in the order of asking: at the end of this turn of
   * the event loop while that is short, else in a later one.
   */
  soon(callback: () => void): Timer;
}

const turnEnd = new TurnEnd(() => performance.now());

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(milliseconds, callback) {
    const handle = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (callback) => turnEnd.add(callback),
};
