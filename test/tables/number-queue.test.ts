import test from 'ava';
import fc from 'fast-check';
import { NumberQueue } from '../../src/tables/index.js';
import type { Mac } from '../../src/types/index.js';

test('MACs come out in the order of their first marking, each once', (t) => {
  const step = fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined, freq: 3 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const queue = new NumberQueue<Mac>();
      const model = new Set<number>();
      for (const mac of steps) {
        if (mac !== undefined) {
          queue.add(mac as Mac);
          model.add(mac);
          t.true(queue.has(mac as Mac));
        } else {
          const [oldest] = model;
          t.is(queue.take(), oldest as Mac | undefined);
          model.delete(oldest);
          if (oldest === undefined) continue;
          t.true(queue.has(oldest as Mac));
          t.false(queue.release(oldest as Mac));
          t.false(queue.has(oldest as Mac));
        }
        t.is(queue.size, model.size);
      }
      const rest: (Mac | undefined)[] = [];
      while (queue.size > 0) rest.push(queue.take());
      t.deepEqual(rest, [...model] as Mac[]);
      t.is(queue.take(), undefined);
    }),
  );
});

test('a MAC that was taken can be queued again, behind the others', (t) => {
  const queue = new NumberQueue<Mac>();
  for (const mac of [1, 2, 3]) queue.add(mac as Mac);
  t.is(queue.take(), 1 as Mac);
  t.false(queue.release(1 as Mac));
  queue.add(1 as Mac);
  t.deepEqual([queue.take(), queue.take(), queue.take(), queue.take()], [2, 3, 1, undefined]);
});

test('what is marked while it is taken waits until it is released', (t) => {
  const step = fc.record({
    mac: fc.integer({ min: 0, max: 12 }),
    what: fc.constantFrom('add', 'add', 'take', 'release'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const queue = new NumberQueue<Mac>();
      const waiting = new Set<number>();
      const taken = new Map<number, boolean>();
      for (const { mac, what } of steps) {
        if (what === 'add') {
          queue.add(mac as Mac);
          if (taken.has(mac)) taken.set(mac, true);
          else waiting.add(mac);
        } else if (what === 'take') {
          const [oldest] = waiting;
          t.is(queue.take(), oldest as Mac | undefined);
          if (oldest === undefined) continue;
          waiting.delete(oldest);
          taken.set(oldest, false);
        } else if (taken.has(mac)) {
          const again = taken.get(mac) ?? false;
          t.is(queue.release(mac as Mac), again);
          taken.delete(mac);
          if (again) waiting.add(mac);
        }
        t.is(queue.size, waiting.size);
        for (let known = 0; known <= 12; known++)
          t.is(queue.has(known as Mac), waiting.has(known) || taken.has(known));
      }
    }),
  );
});

test('where many wait any is taken, each once, and the oldest in time', (t) => {
  const [from, count] = [64, 3_000];
  const queue = new NumberQueue<Mac>(from);
  for (let mac = 0; mac < count; mac++) queue.add(mac as Mac);
  const taken = new Set<number>();
  let inOrder = 0;
  let latest = -1;
  // As many come as go: of those that were first the last one is taken all the same
  for (let next = count; taken.size < 8 * count; next++) {
    const mac = queue.take();
    if (mac === undefined) break;
    t.false(taken.has(mac));
    taken.add(mac);
    if (mac === latest + 1) inOrder++;
    latest = mac;
    t.false(queue.release(mac));
    queue.add(next as Mac);
  }
  for (let mac = 0; mac < count; mac++) if (!taken.has(mac)) t.fail(`${mac} still waits`);
  t.true(inOrder < taken.size / 10);
  const last: number[] = [];
  for (let mac = queue.take(); mac !== undefined; mac = queue.take()) {
    t.false(taken.has(mac));
    taken.add(mac);
    last.push(mac);
  }
  t.is(taken.size, 9 * count);
  t.is(last.length, count);
});

test('with fewer waiting than are scattered, the oldest is taken', (t) => {
  const queue = new NumberQueue<Mac>(64);
  for (let mac = 0; mac < 63; mac++) queue.add(mac as Mac);
  for (let mac = 0; mac < 63; mac++) t.is(queue.take(), mac as Mac);
  t.is(queue.take(), undefined);
});
