import test from 'ava';
import fc from 'fast-check';
import { MacQueue } from '../../src/dataplane/mac-queue.js';
import type { Mac } from '../../src/types/index.js';

test('MACs come out in the order of their first marking, each once', (t) => {
  const step = fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined, freq: 3 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const queue = new MacQueue();
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
          if (oldest !== undefined) t.false(queue.has(oldest as Mac));
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
  const queue = new MacQueue();
  for (const mac of [1, 2, 3]) queue.add(mac as Mac);
  t.is(queue.take(), 1 as Mac);
  queue.add(1 as Mac);
  t.deepEqual([queue.take(), queue.take(), queue.take(), queue.take()], [2, 3, 1, undefined]);
});
