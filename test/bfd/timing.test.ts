import test from 'ava';
import { detectionTime, jittered, transmitInterval } from '../../src/bfd/index.js';

test('a session sends as slowly as the slower of the two wants (RFC 5880 §6.8.7)', (t) => {
  t.is(transmitInterval(300_000, 1_000_000), 1_000_000);
  t.is(transmitInterval(300_000, 100_000), 300_000);
  t.is(transmitInterval(300_000, 0), undefined);
});

test("the detection time is the neighbor's multiplier of what is agreed on (RFC 5880 §6.8.4)", (t) => {
  t.is(detectionTime(300_000, 100_000, 5), 1_500_000);
  t.is(detectionTime(300_000, 1_000_000, 3), 3_000_000);
});

test('jitter is 75 to 100 %, and 90 % at most with a multiplier of 1', (t) => {
  t.deepEqual(jittered(1000, 3), { least: 750, most: 1000 });
  t.deepEqual(jittered(1000, 1), { least: 750, most: 900 });
});
