import test from 'ava';
import fc from 'fast-check';
import { KEY_WORDS, NumberTable } from '../../src/tables/index.js';
import type { Mac } from '../../src/types/index.js';

const WIDTH = 2;

function contents(table: NumberTable<Mac>): Map<number, number> {
  const found = new Map<number, number>();
  for (let row = 0; row < table.size; row++)
    found.set(table.keyOf(row), table.cells[row * table.stride + KEY_WORDS]);
  return found;
}

function write(table: NumberTable<Mac>, mac: number, value: number): void {
  const row = table.add(mac as Mac);
  table.cells[row * table.stride + KEY_WORDS] = value;
}

test('an empty table holds nothing and can be asked', (t) => {
  const table = new NumberTable<Mac>(WIDTH);
  t.is(table.find(1 as Mac), -1);
  t.is(table.remove(1 as Mac), -1);
  t.is(table.cells.length, 0);
});

test('whatever is added and removed, the rows are those of a Map', (t) => {
  // Few MACs that differ in both halves, so that they come and go again and again
  const mac = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 0, max: 40 }).map((n) => n * 0x1_0000_0000 + 0xffff_fff0),
    fc.integer({ min: 0, max: 0xffff_ffff_ffff }),
  );
  const step = fc.record({
    mac,
    value: fc.option(fc.integer({ min: 0, max: 0xffffffff }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new NumberTable<Mac>(WIDTH);
      const model = new Map<number, number>();
      for (const { mac, value } of steps) {
        if (value !== undefined) {
          write(table, mac, value);
          model.set(mac, value);
        } else {
          const before = table.find(mac as Mac);
          t.is(table.remove(mac as Mac), before);
          t.is(before >= 0, model.delete(mac));
        }
        t.is(table.find(mac as Mac) >= 0, model.has(mac));
      }
      t.is(table.size, model.size);
      t.deepEqual(new Map([...contents(table)].sort()), new Map([...model].sort()));
      for (const [mac, value] of model)
        t.is(table.cells[table.find(mac as Mac) * table.stride + KEY_WORDS], value);
    }),
  );
});

test('rows survive growing and shrinking, and what is gone leaves no room behind', (t) => {
  const table = new NumberTable<Mac>(WIDTH);
  const count = 20_000;
  for (let n = 0; n < count; n++) write(table, n * 0x10001, n);
  t.is(table.size, count);
  for (let n = 0; n < count; n++)
    t.is(table.cells[table.find((n * 0x10001) as Mac) * table.stride + KEY_WORDS], n);
  for (let n = 10; n < count; n++) t.true(table.remove((n * 0x10001) as Mac) >= 0);
  t.deepEqual([...contents(table).values()].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.true(table.cells.length <= 10 * 8 * table.stride);
});

test('a row that is made is the last and its words are 0, whatever stood there before', (t) => {
  const table = new NumberTable<Mac>(WIDTH);
  write(table, 1, 7);
  write(table, 2, 8);
  table.remove(2 as Mac);
  t.is(table.add(3 as Mac), 1);
  t.is(table.cells[table.stride + KEY_WORDS], 0);
  t.is(table.add(3 as Mac), 1);
  t.is(table.size, 2);
});

test('the last row takes the number of the one that goes', (t) => {
  const table = new NumberTable<Mac>(WIDTH);
  for (const mac of [1, 2, 3]) write(table, mac, mac * 10);
  t.is(table.remove(1 as Mac), 0);
  t.is(table.find(3 as Mac), 0);
  t.is(table.cells[KEY_WORDS], 30);
  table.clear();
  t.is(table.size, 0);
  t.is(table.find(2 as Mac), -1);
});

test('a walk meets every row that stays, whatever comes and goes meanwhile, and none that is not there', (t) => {
  const mac = fc.integer({ min: 0, max: 60 });
  /** What is done after each step of the walk. */
  const change = fc.record({
    adds: fc.array(mac, { maxLength: 3 }),
    removes: fc.array(mac, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(mac), fc.array(change), (before, changes) => {
      const table = new NumberTable<Mac>(WIDTH);
      for (const each of before) write(table, each, 1);
      const stays = new Set(before);
      const met = new Set<number>();
      const later = changes[Symbol.iterator]();
      for (const row of table.walk()) {
        t.true(row >= 0 && row < table.size);
        met.add(table.keyOf(row));
        const { adds = [], removes = [] } = later.next().value ?? {};
        for (const each of removes) {
          table.remove(each as Mac);
          stays.delete(each);
        }
        for (const each of adds) write(table, each, 2);
      }
      for (const each of stays) t.true(met.has(each), `${each} was not met`);
    }),
  );
});
