import test from 'ava';
import { Turnstile } from '../../src/api/turnstile.js';

/** A turnstile whose turns the test makes, and whose steps take as long as it says. */
function scene(most?: number) {
  let callbacks: (() => void)[] = [];
  let now = 0;
  const turnstile = new Turnstile(
    (callback) => callbacks.push(callback),
    () => now,
    most,
  );
  return {
    turnstile,
    takes: (milliseconds: number) => {
      now += milliseconds;
    },
    turn: async () => {
      const due = callbacks;
      callbacks = [];
      for (const callback of due) callback();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    },
    pending: () => callbacks.length,
  };
}

test('one step a turn, in the order of asking', async (t) => {
  const { turnstile, turn, pending } = scene();
  const steps: string[] = [];
  const walk = async (name: string) => {
    for (let i = 0; i < 3; i++) {
      await turnstile.next();
      steps.push(`${name}${i}`);
    }
  };
  const walks = [walk('a'), walk('b')];
  for (let i = 0; i < 10; i++) {
    const before = steps.length;
    await turn();
    t.true(steps.length - before <= 1 + (i === 0 ? 1 : 0));
  }
  await Promise.all(walks);
  t.deepEqual(steps, ['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
  t.is(pending(), 0, 'nothing is done where nobody asks');
});

test('a step that took long is followed by so many turns without one', async (t) => {
  const { turnstile, turn, takes } = scene();
  await turnstile.next();
  turnstile.timed(() => takes(5));
  let came = false;
  void turnstile.next().then(() => {
    came = true;
  });
  for (let i = 0; i < 5; i++) {
    await turn();
    t.false(came, `turn ${i}`);
  }
  await turn();
  t.true(came);
});

test('so many requests are answered at once, and one that fails makes room as well', async (t) => {
  const { turnstile, turn } = scene(2);
  let go = () => {};
  const slow = turnstile.admit(
    () =>
      new Promise<string>((resolve) => {
        go = () => resolve('slow');
      }),
  );
  const failing = turnstile.admit(() => {
    throw new Error('failed');
  });
  t.is(
    turnstile.admit(() => 'refused'),
    undefined,
  );
  const failed = t.throwsAsync(failing ?? Promise.resolve(), { message: 'failed' });
  for (let i = 0; i < 5; i++) await turn();
  await failed;
  const third = turnstile.admit(() => 'third');
  for (let i = 0; i < 5; i++) await turn();
  t.is(await third, 'third');
  go();
  t.is(await slow, 'slow');
});

test('a few long answers are in the making at once, the others in the order of asking, also where one fails', async (t) => {
  const turnstile = new Turnstile();
  let making = 0;
  let most = 0;
  const order: number[] = [];
  const answers = Array.from({ length: 20 }, (_, n) =>
    turnstile.long(async () => {
      most = Math.max(most, ++making);
      order.push(n);
      await new Promise((resolve) => setImmediate(resolve));
      making--;
      if (n % 3 === 0) throw new Error(`answer ${n}`);
      return n;
    }),
  );
  const outcomes = await Promise.allSettled(answers);
  t.is(most, 4);
  t.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
  t.is(order.length, 20);
  t.is(outcomes.filter(({ status }) => status === 'rejected').length, 7);
  t.is(await turnstile.long(async () => 'again'), 'again');
});
