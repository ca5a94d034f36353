import type { Clock } from '../types/index.js';

/** The same clock, whose callbacks hand what they throw to `onError` instead of the event loop. */
export function guardedClock(clock: Clock, onError: (error: unknown) => void): Clock {
  const guard = (callback: () => void) => () => {
    try {
      callback();
    } catch (error) {
      onError(error);
    }
  };
  return {
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    after: (milliseconds, callback) => clock.after(milliseconds, guard(callback)),
    soon: (callback) => clock.soon(guard(callback)),
    soonest: (callback) => clock.soonest(guard(callback)),
    sliceEnd: (most, least) => clock.sliceEnd(most, least),
  };
}
