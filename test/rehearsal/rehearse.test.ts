import test from 'ava';
import { rehearse } from '../../src/rehearsal/index.js';
import { systemClock } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('two leaves in memory play every scene to its end', async (t) => {
  const { scenes, complete } = await rehearse(systemClock);
  t.true(complete);
  t.deepEqual(scenes, [
    'the session comes up',
    'hosts come',
    'and go',
    'hosts with addresses come',
    'hosts move',
    'and come back',
    'addresses go',
    'the session ends',
  ]);
});

test('a scene that does not end is given up, and so is the rest', async (t) => {
  const clock = new VirtualClock();
  const rehearsal = rehearse(clock);
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
});
