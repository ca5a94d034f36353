import test from 'ava';
import { RouteCounts } from '../../src/dataplane/route-counts.js';
import { RoutePlace } from '../../src/dataplane/route-place.js';
import { parseIp, prefixKey } from '../../src/types/index.js';

const prefix = (text: string) => prefixKey(parseIp(text), text.includes(':') ? 64 : 24);

test('which nexthops routes lead to is known without a walk, of both families', (t) => {
  const counts = new RouteCounts();
  const place = new RoutePlace(254, 20, counts);
  const many = Array.from({ length: 3_000 }, (_, i) => prefix(`10.${i >>> 8}.${i & 0xff}.0`));
  for (const key of many) t.true(place.put(key, 1));
  const other = prefix('fd00:1::');
  t.true(place.put(other, 2));
  t.false(place.put(other, 2), 'as it stands');
  for (const key of many.slice(1)) place.put(key, 2);
  t.true(counts.leadsTo(1));
  t.true(place.delete(many[0]));
  t.false(place.delete(many[0]));
  t.false(counts.leadsTo(1));
  t.is(place.nexthopOf(many[2_999]), 2);
  t.is([...place.rows()].filter(({ nexthopId }) => nexthopId === 2).length, 3_000);
  for (const key of [...many, other]) place.delete(key);
  t.false(counts.leadsTo(2));
  t.is(place.size, 0);
});
