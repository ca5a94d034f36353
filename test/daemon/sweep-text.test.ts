import test from 'ava';
import { sweepText } from '../../src/sweep-text.js';

for (const [removed, observes, text] of [
  [0, false, 'no rows were left over'],
  [0, true, 'no rows were left over'],
  [1, false, 'rows of 1 address that nobody announced again are being removed'],
  [12, false, 'rows of 12 addresses that nobody announced again are being removed'],
  [12, true, 'rows of 12 addresses that nobody announced again would be removed in mode active'],
] as const)
  test(`the first synchronization: ${removed} left over${observes ? ', observing' : ''}`, (t) => {
    t.is(sweepText(removed, observes), `the first synchronization is done: ${text}`);
  });
