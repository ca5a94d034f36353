import test from 'ava';
import { Overflow } from '../../src/hardware/overflow.js';

const rows = (count: number) => Array.from({ length: count }, (_, i) => i);

test('one row is offered after ten seconds, then more rarely while none is taken', (t) => {
  const overflow = new Overflow<number>();
  const offered: [number, readonly number[]][] = [];
  for (let now = 0; now <= 80_000; now += 1000) {
    const { offer, room } = overflow.next(5, rows(3), () => 'left-out', now);
    t.false(room);
    if (offer.length > 0) offered.push([now / 1000, offer]);
  }
  // In turn, so that none is for ever behind another
  t.deepEqual(offered, [
    [10, [0]],
    [31, [1]],
    [72, [2]],
  ]);
});

test('while all are taken, twice as many are offered each time', (t) => {
  const overflow = new Overflow<number>();
  let missed = rows(100);
  let offloaded = 0;
  const offers: number[] = [];
  for (let now = 0; missed.length > 0 && now < 60_000; now += 1000) {
    const { offer } = overflow.next(
      offloaded,
      missed,
      (row) => (missed.includes(row) ? 'left-out' : 'taken'),
      now,
    );
    if (offer.length > 0) offers.push(offer.length);
    missed = missed.filter((row) => !offer.includes(row));
    offloaded = 100 - missed.length;
  }
  t.deepEqual(offers, [1, 2, 4, 8, 16, 32, 37]);
});

test('as many as went from the table are offered at once', (t) => {
  const overflow = new Overflow<number>();
  overflow.next(20, rows(30), () => 'left-out', 0);
  const { offer, room } = overflow.next(12, rows(30), () => 'left-out', 1000);
  t.true(room);
  t.is(offer.length, 8);
});

test('a table that takes everything again has no past', (t) => {
  const overflow = new Overflow<number>();
  overflow.next(5, rows(1), () => 'left-out', 0);
  overflow.next(5, rows(1), () => 'left-out', 10_000);
  t.deepEqual(
    overflow.next(6, [], () => 'taken', 11_000),
    { offer: [], room: false },
  );
  t.deepEqual(overflow.next(6, rows(1), () => 'left-out', 12_000).offer, []);
  t.deepEqual(overflow.next(6, rows(1), () => 'left-out', 22_000).offer, [0]);
});

test('an offer of which nothing is ever seen holds up no other for longer than a minute', (t) => {
  const overflow = new Overflow<number>();
  const offered: [number, readonly number[]][] = [];
  for (let now = 0; now <= 100_000; now += 1000) {
    const { offer } = overflow.next(5, rows(3), () => 'open', now);
    if (offer.length > 0) offered.push([now / 1000, offer]);
  }
  // A minute after the first, and then as long as after one that was left out
  t.deepEqual(offered, [
    [10, [0]],
    [90, [1]],
  ]);
});
