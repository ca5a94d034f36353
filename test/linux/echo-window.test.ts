import test from 'ava';
import { Ntf, Nud, type Operation, type RouteRow } from '../../src/dataplane/index.js';
import { AF_BRIDGE, AF_INET } from '../../src/linux/constants.js';
import type { Hidden } from '../../src/linux/echo-filter.js';
import { EchoWindow } from '../../src/linux/echo-window.js';
import { type NeighMessage, newNeighMessage } from '../../src/linux/neigh-codec.js';
import { type Ipv4, type Mac, parseIp, prefixKey } from '../../src/types/index.js';

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
    port: 77,
    reread: (_operation, row) => asked.push(Number(row.mac) - FIRST),
    rereadRoutes() {},
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
    hide: (hidden) => {
      ends.push(hidden?.ends ?? false);
      return true;
    },
    port: 77,
    reread() {},
    rereadRoutes() {},
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
  t.deepEqual([...new Set(ends)], [false], 'the end of a neighbor is known by itself');
  t.deepEqual([...window.endsUnheard], []);
  window.begin(deletes(300), true);
  t.true(ends.at(-1));
  t.deepEqual([...window.endsUnheard], [DEVICE, 8], 'of whatever is hidden');
  const filters = ends.length;
  window.begin(deletes(40), true);
  window.begin(neighs, true);
  t.is(ends.length, filters, 'and as long as rows are removed and nothing else is written');
  window.begin(batch(0), true);
  t.false(ends.at(-1), 'and heard again with the next batch');
});

test('of neighbors that go many at once the failing that our own socket brings about is hidden', (t) => {
  const ports: (number | undefined)[] = [];
  const window = new EchoWindow({
    hide: (hidden) => ports.push(hidden?.failuresOf) > 0,
    port: PORT,
    reread() {},
    rereadRoutes() {},
  });
  const neighs = (verb: 'add' | 'delete', count: number): Operation[] =>
    Array.from({ length: count }, (_, i) => ({
      table: 'neigh',
      verb,
      ifindex: 8,
      ip: parseIp(`192.0.2.${i}`),
      mac: FIRST as Mac,
      router: false,
    }));
  window.begin(neighs('add', 40), true);
  t.deepEqual(ports, [undefined]);
  window.begin([...neighs('add', 40), ...neighs('delete', 20)], true);
  t.deepEqual(ports, [undefined], 'so few are heard');
  window.begin(neighs('delete', 40), true);
  t.deepEqual(ports, [undefined, PORT]);
  window.begin(neighs('add', 40), true);
  t.deepEqual(ports, [undefined, PORT], 'the filter stays while the window is open');
  t.deepEqual([...window.endsUnheard], [], 'nothing goes unheard that would have to be read again');
});

const PORT = 77;
const routesOf = (count: number): Operation[] =>
  Array.from({ length: count }, (_, i) => ({
    table: 'route',
    verb: 'add',
    tableId: 254,
    prefix: prefixKey((0x14_00_00_00 + (i << 8)) as Ipv4, 24),
    metric: 20,
    nexthopId: 9,
    replaces: false,
  }));
const routeRow = (i: number): RouteRow => ({
  tableId: 254,
  prefix: prefixKey((0x14_00_00_00 + (i << 8)) as Ipv4, 24),
  metric: 20,
  protocol: 69,
  nexthopId: 8,
});

/** A window, what it hides, and how often it asked for all routes. */
function ofRoutes({ port }: { port: number | undefined } = { port: PORT }) {
  const hidden: (Hidden | undefined)[] = [];
  const seen = { rereads: 0 };
  const window = new EchoWindow({
    hide: (what) => hidden.push(what) > 0,
    port,
    reread() {},
    rereadRoutes: () => seen.rereads++,
  });
  return { window, hidden, seen };
}

test('of routes our own changes alone are hidden, where there are many, or a group that many may lead to is another', (t) => {
  const { window, hidden } = ofRoutes();
  t.false(window.begin(routesOf(5), true));
  t.true(window.begin(routesOf(100), true));
  t.true(window.begin(routesOf(100), true), 'the filter that stands will do');
  t.deepEqual(
    hidden.map((what) => what?.routesOf),
    [PORT],
  );
  window.end();
  t.true(window.begin([{ table: 'nexthop-group', verb: 'add', id: 9, members: [1], replaces: true }], true));
  t.false(
    ofRoutes({ port: undefined }).window.begin(routesOf(100), true),
    'the kernel has not named our port yet',
  );
});

test('what others say of a route that was just written has all routes read, our own older word is passed over', (t) => {
  const { window, seen } = ofRoutes();
  window.begin(routesOf(100), true);
  t.true(window.heardRoute(routeRow(500), 1), 'not written');
  t.false(window.heardRoute(routeRow(5), PORT));
  window.drained();
  t.is(seen.rereads, 0);
  window.begin(routesOf(100), true);
  t.true(window.heardRoute(routeRow(5), 1));
  t.true(window.heardRoute(routeRow(6), 0));
  window.drained();
  window.drained();
  t.is(seen.rereads, 1);
  t.true(
    window.heardRoute(routeRow(5), PORT),
    'what comes after the queue was empty is newer than what we wrote',
  );
});
