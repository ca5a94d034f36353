import { mkdtemp, rm } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { FastifyInstance } from 'fastify';
import { type EventItem, listenApi } from '../../src/api/index.js';
import type { LeafEvent } from '../../src/events/index.js';
import { parseIp, parseMac, toVni } from '../../src/types/index.js';
import { apiOver } from './support/fabric.js';
import { House } from './support/house.js';
import { MemoryReadModel } from './support/memory-read-model.js';

const RECENT = '/api/v1/events/recent';
const vni = toVni(10010);
const MAC = '02:00:00:00:00:01';
const moved = (sequence: number): LeafEvent => ({
  kind: 'mac-moved',
  vni,
  mac: parseMac(MAC),
  from: { device: 'swp1' },
  to: { vtep: parseIp('192.0.2.2') },
  sequence,
});

interface Reader {
  readonly status: number;
  /** Blocks of the stream that have come, without comments. */
  readonly blocks: string[];
  /** Resolves when so many have come. */
  until(count: number): Promise<string[]>;
  readonly ended: Promise<void>;
  leave(): void;
  pause(): void;
  resume(): void;
}

/** Serves the application until the test ends, and follows events with it. */
async function served(t: ExecutionContext, api: FastifyInstance) {
  const folder = await mkdtemp(join(tmpdir(), 'evpnd-events-'));
  const unixSocket = join(folder, 'api.sock');
  const listener = await listenApi(api, { unixSocket, tcp: [{ host: '127.0.0.1', port: 0 }] });
  const close = async () => {
    await Promise.all([listener.close(), api.close()]);
    await rm(folder, { recursive: true, force: true });
  };
  t.teardown(close);
  const follow = (
    query = '',
    headers: Record<string, string> = {},
    to: RequestOptions = listener.tcp[0] as RequestOptions,
  ): Promise<Reader> =>
    new Promise((resolve, reject) => {
      const call = request({ ...to, path: `/api/v1/events${query}`, agent: false, headers }, (answer) => {
        const blocks: string[] = [];
        let text = '';
        let woken = () => {};
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          const parts = (text + chunk).split('\n\n');
          text = parts.pop() ?? '';
          blocks.push(...parts.filter((part) => !part.startsWith(':')));
          woken();
        });
        answer.on('error', () => {});
        resolve({
          status: answer.statusCode ?? 0,
          blocks,
          until: async (count) => {
            while (blocks.length < count) await new Promise<void>((wake) => (woken = wake));
            return blocks;
          },
          ended: new Promise((end) => answer.on('end', end)),
          leave: () => call.destroy(),
          pause: () => answer.pause(),
          resume: () => answer.resume(),
        });
      });
      call.on('error', reject);
      call.end();
    });
  const overUnix = () => follow('', {}, { socketPath: unixSocket });
  return { follow, overUnix, close };
}

const dataOf = (block: string): EventItem => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '');

test('moves, duplicates and VNIs of a running leaf are listed, and by MAC, kind and VNI', async (t) => {
  const house = await House.build();
  const [here] = house.rooms;
  house.speaks(here);
  house.speaks(house.rooms[1]);
  const { items } = (await here.get(RECENT)) as unknown as { items: EventItem[] };
  t.deepEqual(
    items.map(({ kind }) => kind),
    ['vni-served', 'neighbor-up', 'mac-moved'],
  );
  t.like(items[2], {
    vni: 10010,
    mac: MAC,
    ip: null,
    from: { vtep: null },
    to: { device: null, vtep: '10.0.0.2' },
    sequence: 1,
  });
  t.regex(items[2].text, /^MAC 02:00:00:00:00:01 moved from \S+ to 10\.0\.0\.2$/);
  const kinds = async (query: string) =>
    ((await here.get(`${RECENT}?${query}`)) as unknown as { items: EventItem[] }).items.map(
      ({ kind }) => kind,
    );
  t.deepEqual(await kinds('kind=vni-served,mac-moved'), ['vni-served', 'mac-moved']);
  t.deepEqual(await kinds('neighbor=10.1.0.2'), ['neighbor-up']);
  t.deepEqual(await kinds(`mac=${MAC.replaceAll(':', '-')}`), ['mac-moved']);
  t.deepEqual(await kinds('mac=02:00:00:00:00:09'), []);
  t.deepEqual(await kinds('vni=20'), []);
  house.clock.advance(60_000);
  t.deepEqual(await kinds('since=10'), []);
  t.deepEqual(await kinds('since=600'), ['vni-served', 'neighbor-up', 'mac-moved']);
});

test('a kind that does not exist is refused with those that do', async (t) => {
  const api = await apiOver(new MemoryReadModel());
  for (const path of [RECENT, '/api/v1/events']) {
    const answer = await api.inject(`${path}?kind=mac-moved,moved`);
    t.is(answer.statusCode, 400);
    t.regex(answer.json().detail, /^kind: found "moved", allowed is a list of neighbor-up, /);
  }
  t.regex(
    (await api.inject('/api/v1/events?after=yesterday')).json().detail,
    /^after: found "yesterday", allowed is the `id` of an event/,
  );
});

test('the list is read page by page', async (t) => {
  const model = new MemoryReadModel();
  for (let sequence = 1; sequence <= 5; sequence++) model.happened.push(moved(sequence));
  const api = await apiOver(model);
  const seen: (number | null)[] = [];
  let cursor = '';
  do {
    const { items, next } = (await api.inject(`${RECENT}?limit=2${cursor}`)).json();
    seen.push(...items.map((item: EventItem) => item.sequence));
    cursor = next === null ? '' : `&cursor=${next}`;
  } while (cursor !== '');
  t.deepEqual(seen, [1, 2, 3, 4, 5]);
});

test('whoever follows the events is told those that happen from then on, chosen by the filter', async (t) => {
  const model = new MemoryReadModel();
  const { follow } = await served(t, await apiOver(model));
  model.happened.push(moved(1));
  const reader = await follow('?kind=mac-moved');
  t.is(reader.status, 200);
  await reader.until(1);
  model.happened.push({ kind: 'neighbor-up', neighbor: '192.0.2.1', remoteAs: 65001 });
  model.happened.push(moved(2));
  const [hello, event] = await reader.until(2);
  t.is(hello, 'retry: 2000');
  t.regex(event, /^id: 0-3\nevent: mac-moved\ndata: \{/);
  t.like(dataOf(event), { id: '0-3', sequence: 2 });
  reader.leave();
});

test('whoever comes back is told what it has missed, and that some of it is kept no longer', async (t) => {
  const model = new MemoryReadModel();
  const { follow } = await served(t, await apiOver(model));
  for (let sequence = 1; sequence <= 3; sequence++) model.happened.push(moved(sequence));
  const again = await follow('', { 'last-event-id': '0-1' });
  t.deepEqual(
    (await again.until(3)).slice(1).map((block) => dataOf(block).sequence),
    [2, 3],
  );
  again.leave();

  const afterRestart = await follow('?after=abc-77');
  const blocks = await afterRestart.until(5);
  t.regex(blocks[1], /^event: lost\n/);
  t.deepEqual(
    blocks.slice(2).map((block) => dataOf(block).sequence),
    [1, 2, 3],
  );
  afterRestart.leave();

  for (let sequence = 4; sequence <= 9000; sequence++) model.happened.push(moved(sequence));
  const late = await follow('?after=0-2');
  const [, lost, first] = await late.until(3);
  t.regex(lost, /^event: lost\n/);
  t.is(dataOf(first).sequence, 9000 - 8192 + 1);
  late.leave();
});

test('a flood of moves takes no session from whoever comes back, and is nothing to whoever asks for sessions alone', async (t) => {
  const model = new MemoryReadModel();
  const { follow } = await served(t, await apiOver(model));
  model.happened.push(moved(1));
  for (let sequence = 2; sequence <= 5000; sequence++) model.happened.push(moved(sequence));
  model.happened.push({ kind: 'neighbor-down', neighbor: '192.0.2.1', reason: 'hold time' });
  for (let sequence = 5001; sequence <= 20_000; sequence++) model.happened.push(moved(sequence));
  for (const query of ['?after=0-1', '?since=600']) {
    const all = await follow(query);
    const [, lost, down, next] = await all.until(4);
    t.regex(lost, /^event: lost\n/);
    t.is(dataOf(down).kind, 'neighbor-down');
    t.is(dataOf(next).sequence, 20_000 - 8192 + 1);
    all.leave();
  }
  const sessions = await follow('?after=0-1&kind=neighbor-down');
  t.is(dataOf((await sessions.until(2))[1]).kind, 'neighbor-down');
  sessions.leave();
});

test('whoever leaves before the request is answered takes no place', async (t) => {
  const api = await apiOver(new MemoryReadModel());
  let open = (_: typeof api) => {};
  const answering = new Promise<typeof api>((resolve) => (open = resolve));
  const listener = await listenApi(answering, {
    unixSocket: undefined,
    tcp: [{ host: '127.0.0.1', port: 0 }],
  });
  t.teardown(async () => {
    await Promise.all([listener.close(), api.close()]);
  });
  let left = 0;
  await Promise.all(
    Array.from(
      { length: 16 },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(listener.tcp[0].port, '127.0.0.1', () => {
            socket.write('GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n', () =>
              setImmediate(() => socket.resetAndDestroy()),
            );
          });
          socket.on('close', () => {
            left++;
            resolve();
          });
        }),
    ),
  );
  t.is(left, 16);
  // The server hears of it a turn or some later
  await new Promise((resolve) => setTimeout(resolve, 200));
  open(api);
  const status = await new Promise((resolve, reject) => {
    const call = request({ ...listener.tcp[0], path: '/api/v1/events', agent: false }, (answer) => {
      resolve(answer.statusCode);
      call.destroy();
    });
    call.on('error', reject);
    call.end();
  });
  t.is(status, 200);
});

test('a reader that does not read costs nothing, and reads on where it can', async (t) => {
  const model = new MemoryReadModel();
  const { follow } = await served(t, await apiOver(model));
  const slow = await follow();
  await slow.until(1);
  slow.pause();
  const before = process.memoryUsage().external;
  for (let round = 0; round < 100; round++) {
    for (let i = 1; i <= 500; i++) model.happened.push(moved(round * 500 + i));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.true(process.memoryUsage().external - before < 16 << 20);
  slow.resume();
  model.happened.push(moved(77_777));
  while (!slow.blocks.at(-1)?.includes('77777')) await new Promise((resolve) => setTimeout(resolve, 5));
  const sequences = slow.blocks
    .filter((block) => block.startsWith('id: '))
    .map((block) => dataOf(block).sequence ?? 0);
  t.deepEqual(
    sequences,
    [...sequences].sort((a, b) => a - b),
  );
  t.true(
    slow.blocks.some((block) => block.startsWith('event: lost')),
    'what was kept no longer is not passed over in silence',
  );
  slow.leave();
});

test('readers beyond the twelfth over TCP, and the sixteenth of all, are refused, until one leaves', async (t) => {
  const { follow, overUnix } = await served(t, await apiOver(new MemoryReadModel()));
  const readers = await Promise.all(Array.from({ length: 12 }, () => follow()));
  t.is((await follow()).status, 503);
  readers.push(...(await Promise.all(Array.from({ length: 4 }, () => overUnix()))));
  t.deepEqual([...new Set(readers.map(({ status }) => status))], [200]);
  t.is((await overUnix()).status, 503);
  readers[0].leave();
  let status = 503;
  while (status !== 200) ({ status } = await follow());
  t.is(status, 200);
  for (const reader of readers.slice(1)) reader.leave();
});

test('when evpnd stops the stream ends at once', async (t) => {
  const { follow, close } = await served(t, await apiOver(new MemoryReadModel()));
  const reader = await follow();
  await reader.until(1);
  await close();
  await reader.ended;
  t.pass();
});
