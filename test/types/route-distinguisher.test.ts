import { setTimeout } from 'node:timers/promises';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { type Ipv4, parseIp, RouteDistinguisher } from '../../src/types/index.js';

test('a value has one object while somebody holds it', (t) => {
  const held = RouteDistinguisher.parse('10.0.0.1:7');
  t.is(RouteDistinguisher.of(held.high, held.low), held);
  t.not(RouteDistinguisher.parse('10.0.0.1:8'), held);
});

test('only type 1 names a router', (t) => {
  t.is(RouteDistinguisher.parse('192.0.2.255:7').routerId, parseIp('192.0.2.255') as Ipv4);
  t.is(RouteDistinguisher.parse('65001:7').routerId, undefined);
  t.is(RouteDistinguisher.parse('4200000001:7').routerId, undefined);
});

test('however many values are asked for, those that nobody holds are forgotten', async (t) => {
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = RouteDistinguisher.parse('192.0.2.1:77');
  const before = RouteDistinguisher.knownCount;
  for (let n = 0; n < 100_000; n++) {
    // Each of its own first half, and all of the same
    RouteDistinguisher.of(0x0002_0000 + (n & 0xffff), n);
    RouteDistinguisher.parse(`65000:${n}`);
    if (n % 1000 === 0) await setTimeout(0);
  }
  for (let round = 0; round < 50 && RouteDistinguisher.knownCount > before + 1000; round++) {
    collect();
    await setTimeout(10);
  }
  t.true(RouteDistinguisher.knownCount <= before + 1000, String(RouteDistinguisher.knownCount));
  t.is(RouteDistinguisher.parse('192.0.2.1:77'), held);
});
