import test from 'ava';
import { TurnBudget } from '../../src/bgp/turn-budget.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Readers that always want more, each `chunk` at a time; what each got, turn by turn. */
function turns(readers: number, chunk: number, size: number, count: number): number[][] {
  const clock = new VirtualClock();
  const budget = new TurnBudget(clock, size, 3);
  const story: number[][] = [];
  let now: number[] = [];
  const read = (reader: number) => {
    while (!budget.spent) {
      budget.spend(chunk);
      now.push(reader);
    }
    budget.wait(() => read(reader));
  };
  for (let reader = 0; reader < readers; reader++) read(reader);
  for (let turn = 0; turn < count; turn++) {
    story.push(now);
    now = [];
    clock.runTurn();
  }
  return story;
}

test('all readers together get one budget a turn, each in its turn', (t) => {
  t.deepEqual(turns(3, 5, 10, 5), [
    [0, 0],
    [0, 0],
    [1, 1],
    [2, 2],
    [0, 0],
  ]);
});

test('a reader that needs little leaves the rest of the turn to the next', (t) => {
  const clock = new VirtualClock();
  const budget = new TurnBudget(clock, 10, 3);
  const served: string[] = [];
  budget.spend(10);
  t.true(budget.spent);
  for (const name of ['a', 'b', 'c'])
    budget.wait(() => {
      served.push(name);
      budget.spend(6);
    });
  clock.runTurn();
  t.deepEqual(served, ['a', 'b']);
  clock.runTurn();
  t.deepEqual(served, ['a', 'b', 'c']);
  t.false(budget.spent);
});

test('reading that takes long ends sooner, and goes on in the next turn', (t) => {
  const clock = new VirtualClock();
  const budget = new TurnBudget(clock, 2000, 3);
  const read = () => {
    budget.begin();
    let routes = 0;
    while (!budget.spent) {
      budget.spend(100);
      routes += 100;
      clock.advance(1);
    }
    return routes;
  };
  t.is(read(), 400);
  let later = 0;
  budget.wait(() => {
    later = read();
  });
  clock.runTurn();
  t.is(later, 400);
});

test('the time of a turn is shared by all who read in it, also by those who have read all there was', (t) => {
  const clock = new VirtualClock();
  const budget = new TurnBudget(clock, 2000, 3);
  clock.advance(1000);
  budget.begin();
  budget.spend(1);
  clock.advance(2);
  budget.end();
  t.false(budget.spent);
  budget.begin();
  budget.spend(1);
  clock.advance(2);
  budget.end();
  t.true(budget.spent);
  let served = false;
  budget.wait(() => {
    budget.begin();
    served = !budget.spent;
  });
  clock.runTurn();
  t.true(served);
});

test('what little was read long ago is no part of this turn', (t) => {
  const clock = new VirtualClock();
  const budget = new TurnBudget(clock, 2, 3);
  clock.advance(1000);
  for (let message = 0; message < 10; message++) {
    clock.advance(1000);
    budget.begin();
    t.false(budget.spent);
    budget.spend(1);
    budget.end();
  }
});

test('reading ends with the turn where that has been long already', (t) => {
  class LateClock extends VirtualClock {
    override sliceEnd(): number {
      return this.now() + 0.5;
    }
  }
  const clock = new LateClock();
  const budget = new TurnBudget(clock, 2000, 3);
  clock.advance(1000);
  budget.begin();
  budget.spend(100);
  t.false(budget.spent);
  clock.advance(0.5);
  budget.spend(100);
  t.true(budget.spent);
});
