import { readFileSync } from 'node:fs';
import test from 'ava';
import { processMemory } from '../../src/process-memory.js';

const anonymous = (): number =>
  Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

/** 60 MiB are taken. Smaller than what is mapped apart; the last, which is kept, holds the end of the C library's heap. */
function taken(): { full: number; last: Uint8Array } {
  const held = Array.from({ length: 600 }, () => new Uint8Array(100 * 1024).fill(1));
  return { full: anonymous(), last: held[held.length - 1] };
}

test('what has been freed of the memory of the C library is given back too', async (t) => {
  const { full, last } = taken();
  let turns = 0;
  do {
    // In a turn of its own: a register of the interpreter may hold what was taken, at times for more than one
    await new Promise((resolve) => setTimeout(resolve, 1));
    processMemory.collect();
    processMemory.release();
  } while (full - anonymous() <= 30 && ++turns < 20);
  const left = anonymous();
  t.true(full - left > 30, `${full} MiB, then ${left}`);
  t.is(last[0], 1);
});
