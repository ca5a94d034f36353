import test from 'ava';
import {
  addressAt,
  countingOctet,
  leavesOf,
  lengthAt,
  numberAt,
  type VrfRoutes,
} from '../../bench/vrf-workload.js';
import { ipByteLength, ipToBytes, masked } from '../../src/types/index.js';

const SHAPES: readonly VrfRoutes[] = (['hosts', 'prefixes'] as const).flatMap((kind) =>
  (['ipv4', 'ipv6'] as const).flatMap((family) =>
    [1, 16, 250].map((leaves) => ({ count: 100_000, vrfs: 100, kind, family, leaves, sharedBlock: 4 })),
  ),
);

test('a prefix is a network of its length, and its number is read from its octets, of which one counts', (t) => {
  for (const routes of SHAPES)
    for (const n of [0, 1, 2, 63, 64, 97, 512, 999]) {
      const ip = addressAt(routes, n);
      const length = lengthAt(routes, n);
      t.is(masked(ip, length), ip);
      const octets = Buffer.alloc(8 + ipByteLength(ip));
      ipToBytes(ip, octets, 8);
      t.is(numberAt(routes, octets, 8, length), n);
      t.is(octets[8 + countingOctet(routes)], n % 256);
      t.is(numberAt(routes, octets, 8, length - 1), -1);
    }
});

test('every leaf announces something to each VRF, and every fourth block is behind two', (t) => {
  for (const routes of SHAPES) {
    const ways = Array.from({ length: 1_000 }, (_, n) => leavesOf(routes, n));
    t.is(new Set(ways.flat()).size, routes.leaves);
    const shared = ways.filter(({ length }) => length === 2).length;
    t.true(routes.leaves === 1 ? shared === 0 : shared >= 250 && shared <= 260, String(shared));
    for (const leaves of ways)
      t.deepEqual(
        leaves,
        [...leaves].sort((a, b) => a - b),
      );
  }
});
