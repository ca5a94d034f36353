import test from 'ava';
import fc from 'fast-check';
import { NumberMap } from '../../src/tables/index.js';
import type { Mac } from '../../src/types/index.js';

interface Item {
  readonly mac: Mac;
  readonly n: number;
}

/** Some that differ only in the upper octets, only in the lower ones, and those at the ends. */
const macs = Array.from({ length: 40 }, (_, i) =>
  i % 2 === 0 ? i * 0x1_0000_0000 + 7 : 0x02_00_00_00_00_00 + i,
).concat([0, 1, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_ffff]) as Mac[];

const action = fc.record({
  verb: fc.constantFrom('set', 'set', 'delete', 'clear', 'walk', 'step', 'step'),
  at: fc.nat(macs.length - 1),
  odd: fc.nat(200),
});

test('holds what a Map holds, and a walk between changes brings what stood all the while once', (t) => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
      const map = new NumberMap<Mac, Item>();
      const model = new Map<Mac, Item>();
      let n = 0;
      let walk: Iterator<Item> | undefined;
      /** What stands since the walk began, without what it has brought. */
      let awaited = new Map<Mac, Item>();
      const brought = (item: Item) => {
        t.is(model.get(item.mac), item, 'it stands');
        awaited.delete(item.mac);
      };
      for (const { verb, at, odd } of actions) {
        const mac = macs[at];
        if (verb === 'set') {
          const item = { mac, n: n++ };
          map.set(mac, item);
          model.set(mac, item);
          if (awaited.has(mac)) awaited.set(mac, item);
        } else if (verb === 'delete') {
          t.is(map.delete(mac), model.delete(mac));
          awaited.delete(mac);
        } else if (verb === 'clear' && odd === 0) {
          map.clear();
          model.clear();
          awaited.clear();
        } else if (verb === 'walk') {
          walk = map.values();
          awaited = new Map(model);
        } else if (verb === 'step') {
          const next = walk?.next();
          if (next?.done === false) brought(next.value);
          else if (next?.done === true) {
            t.is(awaited.size, 0);
            walk = undefined;
          }
        }
        t.is(map.size, model.size);
        t.is(map.get(mac), model.get(mac));
        t.is(map.has(mac), model.has(mac));
      }
      for (const mac of macs) t.is(map.get(mac), model.get(mac));
      t.deepEqual(
        [...map.values()].sort((a, b) => a.n - b.n),
        [...model.values()].sort((a, b) => a.n - b.n),
      );
    }),
    { numRuns: 500 },
  );
});

test('grows and shrinks over many entries', (t) => {
  const map = new NumberMap<Mac, Item>();
  const count = 50_000;
  const macAt = (n: number) => (0x02_00_10_00_00_00 + n) as Mac;
  for (let n = 0; n < count; n++) map.set(macAt(n), { mac: macAt(n), n });
  t.is(map.size, count);
  let seen = 0;
  for (const { mac, n } of map.values()) {
    seen++;
    if (mac !== macAt(n)) t.fail();
    if (n !== 5) map.delete(mac);
  }
  t.is(seen, count);
  t.is(map.size, 1);
  t.is(map.get(macAt(5))?.n, 5);
  t.is(map.get(macAt(6)), undefined);
});

test('a walk over many entries amid growth and loss brings what stays once, and nothing that has gone', (t) => {
  const map = new NumberMap<Mac, Item>();
  const macAt = (n: number) => (0x02_00_10_00_00_00 + n * 7) as Mac;
  const add = (n: number) => map.add(macAt(n), { mac: macAt(n), n });
  const standing = 10_000;
  for (let n = 0; n < standing; n++) add(n);
  const seen = new Uint8Array(standing);
  const gone = new Set<number>();
  let next = standing;
  let steps = 0;
  for (const { n } of map.values()) {
    t.false(gone.has(n));
    if (n < standing) seen[n]++;
    // Every third of the beginning goes, and three come
    const victim = (steps * 3) % standing;
    if (seen[victim] === 0 && map.delete(macAt(victim))) gone.add(victim);
    if (next < 40_000) for (let i = 0; i < 3; i++) add(next++);
    steps++;
  }
  for (let n = 0; n < standing; n++) if (!gone.has(n)) t.is(seen[n], 1);
  t.is(map.size, next - gone.size);
  t.is([...map.keys()].length, map.size);
  for (let n = 0; n < next; n++) t.is(map.get(macAt(n))?.n, gone.has(n) ? undefined : n);
  for (let n = 0; n < next; n++) t.is(map.delete(macAt(n)), !gone.has(n));
  t.deepEqual([...map.values()], []);
});

test('a walk brings what another value was set for, also where the map has grown since', (t) => {
  const map = new NumberMap<Mac, Item>();
  const standing = macs.slice(0, 5);
  for (const mac of standing) map.set(mac, { mac, n: 0 });
  const walk = map.values();
  const keys = map.keys();
  const brought = [walk.next().value];
  const broughtKeys = [keys.next().value];
  for (const mac of macs) map.set(mac, { mac, n: 1 });
  brought.push(...walk);
  broughtKeys.push(...keys);
  // One that is added meanwhile may be brought or not
  const stood = brought.filter((item) => item !== undefined && standing.includes(item.mac));
  t.deepEqual(stood.map((item) => item?.mac).sort(), [...standing].sort());
  t.deepEqual(
    stood.map((item) => item?.n),
    [0, 1, 1, 1, 1],
  );
  t.deepEqual(
    broughtKeys.filter((key) => key !== undefined && standing.includes(key)).sort(),
    [...standing].sort(),
  );
});
