import test from 'ava';
import { BOUNDS, Convergence, Histogram } from '../../src/events/index.js';
import type { Mac } from '../../src/types/index.js';

const mac = (n: number) => (0x02_00_00_00_00_00 + n) as Mac;

function made() {
  const clock = { time: 0, now: () => clock.time };
  return { clock, convergence: new Convergence(clock) };
}

test('a histogram counts by bounds, and tells a share of what it counted', (t) => {
  const histogram = new Histogram();
  t.is(histogram.quantile(0.5), undefined);
  for (const seconds of [0.0001, 0.002, 0.002, 99]) histogram.observe(seconds);
  t.is(histogram.count, 4);
  t.is(histogram.sum, 99.0041);
  t.is(histogram.counts[0], 1, 'a bound belongs to what is below');
  t.is(histogram.counts[BOUNDS.indexOf(0.0025)], 2);
  t.is(histogram.counts.at(-1), 1);
  t.is(histogram.quantile(0.5), 0.0025);
  t.is(histogram.quantile(1), Number.POSITIVE_INFINITY);
});

test('what is followed is timed from its first begin to its first end', (t) => {
  const { clock, convergence } = made();
  const { inbound } = convergence;
  t.true(inbound.isEmpty);
  inbound.begin(mac(1));
  clock.time = 30;
  inbound.begin(mac(1));
  inbound.end(mac(2));
  t.is(inbound.taken.count, 0);
  clock.time = 40;
  inbound.end(mac(1));
  inbound.end(mac(1));
  t.is(inbound.taken.count, 1);
  t.is(inbound.taken.sum, 0.04);
  t.true(inbound.isEmpty);
});

test('of many only some are followed, and what never ends is given up', (t) => {
  const { clock, convergence } = made();
  const { outbound } = convergence;
  for (let n = 0; n < 100; n++) outbound.begin(mac(n));
  for (let n = 0; n < 100; n++) outbound.end(mac(n));
  t.is(outbound.taken.count, 1, 'one each 20 ms');
  for (let n = 0; n < 1000; n++) {
    clock.time += 20;
    outbound.begin(mac(n));
  }
  for (let n = 0; n < 1000; n++) outbound.end(mac(n));
  t.is(outbound.taken.count, 1 + 256);
  clock.time += 20;
  outbound.begin(mac(1));
  clock.time += 31_000;
  outbound.end(mac(1));
  t.is(outbound.taken.count, 1 + 256);
});

test('who announces a MAC behind another neighbor is late, once a change', (t) => {
  const { clock, convergence } = made();
  const { lateness } = convergence;
  lateness.arrived('spine1', mac(1));
  clock.time = 5;
  lateness.arrived('spine2', mac(1));
  lateness.arrived('spine2', mac(1));
  lateness.arrived('spine1', mac(1));
  t.is(lateness.of('spine1'), undefined);
  t.is(lateness.of('spine2')?.count, 1);
  t.is(lateness.of('spine2')?.sum, 0.005);
  clock.time = 20_000;
  lateness.arrived('spine2', mac(1));
  clock.time = 20_001;
  lateness.arrived('spine1', mac(1));
  t.is(lateness.of('spine1')?.sum, 0.001);
  lateness.forget('spine1');
  t.is(lateness.of('spine1'), undefined);
});
