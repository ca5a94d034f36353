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

test('of many that go first some wait for the next turn, before what comes later, and one of the others goes on in each', async (t) => {
  const told: string[] = [];
  let now = 0;
  const end = new TurnEnd(() => now);
  const slow = (name: string) => () => {
    told.push(name);
    now += 1;
  };
  for (let n = 0; n < 12; n++) end.addFirst(slow(`first ${n}`));
  for (let n = 0; n < 3; n++) end.add(slow(`other ${n}`));
  await turn();
  const inOne = told.length;
  t.true(inOne < 12, `${told}`);
  t.true(told.includes('other 0'));
  t.false(told.includes('other 1'));
  end.addFirst(slow('later'));
  for (let n = 0; n < 4; n++) await turn();
  const firsts = told.filter((name) => !name.startsWith('other'));
  t.deepEqual(firsts, [...Array.from({ length: 12 }, (_, n) => `first ${n}`), 'later']);
  t.deepEqual(
    told.filter((name) => name.startsWith('other')),
    ['other 0', 'other 1', 'other 2'],
  );
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

/** A turn whose slices take all that they may: how long each was. */
function slices(most: readonly number[]): number[] {
  let now = 0;
  const end = new TurnEnd(() => now);
  return most.map((each) => {
    const began = now;
    now = end.sliceEnd(each);
    return now - began;
  });
}

test('the slices of a turn share its length, whoever they belong to', (t) => {
  t.deepEqual(slices([3, 2, 2]), [3, 1, 0.5]);
  t.deepEqual(slices([2, 2, 2, 2]), [2, 2, 0.5, 0.5]);
  t.deepEqual(slices([0.25, 3]), [0.25, 3]);
});

test('what asks for less than the least has that, in a turn that is long already too', (t) => {
  t.deepEqual(slices([4, 0.25, 1]), [4, 0.25, 0.5]);
});

test('a slice that the others wait for has more of a turn that is long already', (t) => {
  let now = 0;
  const end = new TurnEnd(() => now);
  end.sliceEnd(2);
  now = 10;
  t.is(end.sliceEnd(3, 1), 11);
  t.is(end.sliceEnd(3), 10.5);
});

test('a turn begins with its first slice, and callbacks at its end have what that has left', async (t) => {
  const story: [string, number][] = [];
  let now = 0;
  const end = new TurnEnd(() => now);
  const slice = (name: string, most: number) => {
    const began = now;
    now = end.sliceEnd(most);
    story.push([name, now - began]);
  };
  slice('read', 3);
  for (const name of ['decide', 'write', 'read on']) end.add(() => slice(name, 2));
  await turn();
  t.deepEqual(story.splice(0), [
    ['read', 3],
    ['decide', 1],
  ]);
  await turn();
  t.deepEqual(story.splice(0), [
    ['write', 2],
    ['read on', 2],
  ]);
  await turn();
  now += 100;
  slice('read', 3);
  t.deepEqual(story, [['read', 3]]);
});

test('what comes in amid a turn and goes first is heard between two slices, and done before the next one', async (t) => {
  const story: string[] = [];
  let now = 0;
  const end = new TurnEnd(() => now);
  const slice = (name: string, takes: number) =>
    end.add(() => {
      story.push(name);
      now += takes;
    });
  slice('long', 2);
  slice('short', 0.5);
  slice('next', 1);
  slice('last', 0);
  const hearing = end.hear(() => {
    story.push('heard');
    end.addFirst(() => story.push('first'));
  });
  await turn();
  t.deepEqual(story, ['long', 'heard', 'first', 'short', 'next', 'heard', 'first', 'last']);
  hearing.cancel();
  story.length = 0;
  slice('long', 2);
  slice('last', 0);
  await turn();
  t.deepEqual(story, ['long', 'last']);
});

test('what has come in while others read before the end of a turn is heard before its first slice', async (t) => {
  const story: string[] = [];
  let now = 0;
  const end = new TurnEnd(() => now);
  end.add(() => story.push('slice'));
  end.hear(() => story.push('heard'));
  now += 3;
  await turn();
  t.deepEqual(story, ['heard', 'slice']);
});
