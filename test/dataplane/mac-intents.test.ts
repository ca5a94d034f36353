import test from 'ava';
import fc from 'fast-check';
import type { Failure, MacIntent } from '../../src/dataplane/kernel-tables/intents.js';
import { MacIntents } from '../../src/dataplane/kernel-tables/mac-intents.js';
import { type Mac, parseIp } from '../../src/types/index.js';

const FAILURE: Failure = { errno: 1, name: 'EPERM', message: undefined, attempts: 1, at: 0, retryAt: 0 };

test('what is wanted and settled stays so, and any difference unsettles it', (t) => {
  const intents = new MacIntents();
  const mac = 0xfeff_ffff_fffe as Mac;
  const vtep = parseIp('192.0.2.1');
  t.true(intents.set(mac, vtep, false, 0));
  t.true(intents.set(mac, vtep, false, 2 ** 40 + 1), 'not settled yet: worth another look');
  t.deepEqual(intents.get(mac), {
    to: vtep,
    pinned: false,
    overEpoch: 2 ** 40 + 1,
    settled: false,
    failure: undefined,
  });
  intents.settle(mac, true);
  t.false(intents.set(mac, vtep, false, 7));
  t.is(intents.get(mac)?.overEpoch, 2 ** 40 + 1);
  t.true(intents.set(mac, vtep, true, 7));
  t.false(intents.get(mac)?.settled);
  intents.settle(mac, true);
  t.true(intents.set(mac, parseIp('2001:db8::1'), true, 7));
  t.deepEqual(intents.get(mac), {
    to: parseIp('2001:db8::1'),
    pinned: true,
    overEpoch: 7,
    settled: false,
    failure: undefined,
  });
});

test('what is noted of a MAC that is not wanted is not kept', (t) => {
  const intents = new MacIntents();
  const mac = 1 as Mac;
  intents.settle(mac, true);
  intents.fail(mac, FAILURE);
  intents.set(mac, parseIp('10.0.0.1'), false, 0);
  t.is(intents.get(mac)?.failure, undefined);
  intents.fail(mac, FAILURE);
  t.is(intents.get(mac)?.failure, FAILURE);
  t.true(intents.delete(mac));
  t.false(intents.delete(mac));
  intents.set(mac, parseIp('10.0.0.1'), false, 0);
  t.is(intents.get(mac)?.failure, undefined);
  intents.fail(mac, FAILURE);
  intents.clear();
  t.is(intents.size, 0);
  intents.set(mac, parseIp('10.0.0.1'), false, 0);
  t.is(intents.get(mac)?.failure, undefined);
});

test('whatever is wanted and no longer, the intents of MACs are those of a Map', (t) => {
  const mac = fc.integer({ min: 0, max: 30 }).map((n) => n as Mac);
  const vtep = fc.constantFrom('10.0.0.1', '203.0.113.9', '2001:db8::1').map(parseIp);
  const step = fc.oneof(
    fc.record({
      do: fc.constant('set' as const),
      mac,
      vtep,
      pinned: fc.boolean(),
      overEpoch: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 7)),
    }),
    fc.record({ do: fc.constant('delete' as const), mac }),
    fc.record({ do: fc.constant('settle' as const), mac, settled: fc.boolean() }),
    fc.record({ do: fc.constant('withhold' as const), mac, withheld: fc.boolean() }),
    fc.record({ do: fc.constant('fail' as const), mac, failure: fc.constantFrom(FAILURE, undefined) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const intents = new MacIntents();
      const model = new Map<Mac, MacIntent>();
      const withheld = new Set<Mac>();
      for (const one of steps) {
        const standing = model.get(one.mac);
        if (one.do === 'delete') {
          t.is(intents.delete(one.mac), model.delete(one.mac));
          withheld.delete(one.mac);
        } else if (one.do === 'withhold') {
          const changes = standing !== undefined && withheld.has(one.mac) !== one.withheld;
          t.is(intents.withhold(one.mac, one.withheld), changes);
          if (!changes) continue;
          model.set(one.mac, { ...standing, settled: false });
          if (one.withheld) withheld.add(one.mac);
          else withheld.delete(one.mac);
        } else if (one.do === 'settle') {
          intents.settle(one.mac, one.settled);
          if (standing) model.set(one.mac, { ...standing, settled: one.settled });
        } else if (one.do === 'fail') {
          intents.fail(one.mac, one.failure);
          if (standing) model.set(one.mac, { ...standing, failure: one.failure });
        } else {
          const { vtep: to, pinned, overEpoch } = one;
          // One that is withheld is never settled but by these steps
          const beats = overEpoch !== 0 && overEpoch !== standing?.overEpoch;
          const stays = withheld.has(one.mac) && !pinned && !beats;
          const same =
            standing?.settled === true &&
            standing.to === to &&
            standing.pinned === pinned &&
            stays === withheld.has(one.mac);
          if (!stays) withheld.delete(one.mac);
          t.is(intents.set(one.mac, to, pinned, overEpoch), !same);
          if (!same)
            model.set(one.mac, { to, pinned, overEpoch, settled: false, failure: standing?.failure });
        }
      }
      t.is(intents.size, model.size);
      t.deepEqual([...intents.keys()].sort(), [...model.keys()].sort());
      t.deepEqual([...intents.withheldKeys()].sort(), [...withheld].sort());
      t.is(intents.withheld, withheld.size);
      for (const its of model.keys()) t.is(intents.isWithheld(its), withheld.has(its));
      for (const [mac, intent] of model) t.deepEqual(intents.get(mac), intent);
    }),
  );
});
