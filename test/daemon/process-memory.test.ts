import { readFileSync } from 'node:fs';
import test from 'ava';
import { processMemory } from '../../src/process-memory.js';

test('what has been freed of the memory of the C library is given back too', (t) => {
  const anonymous = () =>
    Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
  // Smaller than what is mapped apart; the last holds the end of the heap, so that what is before it stays
  const octets = 100 * 1024;
  let held = Array.from({ length: 600 }, () => new Uint8Array(octets).fill(1));
  const full = anonymous();
  held = held.slice(-1);
  processMemory.collect();
  const left = anonymous();
  t.true(full - left > 30, `${full} MiB, then ${left}`);
  t.is(held[0].length, octets);
});
