import test from 'ava';
import { v8Compiler } from '../../src/rehearsal/compiler.js';
import { rehearse } from '../../src/rehearsal/index.js';
import { systemClock } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('two leaves in memory play every scene to its end', async (t) => {
  const { scenes, plays, complete } = await rehearse(systemClock);
  t.true(complete);
  t.is(plays, v8Compiler() ? 6 : 1);
  t.deepEqual(scenes, [
    'the session comes up',
    'hosts come',
    'and go',
    'hosts with addresses come',
    'what is left of earlier days goes',
    'hosts move',
    'and come back one by one',
    'and move again one by one',
    'and come back',
    'VTEPs get other addresses',
    'what was told is asked for again',
    'addresses go',
    'the session ends',
  ]);
});

test('the compiler holds, hurries and is released again', async (t) => {
  const told: string[] = [];
  const compiler = {
    hold: () => told.push('hold'),
    hurry: () => told.push('hurry'),
    release: () => told.push('release'),
  };
  const { plays, complete } = await rehearse(systemClock, compiler);
  t.true(complete);
  t.is(plays, 6);
  t.deepEqual(told, ['hold', 'hurry', 'release']);
});

test('a scene that does not end is given up, and so is the rest', async (t) => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const tell = (what: string) => () => told.push(what);
  const rehearsal = rehearse(clock, {
    hold: tell('hold'),
    hurry: tell('hurry'),
    release: tell('release'),
  });
  let over = false;
  void rehearsal.then(() => {
    over = true;
  });
  // Time passes, and nothing that was to come soon comes
  clock.soon = () => ({ cancel() {} });
  while (!over) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.deepEqual((await rehearsal).scenes, []);
  t.false((await rehearsal).complete);
  t.deepEqual(told, ['hold', 'release']);
});
