import test from 'ava';
import { Fifo } from '../../src/types/index.js';

const item = (name: number) => ({ name });

test('items leave in the order in which they came', (t) => {
  const queue = new Fifo<ReturnType<typeof item>>();
  const [a, b] = [item(1), item(2)];
  queue.push(a);
  queue.push(b);
  t.is(queue.size, 2);
  t.is(queue.take(), a);
  queue.push(a);
  t.is(queue.take(), b);
  t.is(queue.take(), a);
  t.is(queue.take(), undefined);
  t.is(queue.size, 0);
});

test('order and size hold while taken slots are let go', (t) => {
  const queue = new Fifo<ReturnType<typeof item>>();
  const count = 200_000;
  for (let i = 0; i < count; i++) queue.push(item(i));
  for (let i = 0; i < count; i++) {
    if (i % 1000 === 0) queue.push(item(count + i / 1000));
    if (queue.take()?.name !== i) return t.fail(`item ${i}`);
  }
  t.is(queue.size, count / 1000);
  t.is(queue.take()?.name, count);
});
