import test from 'ava';
import fc from 'fast-check';
import { MixedMap, MixedQueue } from '../../src/tables/index.js';

/** Numbers beyond 31 bits, and texts. */
const someKey = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map((n) => n * 0x1_0000_0001),
  fc.constantFrom('a', 'b', 'c'),
);

test('a map of numbers and texts holds what a Map holds', (t) => {
  const step = fc.record({ key: someKey, what: fc.constantFrom('set', 'set', 'delete', 'clear') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new MixedMap<number | string, { n: number }>();
      const model = new Map<number | string, { n: number }>();
      for (const [n, { key, what }] of steps.entries()) {
        if (what === 'set') {
          const value = { n };
          map.set(key, value);
          model.set(key, value);
        } else if (what === 'delete') t.is(map.delete(key), model.delete(key));
        else if (n % 10 === 0) {
          map.clear();
          model.clear();
        }
        t.is(map.size, model.size);
        t.is(map.get(key), model.get(key));
        t.is(map.has(key), model.has(key));
      }
      t.deepEqual([...map.keys()].map(String).sort(), [...model.keys()].map(String).sort());
      t.deepEqual([...map.values()].map(({ n }) => n).sort(), [...model.values()].map(({ n }) => n).sort());
    }),
  );
});

test('numbers and texts wait, are taken and released as in a Set and a Map', (t) => {
  const step = fc.record({ key: someKey, what: fc.constantFrom('add', 'add', 'take', 'release') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const queue = new MixedQueue<number | string>();
      const waiting = new Set<number | string>();
      /** True for those that were added again. */
      const taken = new Map<number | string, boolean>();
      for (const { key, what } of steps) {
        if (what === 'add') {
          queue.add(key);
          if (taken.has(key)) taken.set(key, true);
          else waiting.add(key);
        } else if (what === 'take') {
          const oldest = [...waiting].find((each) => typeof each === 'number') ?? [...waiting][0];
          t.is(queue.take(), oldest);
          if (oldest === undefined) continue;
          waiting.delete(oldest);
          taken.set(oldest, false);
        } else if (taken.has(key)) {
          const again = taken.get(key) ?? false;
          t.is(queue.release(key), again);
          taken.delete(key);
          if (again) waiting.add(key);
        }
        t.is(queue.size, waiting.size);
        t.is(queue.isIdle, waiting.size + taken.size === 0);
        t.is(queue.has(key), waiting.has(key) || taken.has(key));
      }
    }),
  );
});
