import test from 'ava';
import { type Binding, BindingTable } from '../../src/dataplane/bindings.js';
import { parseIp, parseMac } from '../../src/types/index.js';

const A = parseMac('02:00:00:00:00:0a');
const B = parseMac('02:00:00:00:00:0b');
const of = (mac: typeof A): Binding => ({ mac, router: false, isStatic: false, epoch: 1 });
const ip = (last: number) => parseIp(`10.0.0.${last}`);

test('the bound of a MAC names what it keeps out, in its own domain alone, until the MAC has no IP', (t) => {
  const table = new BindingTable({ perMac: 2, inAll: 100 });
  for (const last of [1, 2, 3, 3]) table.put(1, ip(last), of(A), 7);
  t.true(table.put(2, ip(3), of(A), 8));
  t.true(table.put(1, ip(3), of(B), 9));
  t.deepEqual([...table.excesses(1)], [[A, { refused: 2, port: 7 }]]);
  t.deepEqual([...table.excesses(2)], []);
  table.drop(1, ip(1));
  t.deepEqual(table.excessOf(1, A), { refused: 2, port: 7 }, 'what was refused is still not known');
  table.drop(1, ip(2));
  t.is(table.excessOf(1, A), undefined);
  t.is(table.refused, 2);
});

test('the bound of the table names what it keeps out until there is room; an IP that changes its MAC needs none', (t) => {
  const table = new BindingTable({ perMac: 100, inAll: 2 });
  for (const last of [1, 2]) t.true(table.put(1, ip(last), of(A), 7));
  t.is(table.excess, undefined);
  t.false(table.put(1, ip(3), of(B), 9));
  t.deepEqual(table.excess, { refused: 1, port: 9 });
  t.true(table.put(1, ip(2), of(B), 9));
  table.drop(1, ip(1));
  t.is(table.excess, undefined);
  t.is(table.size, 1);
});
