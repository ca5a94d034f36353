import test from 'ava';
import { asPathLength, attributeName, encodeKeepalive } from '../../src/wire/index.js';

test('a path counts sequences whole, sets once, confederations not', (t) => {
  t.is(
    asPathLength([
      { type: 3, asns: [1, 2] },
      { type: 2, asns: [3, 4, 5] },
      { type: 1, asns: [6, 7] },
      { type: 4, asns: [8] },
    ]),
    4,
  );
  t.is(asPathLength([]), 0);
});

test('attributes have the names of their RFCs', (t) => {
  t.is(attributeName(14), 'MP_REACH_NLRI');
  t.is(attributeName(99), 'attribute 99');
});

test('KEEPALIVE is a header', (t) => {
  t.is(encodeKeepalive().toString('hex'), `${'ff'.repeat(16)}001304`);
});
