import test from 'ava';
import fc from 'fast-check';
import { type Destination, type PathSource, Rib, type RibReader } from '../../src/bgp/index.js';
import { EVPN, type EvpnNlri, formatNlri, type PathAttributes, type Update } from '../../src/wire/index.js';
import { pathAttributes } from '../support/path-attributes.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { id, macRoute } from './fabric.js';

const SOURCE: PathSource = { neighbor: '10.1.0.1', routerId: 1, internal: false };
const OTHER: PathSource = { neighbor: '10.1.0.2', routerId: 2, internal: false };
const A = pathAttributes();

function make() {
  const clock = new VirtualClock();
  const rib = new Rib(clock, { asn: 65001, routerId: id('10.0.0.1') });
  const told = (reachable: EvpnNlri[], withdrawn: EvpnNlri[], attributes?: PathAttributes): Update => ({
    family: EVPN,
    reachable,
    withdrawn,
    attributes,
    endOfRib: false,
    unknownRouteTypes: 0,
    faults: [],
    also: [],
  });
  const announce = (macs: readonly number[], attributes = A, source = SOURCE) =>
    rib.update(
      source,
      told(
        macs.map((mac) => macRoute(mac)),
        [],
        attributes,
      ),
    );
  const withdraw = (macs: readonly number[], source = SOURCE) =>
    rib.update(
      source,
      told(
        [],
        macs.map((mac) => macRoute(mac)),
      ),
    );
  return { clock, rib, announce, withdraw };
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const names = (destinations: readonly Destination[]) => destinations.map(({ nlri }) => formatNlri(nlri));
const macsOf = (...macs: number[]) => macs.map((mac) => formatNlri(macRoute(mac)));

test('without a reader nothing is kept of what was withdrawn, and nobody is held up', async (t) => {
  const { clock, rib, announce, withdraw } = make();
  announce(upTo(70_000));
  t.false(rib.isCongested(SOURCE.neighbor));
  withdraw([1, 2]);
  t.is(rib.size, 69_998);
  const down = rib.neighborDown(SOURCE);
  clock.runUntilIdle();
  await down;
  t.is(rib.size, 0);
});

test('two readers at different speeds: each sees all, and what was withdrawn stays until both have', (t) => {
  const { rib, announce, withdraw } = make();
  const [fast, slow] = [rib.subscribe(), rib.subscribe()];
  announce([1, 2]);
  t.deepEqual(names(fast.takeDirty(9)), macsOf(1, 2));
  t.is(slow.dirtyCount, 2);
  announce([1], pathAttributes());
  t.deepEqual(names(fast.takeDirty(9)), macsOf(1));
  t.is(slow.dirtyCount, 2, 'once, however often it changed');
  withdraw([1]);
  t.is(rib.destination(macRoute(1)), undefined);
  const [gone] = fast.takeDirty(9);
  t.is(gone.best, undefined);
  t.is(rib.size, 2, 'the slow one has not seen that it went');
  t.deepEqual(slow.takeDirty(1), [gone]);
  t.is(rib.size, 1);
  t.deepEqual(names(slow.takeDirty(9)), macsOf(2));
  t.false(fast.hasDirty || slow.hasDirty);
});

test('what was withdrawn and comes again before the slow reader has looked is one destination to both', (t) => {
  const { rib, announce, withdraw } = make();
  const [fast, slow] = [rib.subscribe(), rib.subscribe()];
  announce([1]);
  withdraw([1]);
  fast.takeDirty(9);
  announce([1]);
  const [again] = fast.takeDirty(9);
  t.is(again, rib.destination(macRoute(1))!);
  t.deepEqual(slow.takeDirty(9), [again]);
  t.is(rib.size, 1);
});

test('each reader has a note of its own', (t) => {
  const { rib, announce } = make();
  const [first, second, third] = [rib.subscribe(), rib.subscribe(), rib.subscribe()];
  announce([1, 2]);
  const [one, two] = first.takeDirty(9);
  const notes = [{ of: 1 }, { of: 2 }, { of: 3 }];
  first.note(one, notes[0]);
  t.deepEqual(
    [first, second, third].map((reader) => reader.noteOf(one)),
    [notes[0], undefined, undefined],
  );
  third.note(one, notes[2]);
  second.note(one, notes[1]);
  second.note(two, undefined);
  t.deepEqual(
    [first, second, third].map((reader) => reader.noteOf(one)),
    notes,
  );
  first.note(one, undefined);
  t.deepEqual(
    [first, second, third].map((reader) => reader.noteOf(one)),
    [undefined, notes[1], notes[2]],
  );
  t.deepEqual(
    [first, second, third].map((reader) => reader.noteOf(two)),
    [undefined, undefined, undefined],
  );
});

test('a reader that comes later looks at all that stands, and at nothing that went before', (t) => {
  const { rib, announce, withdraw } = make();
  const early = rib.subscribe();
  announce([1, 2, 3]);
  withdraw([3]);
  const late = rib.subscribe();
  t.true(late.hasDirty);
  t.is(late.dirtyCount, 0);
  announce([4]);
  t.deepEqual(names(late.takeDirty(9)), macsOf(4));
  t.deepEqual(names(late.takeAgain(9)).sort(), macsOf(1, 2, 4).sort());
  t.false(late.hasDirty);
  t.is(early.takeDirty(9).length, 4);
  t.is(rib.size, 3);
});

test('a reader that leaves holds nothing: what it had not taken goes, its note and its place are another’s', (t) => {
  const { clock, rib, announce, withdraw } = make();
  const [leaving, staying] = [rib.subscribe(), rib.subscribe()];
  announce(upTo(2_000));
  for (const destination of leaving.takeDirty(1_000)) leaving.note(destination, {});
  for (const destination of staying.takeDirty(2_000)) staying.note(destination, destination);
  withdraw(upTo(1_500));
  staying.takeDirty(2_000);
  t.is(rib.size, 2_000);
  leaving.unsubscribe();
  leaving.unsubscribe();
  t.false(leaving.hasDirty);
  t.deepEqual(leaving.takeDirty(9), []);
  const meanwhile = rib.subscribe();
  clock.runUntilIdle();
  t.is(rib.size, 500);
  const after = rib.subscribe();
  for (const reader of [meanwhile, after])
    for (const destination of reader.takeAgain(1_000)) {
      t.is(reader.noteOf(destination), undefined);
      t.is(staying.noteOf(destination), destination);
    }
  announce([1, 2]);
  for (const reader of [meanwhile, after, staying]) t.deepEqual(names(reader.takeDirty(9)), macsOf(1, 2));
});

test('a reader that leaves while it holds a neighbor up lets it go on', (t) => {
  const { rib, announce } = make();
  const [leaving, staying] = [rib.subscribe(), rib.subscribe()];
  announce(upTo(70_000));
  staying.takeDirty(70_000);
  t.true(rib.isCongested(SOURCE.neighbor));
  let relieved = 0;
  rib.onRelieved = () => relieved++;
  leaving.unsubscribe();
  t.false(rib.isCongested(SOURCE.neighbor));
  t.is(relieved, 1);
});

test('each reader is told once when there is something for it, after it waits for all', (t) => {
  const { rib, announce } = make();
  const [eager, calm] = [rib.subscribe(), rib.subscribe()];
  const eagerly: string[] = [];
  let calls = 0;
  eager.onDirty = () => eagerly.push(...names(eager.takeDirty(9)));
  calm.onDirty = () => calls++;
  announce([1]);
  announce([1], pathAttributes());
  announce([2]);
  t.deepEqual(eagerly, macsOf(1, 1, 2));
  t.is(calls, 1);
  t.deepEqual(names(calm.takeDirty(9)), macsOf(1, 2));
  announce([2], pathAttributes());
  t.is(calls, 2);
});

test('a reader that takes at once what was withdrawn leaves it to the others', (t) => {
  const { rib, announce, withdraw } = make();
  const [eager, calm] = [rib.subscribe(), rib.subscribe()];
  eager.onDirty = () => eager.takeDirty(9);
  announce([1]);
  calm.takeDirty(9);
  withdraw([1]);
  t.is(rib.size, 1);
  t.is(calm.takeDirty(9).length, 1);
  t.is(rib.size, 0);
});

test('what one reader judges anew is news to all', (t) => {
  const { rib, announce } = make();
  const [asking, other] = [rib.subscribe(), rib.subscribe()];
  announce([1, 2], pathAttributes({ localPref: 200, med: 1 }));
  announce([1], A, OTHER);
  asking.takeDirty(9);
  other.takeDirty(9);
  rib.usable = ({ attributes }) => attributes.med === undefined;
  asking.lookAgain();
  t.deepEqual(names(asking.takeAgain(9)), macsOf(2));
  for (const reader of [asking, other]) t.deepEqual(names(reader.takeDirty(9)), macsOf(1));
});

test('a fast reader beside a slow one, 100,000 routes: each ends with what stands, and the table with it', (t) => {
  const { rib, announce, withdraw } = make();
  const [fast, slow] = [rib.subscribe(), rib.subscribe()];
  const known = new Map<RibReader, Set<string>>([
    [fast, new Set()],
    [slow, new Set()],
  ]);
  const take = (reader: RibReader, max: number) => {
    const stands = known.get(reader)!;
    for (const { nlri, best } of reader.takeDirty(max))
      if (best === undefined) stands.delete(formatNlri(nlri));
      else stands.add(formatNlri(nlri));
  };
  const macs = upTo(100_000);
  for (let from = 0; from < macs.length; from += 1_000) {
    announce(macs.slice(from, from + 1_000));
    take(fast, 10_000);
    take(slow, 100);
    if (from >= 1_000) withdraw(macs.slice(from - 1_000, from - 500));
  }
  take(fast, 1e6);
  t.is(known.get(fast)?.size, 50_500);
  // It had seen the first 200, which went again
  t.is(slow.dirtyCount, 90_200);
  t.true(rib.isCongested(SOURCE.neighbor));
  t.true(rib.size > 50_500);
  while (slow.hasDirty) take(slow, 1_000);
  t.deepEqual(known.get(slow), known.get(fast));
  t.is(rib.size, 50_500);
  t.false(rib.isCongested(SOURCE.neighbor));
});

test('there is room for 30 readers', (t) => {
  const { clock, rib, announce } = make();
  const readers = Array.from({ length: 30 }, () => rib.subscribe());
  t.throws(() => rib.subscribe(), { instanceOf: RangeError });
  announce([1]);
  for (const reader of readers) t.is(reader.takeDirty(9).length, 1);
  readers[29].unsubscribe();
  clock.runUntilIdle();
  t.is(rib.subscribe().takeAgain(9).length, 1);
});

test('any history: whoever comes, reads and leaves, each reader knows what stands, and nothing else is kept', (t) => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('announce' as const), n: fc.nat(3), a: fc.nat(1) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('withdraw' as const), n: fc.nat(3), a: fc.nat(1) }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('take' as const), n: fc.nat(3), a: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('come' as const), n: fc.nat(3), a: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), n: fc.nat(3), a: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const), n: fc.nat(3), a: fc.nat(1) }) },
  );
  const sets = [A, pathAttributes()];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, rib, announce, withdraw } = make();
      // What a reader knows of a destination is its note of it
      const readers: { reader: RibReader; known: Map<string, PathAttributes> }[] = [];
      const stands = new Map<string, PathAttributes>();
      const look = (index: number, destinations: readonly Destination[]) => {
        const { reader, known } = readers[index];
        for (const destination of destinations) {
          const name = formatNlri(destination.nlri);
          t.is(reader.noteOf(destination), known.get(name));
          const attributes = destination.best?.attributes;
          reader.note(destination, attributes);
          if (attributes) known.set(name, attributes);
          else known.delete(name);
        }
      };
      for (const { kind, n, a } of steps) {
        const index = readers.length === 0 ? -1 : n % readers.length;
        if (kind === 'announce') {
          announce([n], sets[a]);
          stands.set(formatNlri(macRoute(n)), sets[a]);
        } else if (kind === 'withdraw') {
          withdraw([n]);
          stands.delete(formatNlri(macRoute(n)));
        } else if (kind === 'come') readers.push({ reader: rib.subscribe(), known: new Map() });
        else if (kind === 'settle') clock.runUntilIdle();
        else if (index >= 0 && kind === 'leave') readers.splice(index, 1)[0].reader.unsubscribe();
        else if (index >= 0) {
          look(index, readers[index].reader.takeDirty(a));
          look(index, readers[index].reader.takeAgain(a));
        }
      }
      clock.runUntilIdle();
      for (const [index, { reader, known }] of readers.entries()) {
        while (reader.hasDirty) {
          look(index, reader.takeDirty(9));
          look(index, reader.takeAgain(9));
        }
        t.deepEqual([...known.keys()].sort(), [...stands.keys()].sort());
        for (const [name, attributes] of known) t.is(attributes, stands.get(name)!);
      }
      t.is(rib.size, stands.size);
    }),
    { numRuns: 500 },
  );
});
