import test from 'ava';
import fc from 'fast-check';
import { DirtyKeys } from '../../src/dataplane/dirty-keys.js';
import { IpQueue } from '../../src/dataplane/ip-queue.js';
import type { Ip } from '../../src/types/index.js';
import { someIp } from './some-ip.js';

test('IPs of both families wait, are taken and released as keys of a Set would be', (t) => {
  const step = fc.record({ ip: someIp, what: fc.constantFrom('add', 'add', 'take', 'release') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const queue = new IpQueue();
      const model = new DirtyKeys<Ip>();
      const known = new Set<Ip>();
      for (const { ip, what } of steps) {
        known.add(ip);
        if (what === 'add') {
          queue.add(ip);
          model.add(ip);
        } else if (what === 'take') t.is(queue.take(), model.take());
        // What waits is nobody's to release
        else if (model.has(ip) && !waits(model, ip)) t.is(queue.release(ip), model.release(ip));
        t.is(queue.size, model.size);
        for (const one of known) t.is(queue.has(one), model.has(one));
      }
    }),
  );
});

/** Looks by taking all and putting them back in their order. */
function waits(model: DirtyKeys<Ip>, ip: Ip): boolean {
  const all: Ip[] = [];
  for (let next = model.take(); next !== undefined; next = model.take()) all.push(next);
  for (const one of all) {
    model.release(one);
    model.add(one);
  }
  return all.includes(ip);
}

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
