import test from 'ava';
import fc from 'fast-check';
import { IpQueue } from '../../src/tables/index.js';
import type { Ip } from '../../src/types/index.js';
import { someIp } from '../dataplane/some-ip.js';

test('IPs of both families wait, are taken and released as in a Set and a Map', (t) => {
  const step = fc.record({ ip: someIp, what: fc.constantFrom('add', 'add', 'take', 'release') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const queue = new IpQueue();
      const known = new Set<Ip>();
      const waiting = new Set<Ip>();
      /** True for those that were marked again. */
      const taken = new Map<Ip, boolean>();
      for (const { ip, what } of steps) {
        known.add(ip);
        if (what === 'add') {
          queue.add(ip);
          if (taken.has(ip)) taken.set(ip, true);
          else waiting.add(ip);
        } else if (what === 'take') {
          const [oldest] = waiting;
          t.is(queue.take(), oldest as Ip | undefined);
          if (oldest === undefined) continue;
          waiting.delete(oldest);
          taken.set(oldest, false);
        } else if (taken.has(ip)) {
          const again = taken.get(ip) ?? false;
          t.is(queue.release(ip), again);
          taken.delete(ip);
          if (again) waiting.add(ip);
        }
        t.is(queue.size, waiting.size);
        for (const one of known) t.is(queue.has(one), waiting.has(one) || taken.has(one));
      }
    }),
  );
});

test('the number of an IPv6 address that is done with becomes another one’s, never two at once', (t) => {
  const queue = new IpQueue();
  const ips = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(16) as Ip);
  for (const ip of ips.slice(0, 3)) queue.add(ip);
  t.is(queue.take(), ips[0]);
  t.false(queue.release(ips[0]));
  queue.add(ips[3]);
  queue.add(ips[0]);
  t.deepEqual([queue.take(), queue.take(), queue.take(), queue.take()], [ips[1], ips[2], ips[3], ips[0]]);
  t.is(queue.take(), undefined);
});
