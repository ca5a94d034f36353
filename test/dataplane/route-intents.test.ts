import test from 'ava';
import fc from 'fast-check';
import type { Failure } from '../../src/dataplane/kernel-tables/intents.js';
import { type RouteGroup, RouteIntents } from '../../src/dataplane/kernel-tables/route-intents.js';
import { formatPrefix, type PrefixKey, parsePrefix } from '../../src/types/index.js';

const FAILURE: Failure = { errno: 1, name: 'EPERM', message: undefined, attempts: 1, at: 0, retryAt: 0 };
const PREFIXES = ['0.0.0.0/0', '10.0.0.0/8', '255.255.255.255/32', '192.0.2.0/24', '::/0', '2001:db8::/32'];

const somePrefix = fc.constantFrom(...PREFIXES.map(parsePrefix));
const someGroup = fc.nat({ max: 3 });

const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), prefix: somePrefix, group: someGroup }),
  fc.record({ do: fc.constant('delete' as const), prefix: somePrefix }),
  fc.record({ do: fc.constant('settle' as const), prefix: somePrefix, settled: fc.boolean() }),
  fc.record({
    do: fc.constant('fail' as const),
    prefix: somePrefix,
    failure: fc.constantFrom(FAILURE, undefined),
  }),
  fc.record({ do: fc.constant('lead' as const), group: someGroup, id: fc.nat({ max: 2 }) }),
  fc.record({ do: fc.constant('clear' as const) }),
);

interface Kept {
  group: number;
  settled: boolean;
  failure: Failure | undefined;
}

const sorted = (prefixes: Iterable<PrefixKey>) => [...prefixes].map(formatPrefix).sort();

test('whatever is wanted and no longer, the intents of routes are those of a Map, and groups know their routes', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const groups: (RouteGroup & { id: number })[] = [1, 2, 0, 4].map((id) => ({
        id,
        routes: 0,
        number: 0,
      }));
      const intents = new RouteIntents();
      const model = new Map<PrefixKey, Kept>();
      for (const one of steps) {
        if (one.do === 'set') {
          const kept = model.get(one.prefix);
          t.is(intents.set(one.prefix, groups[one.group]), kept?.group !== one.group);
          if (kept?.group !== one.group)
            model.set(one.prefix, { group: one.group, settled: false, failure: kept?.failure });
        } else if (one.do === 'delete') t.is(intents.delete(one.prefix), model.delete(one.prefix));
        else if (one.do === 'clear') {
          intents.clear();
          model.clear();
        } else if (one.do === 'lead') groups[one.group].id = one.id;
        else {
          const kept = model.get(one.prefix);
          if (one.do === 'settle') {
            intents.settle(one.prefix, one.settled);
            if (kept) kept.settled = one.settled;
          } else {
            intents.fail(one.prefix, one.failure);
            if (kept) kept.failure = one.failure;
          }
        }
        t.is(intents.size, model.size);
        t.deepEqual(sorted(intents.keys()), sorted(model.keys()));
        for (const [n, group] of groups.entries()) {
          const leading = [...model].filter(([, kept]) => kept.group === n).map(([prefix]) => prefix);
          t.is(group.routes, leading.length);
          t.deepEqual(sorted(intents.leadingTo(group)), sorted(leading));
        }
        for (const text of PREFIXES) {
          const prefix = parsePrefix(text);
          const kept = model.get(prefix);
          const nexthopId = kept ? groups[kept.group].id : 0;
          t.is(intents.has(prefix), nexthopId !== 0);
          t.deepEqual(
            intents.get(prefix),
            kept && nexthopId !== 0 ? { nexthopId, settled: kept.settled, failure: kept.failure } : undefined,
          );
        }
      }
    }),
    { numRuns: 60 },
  );
});
