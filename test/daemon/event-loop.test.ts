import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { EventLoopWatch } from '../../src/event-loop.js';
import type { Clock } from '../../src/types/index.js';

/** A clock whose timers fire when the test says so. */
class HandClock implements Clock {
  time = 1000;
  readonly timers = new Set<{ callback: () => void }>();
  now = () => this.time;
  wallTime = () => this.time;
  soon = (callback: () => void) => this.after(0, callback);
  soonest = this.soon;
  sliceEnd = (most: number) => this.now() + most;
  after(_: number, callback: () => void) {
    const timer = { callback };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }
}

function block(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

test('a turn of the event loop that took long is seen, from the first question on', async (t) => {
  const clock = new HandClock();
  const watch = new EventLoopWatch(clock);
  t.deepEqual(watch.ask(), { since: 1000, samples: 0, delays: undefined });
  await delay(30);
  block(150);
  await delay(30);
  clock.time = 5000;
  const { since, samples, delays } = watch.ask();
  watch.stop();
  t.is(since, 1000);
  t.true(samples > 0);
  t.true((delays?.longest ?? 0) >= 145, `longest ${delays?.longest}`);
});

test('a minute without a question ends the watch, and the next question begins another', (t) => {
  const clock = new HandClock();
  const watch = new EventLoopWatch(clock);
  watch.ask();
  watch.ask();
  t.is(clock.timers.size, 1);
  clock.time = 90_000;
  for (const { callback } of clock.timers) callback();
  t.is(watch.ask().since, 90_000);
  watch.stop();
  t.is(clock.timers.size, 0);
});
