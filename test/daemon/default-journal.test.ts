import {
  appendFileSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openDefaultJournal } from '../../src/default-journal.js';
import { parseIp, silentLog } from '../../src/types/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

const destination = (last: number) => ({ ifindex: 7, srcVni: 0, dst: parseIp(`10.0.0.${last}`) });

function journal(directory: string) {
  const clock = new VirtualClock();
  const warnings: object[] = [];
  const memory = openDefaultJournal(directory, clock, {
    ...silentLog,
    warn: (facts) => warnings.push(facts),
  });
  return { clock, memory, warnings };
}

function directory(t: { teardown(fn: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'evpnd-journal-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('the next process knows what the one before it wrote and had not removed', (t) => {
  const path = directory(t);
  const first = journal(join(path, 'deeper'));
  t.false(first.memory.wrote(destination(1)));
  for (const last of [1, 2, 3]) first.memory.added(destination(last));
  first.memory.dropped(destination(2));
  first.memory.added({ ifindex: 8, srcVni: 10010, dst: parseIp('2001:db8::1') });
  first.clock.runUntilIdle();
  const { memory } = journal(join(path, 'deeper'));
  t.true(memory.wrote(destination(1)));
  t.false(memory.wrote(destination(2)));
  t.true(memory.wrote(destination(3)));
  t.true(memory.wrote({ ifindex: 8, srcVni: 10010, dst: parseIp('2001:db8::1') }));
  t.false(memory.wrote({ ifindex: 8, srcVni: 0, dst: parseIp('2001:db8::1') }));
  t.deepEqual(first.warnings, []);
});

test('a journal of another boot says nothing of this one', (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'default-destinations'), 'another-boot\n+7 0 10.0.0.1\n');
  t.false(journal(path).memory.wrote(destination(1)));
  t.notRegex(readFileSync(join(path, 'default-destinations'), 'utf8'), /another-boot/);
});

test('a journal belongs to whom its directory belongs, also where root writes it: who goes on with it is not root', (t) => {
  const path = directory(t);
  if (process.getuid?.() === 0) chownSync(path, 4711, 4712);
  journal(path);
  const owner = (file: string) => [statSync(file).uid, statSync(file).gid];
  t.deepEqual(owner(join(path, 'default-destinations')), owner(path));
});

test('a line cut short and lines of nonsense lose only themselves', (t) => {
  const path = directory(t);
  const { clock, memory } = journal(path);
  memory.added(destination(1));
  clock.runUntilIdle();
  appendFileSync(
    join(path, 'default-destinations'),
    '+seven 0 10.0.0.2\n+7 0 10.0.0.999\n+7 0 10.0.0.3\n+7 0 10.0',
  );
  const next = journal(path);
  t.true(next.memory.wrote(destination(1)));
  t.true(next.memory.wrote(destination(3)));
});

test('a journal of much history is shortened at the start', (t) => {
  const path = directory(t);
  const { clock, memory } = journal(path);
  for (let i = 0; i < 100; i++) {
    memory.added(destination(1));
    memory.dropped(destination(1));
  }
  memory.added(destination(2));
  clock.runUntilIdle();
  t.true(journal(path).memory.wrote(destination(2)));
  t.is(readFileSync(join(path, 'default-destinations'), 'utf8').split('\n').length, 3);
});

test('a directory that cannot be written is warned of once and stops nothing', (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'file'), '');
  const { clock, memory, warnings } = journal(join(path, 'file'));
  memory.added(destination(1));
  clock.runUntilIdle();
  memory.added(destination(2));
  clock.runUntilIdle();
  t.true(warnings.length >= 1 && warnings.length <= 2);
});

test('however often destinations come and go, the journal stays short and right', (t) => {
  const path = directory(t);
  const { memory, clock } = journal(path);
  for (let round = 0; round < 1000; round++) {
    for (const last of [1, 2, 3, 4, 5]) memory.added(destination(last));
    for (const last of [2, 3, 4, 5]) memory.dropped(destination(last));
    memory.dropped(destination(1));
    clock.runUntilIdle();
  }
  memory.added(destination(9));
  clock.runUntilIdle();
  const lines = readFileSync(join(path, 'default-destinations'), 'utf8').split('\n');
  t.true(lines.length < 1020, `${lines.length} lines`);
  const next = journal(path).memory;
  t.deepEqual(
    [1, 2, 9].map((last) => next.wrote(destination(last))),
    [false, false, true],
  );
});
