import test from 'ava';
import fc from 'fast-check';
import { EntryOrder } from '../../src/bgp/entry-order.js';

interface Entry {
  readonly serial: number;
  place: number;
}

test('entries come in the order in which they were made, without those that went', (t) => {
  const order = new EntryOrder<Entry>();
  const entries = Array.from({ length: 5000 }, (_, i) => ({ serial: i + 1, place: 0 }));
  for (const entry of entries) order.add(entry);
  for (const entry of entries) if (entry.serial % 3 > 0) order.delete(entry);
  t.deepEqual(
    [...order.values()],
    entries.filter(({ serial }) => serial % 3 === 0),
  );
});

test('a walk among changes brings each entry that stands throughout once, in order, and none that went before', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(2), { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(2999),
      (changes, keep, from) => {
        const order = new EntryOrder<Entry>();
        const standing = new Set<Entry>();
        let serial = 0;
        const add = () => {
          const entry = { serial: ++serial, place: 0 };
          order.add(entry);
          standing.add(entry);
        };
        for (let i = 0; i < 3000; i++) add();
        const throughout = new Set(standing);
        const brought: Entry[] = [];
        let step = 0;
        for (const entry of order.values()) {
          t.true(standing.has(entry));
          brought.push(entry);
          // Early or late in the walk
          const change = step < from ? undefined : changes[step - from];
          step++;
          if (change === 0) add();
          // Enough of them to move all that is left
          else if (change === 1)
            for (const gone of [...standing].filter((other) => other.serial % 4 >= keep)) {
              order.delete(gone);
              standing.delete(gone);
              throughout.delete(gone);
            }
          else if (change === 2) {
            order.delete(entry);
            standing.delete(entry);
            throughout.delete(entry);
          }
        }
        const serials = brought.map((entry) => entry.serial);
        t.deepEqual(
          serials,
          [...new Set(serials)].sort((a, b) => a - b),
        );
        const met = new Set(brought);
        for (const entry of throughout) if (!met.has(entry)) return t.fail(`${entry.serial} was left out`);
        for (const entry of standing) if (!met.has(entry)) return t.fail(`${entry.serial} came late`);
        return undefined;
      },
    ),
    { numRuns: 40 },
  );
});
