import test from 'ava';
import { counted } from '../../src/types/index.js';

test('one thing is in the singular, none and several are not', (t) => {
  t.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'route')),
    ['0 routes', '1 route', '2 routes'],
  );
  t.is(counted(1, 'MAC address', 'MAC addresses'), '1 MAC address');
  t.is(counted(2, 'MAC address', 'MAC addresses'), '2 MAC addresses');
});
