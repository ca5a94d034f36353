import test from 'ava';
import fc from 'fast-check';
import { NexthopRows } from '../../src/dataplane/nexthop-rows.js';
import type { NexthopRow } from '../../src/dataplane/rows.js';

const id = fc.integer({ min: 1, max: 12 });
const row: fc.Arbitrary<NexthopRow> = fc.oneof(
  fc.record({
    id,
    protocol: fc.constant(69),
    ifindex: fc.integer({ min: 0, max: 3 }),
    gateway: fc.constant(undefined),
    members: fc.constant(undefined),
  }),
  fc.record({
    id,
    protocol: fc.constant(69),
    ifindex: fc.constant(0),
    gateway: fc.constant(undefined),
    members: fc.uniqueArray(id, { minLength: 1, maxLength: 4 }),
  }),
);
const step = fc.oneof(row, id);

test('nexthops are found by device and by member as a walk over all would find them', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rows = new NexthopRows();
      const model = new Map<number, NexthopRow>();
      for (const each of steps) {
        if (typeof each === 'number') {
          rows.delete(each);
          model.delete(each);
        } else {
          rows.put(each);
          model.set(each.id, each);
        }
      }
      const sorted = (ids: Iterable<number>) => [...ids].sort((a, b) => a - b);
      const those = (fits: (row: NexthopRow) => boolean) =>
        sorted([...model.values()].filter(fits).map((each) => each.id));
      t.is(rows.size, model.size);
      for (let i = 1; i <= 12; i++) {
        t.deepEqual(rows.get(i), model.get(i));
        t.deepEqual(
          sorted(rows.groupsOf(i)),
          those(({ members }) => members?.includes(i) === true),
        );
      }
      for (let ifindex = 1; ifindex <= 3; ifindex++)
        t.deepEqual(
          sorted(rows.onDevice(ifindex)),
          those((each) => each.ifindex === ifindex),
        );
    }),
  );
});
