import test from 'ava';
import { EACH_TURN, type Turns } from '../../src/api/turnstile.js';
import { toJson, Written, writtenInTurns } from '../../src/api/written.js';

/** Counts the turns that are asked for. */
function counted(): Turns & { turns: number } {
  return {
    turns: 0,
    next() {
      this.turns++;
      return EACH_TURN.next();
    },
    timed: (work) => work(),
  };
}

const items = Array.from({ length: 1_000 }, (_, i) => ({
  name: `swp${i}\u202e`,
  at: i,
  none: null,
  left: undefined,
}));

test('a long list is written in many turns, and reads as if it were written in one', async (t) => {
  for (const length of [65, 128, 129, 1_000]) {
    const answer = { total: null, items: items.slice(0, length), next: 'x"y\u2028', left: undefined };
    const turns = counted();
    const written = await writtenInTurns(answer, turns);
    t.true(written instanceof Written);
    t.is(toJson(written), toJson(answer));
    t.is(turns.turns, Math.ceil(length / 64));
  }
});

test('what is no long list is left as it is', async (t) => {
  for (const answer of [{ items: items.slice(0, 64) }, { items: 3 }, { vni: 1 }, [1, 2], null, 'text']) {
    const turns = counted();
    t.is(await writtenInTurns(answer, turns), answer);
    t.is(turns.turns, 0);
  }
});
