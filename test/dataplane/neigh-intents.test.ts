import test from 'ava';
import fc from 'fast-check';
import type { Failure, NeighIntent } from '../../src/dataplane/kernel-tables/intents.js';
import { NeighIntents } from '../../src/dataplane/kernel-tables/neigh-intents.js';
import { compareIp, type Ip, type Mac, parseIp, parseMac } from '../../src/types/index.js';
import { someIp } from './some-ip.js';

const FAILURE: Failure = { errno: 1, name: 'EPERM', message: undefined, attempts: 1, at: 0, retryAt: 0 };
const IPS = ['192.0.2.1', '2001:db8::1'].map(parseIp);
const MAC = parseMac('fe:ff:ff:ff:ff:fe');

for (const ip of IPS)
  test(`what is wanted and settled stays so, and any difference unsettles it: IPv${typeof ip === 'number' ? 4 : 6}`, (t) => {
    const intents = new NeighIntents();
    t.true(intents.set(ip, MAC, false, 0));
    t.true(intents.set(ip, MAC, false, 2 ** 40 + 1), 'not settled yet: worth another look');
    const standing = { mac: MAC, router: false, overEpoch: 2 ** 40 + 1, settled: false, failure: undefined };
    t.deepEqual(intents.get(ip), standing);
    intents.settle(ip, true);
    t.false(intents.set(ip, MAC, false, 7));
    t.deepEqual(intents.get(ip), { ...standing, settled: true });
    t.true(intents.set(ip, MAC, true, 7));
    t.false(intents.get(ip)?.settled);
    intents.settle(ip, true);
    t.true(intents.set(ip, parseMac('fe:ff:ff:ff:ff:fd'), true, 7));
    intents.settle(ip, true);
    t.true(intents.set(ip, parseMac('00:ff:ff:ff:ff:fd'), true, 7));
  });

for (const ip of IPS)
  test(`what is noted of an IP that is not wanted is not kept: IPv${typeof ip === 'number' ? 4 : 6}`, (t) => {
    const intents = new NeighIntents();
    intents.settle(ip, true);
    intents.fail(ip, FAILURE);
    intents.set(ip, MAC, false, 0);
    t.is(intents.get(ip)?.failure, undefined);
    intents.fail(ip, FAILURE);
    t.is(intents.get(ip)?.failure, FAILURE);
    intents.clear();
    t.is(intents.size, 0);
    t.false(intents.has(ip));
    intents.set(ip, MAC, false, 0);
    t.is(intents.get(ip)?.failure, undefined);
  });

test('whatever is wanted and no longer, the intents of neighbors are those of a Map', (t) => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('set' as const),
      ip: someIp,
      mac: fc.constantFrom('02:00:00:00:00:01', '03:ff:00:00:00:01', 'fe:ff:ff:ff:ff:fe').map(parseMac),
      router: fc.boolean(),
      overEpoch: fc.maxSafeNat(),
    }),
    fc.record({ do: fc.constant('delete' as const), ip: someIp }),
    fc.record({ do: fc.constant('settle' as const), ip: someIp, settled: fc.boolean() }),
    fc.record({ do: fc.constant('fail' as const), ip: someIp, failure: fc.constantFrom(FAILURE, undefined) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const intents = new NeighIntents();
      const model = new Map<Ip, NeighIntent>();
      for (const one of steps) {
        const standing = model.get(one.ip);
        if (one.do === 'delete') t.is(intents.delete(one.ip), model.delete(one.ip));
        else if (one.do === 'settle') {
          intents.settle(one.ip, one.settled);
          if (standing) model.set(one.ip, { ...standing, settled: one.settled });
        } else if (one.do === 'fail') {
          intents.fail(one.ip, one.failure);
          if (standing) model.set(one.ip, { ...standing, failure: one.failure });
        } else {
          const { mac, router, overEpoch } = one;
          const same = standing?.settled === true && standing.mac === mac && standing.router === router;
          t.is(intents.set(one.ip, mac, router, overEpoch), !same);
          if (!same)
            model.set(one.ip, { mac, router, overEpoch, settled: false, failure: standing?.failure });
        }
      }
      t.is(intents.size, model.size);
      t.deepEqual([...intents.keys()].sort(compareIp), [...model.keys()].sort(compareIp));
      for (const [ip, intent] of model) t.deepEqual(intents.get(ip), intent);
    }),
  );
});

test('a MAC of the lowest and the highest number is told apart from its neighbors', (t) => {
  const intents = new NeighIntents();
  for (const mac of [0, 1, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_ffff] as Mac[]) {
    intents.set(IPS[0], mac, false, 0);
    t.is(intents.get(IPS[0])?.mac, mac);
  }
});
