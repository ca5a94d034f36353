import test from 'ava';
import { EventLog, type EventRecord } from '../../src/events/index.js';
import { parseIp, parseMac, toVni } from '../../src/types/index.js';

const vni = toVni(10);
const moved = (sequence: number) => ({
  kind: 'mac-moved' as const,
  vni,
  mac: parseMac('02:00:00:00:00:01'),
  from: { device: 'swp1' },
  to: { vtep: parseIp('192.0.2.1') },
  sequence,
});
const up = (neighbor: string) => ({ kind: 'neighbor-up' as const, neighbor, remoteAs: 65001 });

function made() {
  let now = 1000;
  const log = new EventLog({ wallTime: () => now++ }, { leaf: 2, hosts: 3, rows: 1 });
  const ids = (after = 0): number[] => [...log.after(after)].map(({ id }: EventRecord) => id);
  return { log, ids };
}

test('events of all classes are told in the order in which they happened, behind a number', (t) => {
  const { log, ids } = made();
  t.is(log.lastId, 0);
  t.deepEqual(ids(), []);
  log.push(moved(1));
  log.push(up('192.0.2.9'));
  log.push(moved(2));
  t.deepEqual(ids(), [1, 2, 3]);
  t.deepEqual(ids(1), [2, 3]);
  t.deepEqual(ids(3), []);
  t.deepEqual([...log.after(1)][0], { id: 2, at: 1001, event: up('192.0.2.9') });
  t.is(log.lastId, 3);
});

test('a class that is full loses its oldest events and none of another class, and says so', (t) => {
  const { log, ids } = made();
  log.push(up('192.0.2.9'));
  for (let sequence = 1; sequence <= 3; sequence++) log.push(moved(sequence));
  t.is(log.lostAfter(0), undefined);
  for (let sequence = 4; sequence <= 8; sequence++) log.push(moved(sequence));
  t.deepEqual(ids(), [1, 7, 8, 9]);
  t.is(log.lostAfter(0)?.id, 6, 'the latest that had to go');
  t.is(log.lostAfter(5)?.id, 6);
  t.is(log.lostAfter(6), undefined);
  t.deepEqual(ids(7), [8, 9]);
});

test('a follower is called at each event until it leaves', (t) => {
  const { log } = made();
  let called = 0;
  const leave = log.follow(() => called++);
  log.push(moved(1));
  log.push(moved(2));
  leave();
  log.push(moved(3));
  t.is(called, 2);
});

test('whoever walks the events while others are pushed is told each that is kept once, in order', (t) => {
  const { log } = made();
  log.push(moved(1));
  log.push(moved(2));
  log.push(moved(3));
  const seen: number[] = [];
  for (const { id } of log.after(0)) {
    seen.push(id);
    if (id <= 2) log.push(moved(3 + id));
  }
  t.deepEqual(seen, [1, 2, 3, 4, 5]);
});
