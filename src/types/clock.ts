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
  /** Calls back in a later turn of the event loop, after I/O had its chance. */
  soon(callback: () => void): Timer;
}

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(milliseconds, callback) {
    const handle = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(handle) };
  },
  soon(callback) {
    const handle = setImmediate(callback);
    return { cancel: () => clearImmediate(handle) };
  },
};
