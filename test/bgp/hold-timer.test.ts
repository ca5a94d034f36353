import test from 'ava';
import { HoldTimer } from '../../src/bgp/hold-timer.js';
import { VirtualClock } from '../support/virtual-clock.js';

const HOLD = 9_000;

/** A hold timer, when it expired, and how often it has woken up. */
function holding() {
  const clock = new VirtualClock();
  const seen = { woken: 0, expiredAt: [] as number[] };
  const counting = {
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    soon: (callback: () => void) => clock.soon(callback),
    soonest: (callback: () => void) => clock.soonest(callback),
    sliceEnd: (most: number) => clock.sliceEnd(most),
    after: (milliseconds: number, callback: () => void) =>
      clock.after(milliseconds, () => {
        seen.woken++;
        callback();
      }),
  };
  const expired = () => seen.expiredAt.push(clock.now());
  return { clock, seen, timer: new HoldTimer(counting, expired, () => false) };
}

test('a neighbor that sends in time wakes nobody up, and one that falls silent is given up in time', (t) => {
  const { clock, seen, timer } = holding();
  timer.start(HOLD);
  for (let keepalive = 0; keepalive < 100; keepalive++) {
    clock.advance(HOLD / 3);
    timer.start(HOLD);
  }
  t.is(seen.woken, 0);
  t.is(clock.timersPending, 1);
  const last = clock.now();
  clock.advance(3 * HOLD);
  t.deepEqual(seen.expiredAt, [last + HOLD]);
  t.is(clock.timersPending, 0);
});

test('a message moves the end also where the clock is not asked again', (t) => {
  const { clock, seen, timer } = holding();
  timer.start(HOLD);
  clock.advance(1_000);
  timer.start(HOLD);
  clock.advance(HOLD - 1);
  t.deepEqual(seen.expiredAt, []);
  clock.advance(1);
  t.deepEqual(seen.expiredAt, [1_000 + HOLD]);
});

test('a shorter time counts from now on, and none stops it', (t) => {
  const { clock, seen, timer } = holding();
  timer.start(240_000);
  timer.start(HOLD);
  clock.advance(HOLD);
  t.deepEqual(seen.expiredAt, [HOLD]);
  timer.start(HOLD);
  timer.start(0);
  clock.advance(HOLD);
  t.deepEqual(seen.expiredAt, [HOLD]);
});
