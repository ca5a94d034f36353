import test from 'ava';
import { TurnEnd } from '../../src/types/turn-end.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what is asked for at the end of a short turn follows in the same turn', async (t) => {
  const told: string[] = [];
  const end = new TurnEnd(() => 0);
  end.add(() => {
    told.push('first');
    setImmediate(() => told.push('next turn'));
    end.add(() => {
      told.push('second');
      end.add(() => told.push('third'));
    });
  });
  end.add(() => told.push('beside'));
  t.deepEqual(told, []);
  await turn();
  t.deepEqual(told, ['first', 'beside', 'second', 'third']);
  await turn();
  t.is(told.at(-1), 'next turn');
});

test('a turn that is long already leaves what it is asked for to the next one', async (t) => {
  const told: string[] = [];
  let now = 0;
  const end = new TurnEnd(() => now);
  const slice = () => {
    told.push('slice');
    now += 2;
    if (told.length < 5) end.add(slice);
  };
  end.add(slice);
  end.add(() => told.push('beside'));
  await turn();
  t.deepEqual(told, ['slice', 'beside']);
  await turn();
  t.deepEqual(told, ['slice', 'beside', 'slice']);
});

test('a turn whose I/O took long does one thing more, and leaves the others to the next ones', async (t) => {
  const told: string[] = [];
  let now = 0;
  const end = new TurnEnd(() => now);
  for (const name of ['first', 'second', 'third'])
    end.add(() => {
      told.push(name);
      now += 1;
    });
  now += 10;
  await turn();
  t.deepEqual(told, ['first']);
  await turn();
  t.deepEqual(told, ['first', 'second', 'third']);
});

test('one that always asks again does not hold the event loop', async (t) => {
  let now = 0;
  let calls = 0;
  const end = new TurnEnd(() => {
    now += 0.1;
    return now;
  });
  let timer = end.add(function again() {
    calls++;
    timer = end.add(again);
  });
  await turn();
  const first = calls;
  t.true(first > 1 && first <= 11, String(first));
  await turn();
  t.true(calls > first);
  timer.cancel();
});

test('what is cancelled is not called, be it at the turn of another', async (t) => {
  const told: string[] = [];
  const end = new TurnEnd(() => 0);
  const gone = end.add(() => told.push('gone'));
  end.add(() => {
    told.push('first');
    late.cancel();
  });
  const late = end.add(() => told.push('late'));
  gone.cancel();
  await turn();
  await turn();
  t.deepEqual(told, ['first']);
});

test('what goes first is called before what waited, with what it asks for, and in a turn that is long', async (t) => {
  const told: string[] = [];
  let now = 0;
  const end = new TurnEnd(() => now);
  const slice = () => {
    told.push('slice');
    now += 5;
    end.addFirst(() => told.push('told'));
    if (told.length < 6) end.add(slice);
  };
  end.add(slice);
  end.add(() => told.push('beside'));
  end.addFirst(() => {
    told.push('first');
    end.addFirst(() => told.push('what it asks for'));
  });
  const gone = end.addFirst(() => told.push('gone'));
  gone.cancel();
  now += 10;
  await turn();
  t.deepEqual(told, ['first', 'what it asks for', 'slice', 'told']);
  await turn();
  t.deepEqual(told.slice(4), ['beside', 'slice', 'told']);
});

test('what goes first and always asks again does not hold the others', async (t) => {
  const told: string[] = [];
  const end = new TurnEnd(() => 0);
  let again = end.addFirst(function first() {
    told.push('first');
    again = end.addFirst(first);
  });
  end.add(() => told.push('other'));
  await turn();
  t.true(told.includes('other'), told.join());
  again.cancel();
});
