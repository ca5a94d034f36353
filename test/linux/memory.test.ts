import test from 'ava';
import { native } from '../../src/linux/index.js';

test('giving back what was freed leaves alone what is used', (t) => {
  const pieces = Array.from({ length: 1000 }, (_, i) => Buffer.allocUnsafeSlow(4096).fill(i));
  t.true([0, 1].includes(native().trimMemory()));
  for (const [i, piece] of pieces.entries()) t.true(piece.every((octet) => octet === (i & 0xff)));
});
