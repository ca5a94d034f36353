import { TurnEnd } from './turn-end.js';

/** A running timer. */
export interface Timer {
  /** Stops the timer; no effect after it has fired. */
  cancel(): void;
}

/** Time as an argument: the real clock, or one that a test advances. */
export interface Clock {
  /** Milliseconds on a monotonic scale. */
  now(): number;
  /** Milliseconds since 1970, for timestamps that people read. */
  wallTime(): number;
  /** Calls back once, no earlier than `milliseconds` from now; the callback must not throw. */
  after(milliseconds: number, callback: () => void): Timer;
  /**
   * Calls back after the running code and pending I/O, in the order of calls: at the end of this turn of
   * the event loop if that is short, otherwise in a later one.
   */
  soon(callback: () => void): Timer;
  /**
   * Calls back at the end of this turn of the event loop, before what `soon` asked for: for what others wait for and takes a
   * fraction of a millisecond, or a bounded part of it.
   */
  soonest(callback: () => void): Timer;
  /**
   * Returns when a slice of work that begins now is to end, on the scale of `now`: in `most` milliseconds at the latest, and sooner
   * where this turn of the event loop has taken long already, but not before `least`.
   */
  sliceEnd(most: number, least?: number): number;
}

const turnEnd = new TurnEnd(() => performance.now());

/**
 * Calls back between two slices of a turn of the event loop, when it has lasted for some time: whoever reads from the kernel
 * what others wait for reads it then too, and not only before the slices. It must not throw.
 */
export function hearBetweenSlices(callback: () => void): Timer {
  return turnEnd.hear(callback);
}

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(milliseconds, callback) {
    const handle = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (callback) => turnEnd.add(callback),
  soonest: (callback) => turnEnd.addFirst(callback),
  sliceEnd: (most, least) => turnEnd.sliceEnd(most, least),
};
