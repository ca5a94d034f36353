import test from 'ava';
import { Episodes } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('what goes on is told when it begins and when it has been quiet, and again when it comes back', (t) => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const episodes = new Episodes<string>(
    clock,
    1_000,
    (key) => told.push(`${key} begins`),
    (key, { count }) => told.push(`${key} ends after ${count}`),
  );
  for (let i = 0; i < 30; i++) {
    episodes.seen('a');
    if (i === 3) episodes.seen('b');
    clock.advance(100);
  }
  t.deepEqual(told, ['a begins', 'b begins', 'b ends after 1']);
  t.is(episodes.get('a')?.count, 30);
  clock.advance(2_000);
  t.deepEqual(told.slice(3), ['a ends after 30']);
  t.is(episodes.get('a'), undefined);
  t.is(clock.timersPending, 0);
  episodes.seen('a');
  t.deepEqual(told.slice(4), ['a begins']);
  episodes.close();
  t.is(clock.timersPending, 0);
  t.deepEqual([...episodes.entries()], []);
});

test('what can go on no more is told to be over at once, and only where it went on', (t) => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const episodes = new Episodes<string>(
    clock,
    1_000,
    (key) => told.push(`${key} begins`),
    (key, { count }) => told.push(`${key} ends after ${count}`),
  );
  for (const key of ['a', 'a', 'b']) episodes.seen(key);
  episodes.end('a');
  episodes.end('a');
  episodes.end('c');
  t.deepEqual(told, ['a begins', 'b begins', 'a ends after 2']);
  t.deepEqual(
    [...episodes.entries()].map(([key]) => key),
    ['b'],
  );
  clock.advance(2_000);
  t.deepEqual(told.slice(3), ['b ends after 1']);
  t.is(clock.timersPending, 0);
});
