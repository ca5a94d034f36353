import test from 'ava';
import { DirtyQueue } from '../../src/bgp/index.js';

const item = (name: number) => ({ name, dirty: false });

test('an item is queued once, and leaves in the order of marking', (t) => {
  const queue = new DirtyQueue<ReturnType<typeof item>>();
  const [a, b] = [item(1), item(2)];
  t.true(queue.add(a));
  t.true(queue.add(b));
  t.false(queue.add(a));
  t.is(queue.size, 2);
  t.is(queue.take(), a);
  t.false(a.dirty);
  t.true(queue.add(a));
  t.is(queue.take(), b);
  t.is(queue.take(), a);
  t.is(queue.take(), undefined);
  t.is(queue.size, 0);
});

test('order and size hold while taken slots are let go', (t) => {
  const queue = new DirtyQueue<ReturnType<typeof item>>();
  const count = 200_000;
  for (let i = 0; i < count; i++) queue.add(item(i));
  for (let i = 0; i < count; i++) {
    if (i % 1000 === 0) queue.add(item(count + i / 1000));
    if (queue.take()?.name !== i) return t.fail(`item ${i}`);
  }
  t.is(queue.size, count / 1000);
  t.is(queue.take()?.name, count);
});
