import test from 'ava';
import { type Noted, noteIn, setNote } from '../../src/bgp/notes.js';

test('each reader finds its own note, whichever came first, and nothing where it has taken it away', (t) => {
  const ofSlot = [{}, {}, {}, {}];
  for (const order of [
    [0, 1, 2, 3],
    [1, 0, 3, 2],
    [3, 2, 1, 0],
  ]) {
    const noted: Noted = { notes: undefined };
    for (const [n, slot] of order.entries()) {
      t.is(noteIn(noted, slot), undefined);
      setNote(noted, slot, ofSlot[slot]);
      for (const [other, note] of ofSlot.entries())
        t.is(noteIn(noted, other), order.indexOf(other) <= n ? note : undefined, `${order} ${other}`);
    }
    for (const slot of order) {
      setNote(noted, slot, undefined);
      t.is(noteIn(noted, slot), undefined);
    }
  }
});
