import { inspect } from 'node:util';
import test from 'ava';
import { FLOWS, type FlowName, flowUpdates } from '../../bench/flat-routes.js';
import { SPINE_ASN } from '../../bench/workload.js';
import { AttributeCode, decodeUpdateFully, formatNlri, HEADER_LENGTH } from '../../src/wire/index.js';

const SESSION = { fourOctetAs: true, internal: false, localAsn: SPINE_ASN } as const;
const VNIS = 10;
const SPAN = { from: 40_000, to: 41_000 };

/** What a span's UPDATEs say: routes with their RDs, and how many RDs and attribute sets there are. */
function told(name: FlowName, verb: 'announce' | 'withdraw') {
  const routes: string[] = [];
  const rds = new Set<string>();
  const sets = new Set<string>();
  for (const message of flowUpdates(name, SPAN, VNIS, verb)) {
    const update = decodeUpdateFully(message.subarray(HEADER_LENGTH), SESSION);
    if (update.faults.length > 0) throw new Error(JSON.stringify(update.faults));
    const code = verb === 'announce' ? AttributeCode.MP_REACH_NLRI : AttributeCode.MP_UNREACH_NLRI;
    const others: string[] = [];
    for (const attribute of update.attributes) {
      if (attribute.code !== code) {
        others.push(inspect(attribute, { depth: null }));
        continue;
      }
      if (attribute.code !== AttributeCode.MP_REACH_NLRI && attribute.code !== AttributeCode.MP_UNREACH_NLRI)
        continue;
      for (const route of attribute.value.routes) {
        if (route.type === 'unknown') throw new Error('a route of an unknown type');
        rds.add(String(route.rd));
        routes.push(`${route.rd} ${formatNlri(route)}`);
      }
    }
    sets.add(others.join());
  }
  return { routes, rds: rds.size, sets: sets.size };
}

test('each item is one route, which is taken back', (t) => {
  for (const name of Object.keys(FLOWS) as FlowName[]) {
    const { routes } = told(name, 'announce');
    t.is(routes.length, SPAN.to - SPAN.from, name);
    t.is(new Set(routes).size, routes.length, name);
    t.deepEqual(new Set(told(name, 'withdraw').routes), new Set(routes), name);
  }
});

test('what is to be of many kinds is', (t) => {
  const [all, many] = [SPAN.to - SPAN.from, VNIS];
  t.like(told('sequences', 'announce'), { rds: many, sets: many });
  t.like(told('rds', 'announce'), { rds: all, sets: many });
  t.like(told('attributes', 'announce'), { rds: many, sets: all });
});
