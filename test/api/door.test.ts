import test from 'ava';
import { Door } from '../../src/api/door.js';

/** A door whose turns the test makes, and requests that take as long as it says. */
function scene() {
  const callbacks: (() => void)[] = [];
  let now = 0;
  const begun: string[] = [];
  const door = new Door(
    (callback) => callbacks.push(callback),
    () => now,
  );
  const ask = (name: string, milliseconds = 1) =>
    door.enter(() => {
      begun.push(name);
      now += milliseconds;
    });
  const turn = () => {
    for (const callback of callbacks.splice(0)) callback();
    return begun.splice(0);
  };
  return { ask, turn, begun, pending: () => callbacks.length };
}

test('requests that come at once begin to be answered a few a turn, in their order', (t) => {
  const { ask, turn, begun, pending } = scene();
  for (const name of 'abcde') ask(name);
  t.deepEqual(begun.splice(0), ['a', 'b']);
  t.deepEqual(turn(), ['c', 'd']);
  ask('f');
  t.deepEqual(turn(), ['e', 'f']);
  t.deepEqual(turn(), []);
  t.is(pending(), 0, 'nothing is done where nobody asks');
  ask('g');
  t.deepEqual(begun, ['g'], 'at once');
});

test('one that takes long has the turn to itself', (t) => {
  const { ask, turn, begun } = scene();
  ask('long', 10);
  ask('next');
  t.deepEqual(begun.splice(0), ['long']);
  t.deepEqual(turn(), ['next']);
});

test("what a request throws is its caller's, and the others go on", (t) => {
  let callbacks: (() => void)[] = [];
  const door = new Door((callback) => callbacks.push(callback));
  t.throws(() =>
    door.enter(() => {
      throw new Error('broken');
    }),
  );
  let begun = false;
  door.enter(() => {
    begun = true;
  });
  for (const callback of callbacks.splice(0)) callback();
  callbacks = [];
  t.true(begun);
});
