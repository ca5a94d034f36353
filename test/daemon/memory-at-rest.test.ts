import test from 'ava';
import { giveMemoryBackAtRest, v8Heap } from '../../src/memory-at-rest.js';
import { silentLog } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

interface Staged {
  updates: number;
  collected: number;
  released: number;
  readonly pass: (seconds: number) => Promise<void>;
  readonly stop: () => void;
}

function staged(heapMiB: number): Staged {
  const clock = new VirtualClock();
  const it = { updates: 0, collected: 0, released: 0 };
  const { stop } = giveMemoryBackAtRest(
    { updates: () => it.updates, idle: async () => {} },
    clock,
    silentLog,
    { used: () => heapMiB * 2 ** 20, collect: () => it.collected++, release: () => it.released++ },
  );
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return Object.assign(it, { pass, stop });
}

test('memory is given back once, after half a minute without an UPDATE', async (t) => {
  const leaf = staged(25);
  await leaf.pass(20);
  leaf.updates++;
  await leaf.pass(29);
  t.is(leaf.collected, 0);
  await leaf.pass(2);
  t.deepEqual([leaf.collected, leaf.released], [1, 1]);
  leaf.updates++;
  await leaf.pass(100);
  t.is(leaf.collected, 1);
});

test('a large heap is left alone, since to collect it would hold the event loop; what is no heap is given back', async (t) => {
  const leaf = staged(65);
  await leaf.pass(100);
  t.is(leaf.collected, 0);
  t.is(leaf.released, 1);
});

test('nothing is collected after the stop', async (t) => {
  const leaf = staged(25);
  await leaf.pass(20);
  leaf.stop();
  await leaf.pass(100);
  t.is(leaf.collected, 0);
});

test('the heap of V8 is collected, and no later code finds a function for it', async (t) => {
  const clock = new VirtualClock();
  // The heap of a test with its coverage may be too large for it
  const heap = { ...v8Heap, used: () => 0 };
  // Several, and made elsewhere: a register of the interpreter may hold the last one
  const weak = () =>
    Array.from({ length: 8 }, () => new WeakRef({ octets: new Array<number>(1000).fill(1) }));
  giveMemoryBackAtRest({ updates: () => 0, idle: async () => {} }, clock, silentLog, heap);
  const held = weak();
  // To look at it would keep it until the turn is over
  for (let i = 0; i < 40; i++) {
    clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.true(held.filter((each) => each.deref() === undefined).length >= 7);
  t.is((globalThis as { gc?: unknown }).gc, undefined);
});
