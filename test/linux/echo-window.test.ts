import test from 'ava';
import { Ntf, Nud, type Operation } from '../../src/dataplane/index.js';
import { AF_BRIDGE, AF_INET } from '../../src/linux/constants.js';
import { EchoWindow } from '../../src/linux/echo-window.js';
import { type NeighMessage, newNeighMessage } from '../../src/linux/neigh-codec.js';
import { type Mac, parseIp } from '../../src/types/index.js';

const DEVICE = 7;
const FIRST = 0x02_00_00_00_00_00;
const batch = (from: number): Extract<Operation, { table: 'fdb' }>[] =>
  Array.from({ length: 40 }, (_, i) => ({
    table: 'fdb',
    verb: 'add',
    port: DEVICE,
    vlan: 0,
    srcVni: 0,
    mac: (FIRST + from + i) as Mac,
    dst: parseIp('192.0.2.1'),
  }));
const bridgeRow = (mac: number): NeighMessage => ({
  ...newNeighMessage(),
  family: AF_BRIDGE,
  ifindex: 9,
  master: 3,
  flags: Ntf.MASTER,
  mac: (FIRST + mac) as Mac,
});

/** A window, and the MACs whose rows it asked for. */
function opened(): { window: EchoWindow; asked: number[] } {
  const asked: number[] = [];
  const window = new EchoWindow({
    hide: () => true,
    reread: (_operation, row) => asked.push(Number(row.mac) - FIRST),
  });
  return { window, asked };
}

test('what is heard of a key that was written is asked for once the queue has been emptied', (t) => {
  const { window, asked } = opened();
  t.true(window.begin(batch(0), true));
  t.true(window.begin(batch(100), true));
  for (const mac of [5, 105, 50]) window.heard(bridgeRow(mac), false);
  t.deepEqual(asked, []);
  window.drained();
  t.deepEqual(asked, [5, 105]);
  window.heard(bridgeRow(6), false);
  window.drained();
  t.deepEqual(asked, [5, 105]);
});

test('a batch whose devices are too many beside those that are hidden is not admitted', (t) => {
  const { window } = opened();
  t.false(window.admits(batch(0)), 'nothing is hidden');
  window.begin(batch(0), true);
  t.true(window.admits(batch(100)));
  const devices = (count: number) =>
    batch(0)
      .flatMap((operation) =>
        Array.from({ length: 6 }, (_, n) => ({
          ...operation,
          port: 100 + n * 40 + Number(operation.mac) - FIRST,
        })),
      )
      .filter(({ port }) => port < 100 + count);
  t.true(window.admits(devices(239)));
  t.false(window.admits(devices(240)));
  window.end();
  t.false(window.admits(batch(100)));
});

test('with the queue empty amid two batches only the later one is in doubt', (t) => {
  const { window, asked } = opened();
  window.begin(batch(0), true);
  window.begin(batch(100), true);
  window.empty(1);
  for (const mac of [5, 105]) window.heard(bridgeRow(mac), false);
  window.drained();
  t.deepEqual(asked, [105]);
  // Nothing is forgotten of fewer batches
  window.begin(batch(200), true);
  window.empty(1);
  window.heard(bridgeRow(205), false);
  window.drained();
  t.deepEqual(asked, [105, 205]);
});

test('a row that was deleted and is heard to be gone is not asked for, one that was written and is gone is', (t) => {
  const { window, asked } = opened();
  const neighs = Array.from(
    { length: 40 },
    (_, i): Operation => ({
      table: 'neigh',
      verb: 'delete',
      ifindex: DEVICE,
      ip: parseIp(`192.0.2.${i}`),
      mac: (FIRST + i) as Mac,
      router: false,
    }),
  );
  const neigh = (i: number, state: number): NeighMessage => ({
    ...newNeighMessage(),
    family: AF_INET,
    ifindex: DEVICE,
    dst: parseIp(`192.0.2.${i}`),
    state,
    mac: (FIRST + i) as Mac,
  });
  window.begin(neighs, true);
  for (let i = 0; i < 40; i++) {
    window.heard(neigh(i, Nud.FAILED), false);
    window.heard(neigh(i, 0), true);
  }
  // Somebody else's, between two notifications of ours
  window.heard(neigh(7, Nud.REACHABLE), false);
  window.drained();
  t.deepEqual(asked, [7]);
  window.begin(batch(0), true);
  window.heard(bridgeRow(3), true);
  window.begin(
    batch(0).map((operation) => ({ ...operation, verb: 'delete' as const })),
    true,
  );
  window.heard(bridgeRow(4), true);
  window.drained();
  t.deepEqual(asked, [7, 3], 'the latest write of a key decides');
});

test('a key that is heard many times is asked for once', (t) => {
  const { window, asked } = opened();
  window.begin(batch(0), true);
  for (let times = 0; times < 100; times++) window.heard(bridgeRow(5), false);
  window.drained();
  t.deepEqual(asked, [5]);
});

test('what others remove is heard while we write, and not of FDB rows while we remove many ourselves', (t) => {
  const ends: boolean[] = [];
  const window = new EchoWindow({
    hide: (_devices, hidesEnds) => {
      ends.push(hidesEnds);
      return true;
    },
    reread() {},
  });
  const deletes = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...batch(i)[0], verb: 'delete' as const }));
  const neighs = Array.from(
    { length: 300 },
    (_, i): Operation => ({
      table: 'neigh',
      verb: 'delete',
      ifindex: 8,
      ip: parseIp(`192.0.2.${i % 250}`),
      mac: FIRST as Mac,
      router: false,
    }),
  );
  window.begin(batch(0), true);
  window.begin([...batch(0), ...deletes(100), ...neighs], true);
  t.deepEqual([...new Set(ends)], [false]);
  t.deepEqual([...window.endsUnheard], []);
  window.begin(deletes(300), true);
  t.true(ends.at(-1));
  t.deepEqual([...window.endsUnheard], [DEVICE, 8], 'of whatever is hidden');
  window.begin(batch(0), true);
  t.false(ends.at(-1), 'and heard again with the next batch');
});
