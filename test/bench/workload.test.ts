import test from 'ava';
import { indexes, type Routes, routeCount, routesAt, vniIndexOf, vtepIndexOf } from '../../bench/workload.js';

const routes = (more: Partial<Routes>): Routes => ({ count: 1_000, vnis: 10, withIp: false, ...more });
const numbers = (more: Partial<Routes>): number[] => [...indexes(routes(more))];
const placeOf = (of: Routes, i: number): string => `${vniIndexOf(of, i)} ${vtepIndexOf(of, i, 0)}`;

test('every order yields each number once', (t) => {
  const sorted = numbers({});
  const spread = { vteps: 7, perVni: 7 };
  for (const more of [{ order: 'shuffled' }, { order: 'in turn' }, { order: 'in turn', spread }] as const)
    t.deepEqual(
      numbers(more).sort((a, b) => a - b),
      sorted,
    );
});

test('step and offset take every so many-th number, in each order', (t) => {
  for (const order of [undefined, 'shuffled', 'in turn'] as const) {
    const thirds = [0, 1, 2].map((offset) => numbers({ order, step: 3, offset }));
    for (const [offset, third] of thirds.entries()) {
      t.true(third.every((i) => i % 3 === offset));
      t.is(third.length, routeCount(routes({ step: 3, offset })));
    }
    t.is(new Set(thirds.flat()).size, 1_000);
  }
});

test('in turn, a VNI and VTEP come again only after all the others', (t) => {
  const of = routes({ spread: { vteps: 4, perVni: 4 }, order: 'in turn' });
  const places = [...indexes(of)].map((i) => placeOf(of, i));
  const sets = 10 * 4;
  for (let from = 0; from < 1_000; from += sets) t.is(new Set(places.slice(from, from + sets)).size, sets);
});

test('VNIs with fewer hosts than VTEPs still yield every host', (t) => {
  const more = { vnis: 100, spread: { vteps: 50, perVni: 50 }, order: 'in turn' } as const;
  t.is(new Set(numbers(more)).size, 1_000);
});

test('both kinds are the route of a MAC and that of the same MAC with its IP', (t) => {
  const of = routes({ withIp: true, bothKinds: true });
  const [mac, macIp] = routesAt(of, 5, 0);
  t.is(mac.mac, macIp.mac);
  t.is(mac.ip, undefined);
  t.not(macIp.ip, undefined);
  t.is(routeCount(of), 2_000);
});
