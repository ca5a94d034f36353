import test from 'ava';
import type { DuplicateItem } from '../../src/api/index.js';
import { DEFAULT_DUPLICATE_SETTINGS } from '../../src/evpn/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { apiOver, fabricModel } from './support/fabric.js';
import { HOST, House, OTHER } from './support/house.js';
import { listening } from './support/listening.js';
import { MemoryCommands } from './support/memory-read-model.js';

const ROOT = '/api/v1/duplicates';

const SETTINGS = { duplicates: { ...DEFAULT_DUPLICATE_SETTINGS, action: 'freeze' as const } };

async function fight(house: House, ...macs: (typeof HOST)[]) {
  for (let i = 0; i < 8; i++) for (const mac of macs) house.speaks(house.rooms[i % 2], mac);
}

test('duplicates are listed, page by page, and cleared: one, then all of the VNI', async (t) => {
  const log = new RecordingLog();
  const house = await House.build({ settings: SETTINGS, log });
  const [here] = house.rooms;
  t.deepEqual(await here.get(ROOT), { items: [], next: null, total: 0 } as never);
  await fight(house, HOST, OTHER);
  const { items, total, next } = (await here.get(`${ROOT}?limit=1`)) as {
    items: DuplicateItem[];
    total: number;
    next: string;
  };
  t.is(total, 2);
  t.like(items[0], { vni: 10010, mac: '02:00:00:00:00:01', ip: null, frozen: true, moves: 5 });
  t.like(await here.get(`${ROOT}?cursor=${next}`), { items: [{ mac: '02:00:00:00:00:02' }], next: null });
  t.like(await here.get('/api/v1/status'), { duplicates: 2 });

  const { unix } = await listening(t, await here.api());
  t.like(await unix('DELETE', `${ROOT}?vni=10010&mac=02-00-00-00-00-01`), {
    status: 200,
    body: { cleared: 1 },
    faults: [],
  });
  t.like(await here.get('/api/v1/explain?vni=10010&mac=02:00:00:00:00:01'), {
    entry: { frozen: false, duplicate: null },
  });
  t.deepEqual((await unix('DELETE', `${ROOT}?vni=10010&mac=02:00:00:00:00:01`)).body, { cleared: 0 });
  t.deepEqual((await unix('DELETE', `${ROOT}?vni=20`)).body, { cleared: 0 });
  t.deepEqual((await unix('DELETE', `${ROOT}?vni=10010&ip=192.0.2.1`)).body, { cleared: 0 });
  t.deepEqual((await unix('DELETE', `${ROOT}?vni=10010`)).body, { cleared: 1 });
  t.deepEqual(await here.get(ROOT), { items: [], next: null, total: 0 } as never);
  t.deepEqual(
    log.lines
      .filter(({ message }) => message === 'command of an operator')
      .map(({ level, facts }) => ({ level, facts })),
    [
      { mac: '02:00:00:00:00:01', cleared: 1 },
      { mac: '02:00:00:00:00:01', cleared: 0 },
      { vni: 20, cleared: 0 },
      { ip: '192.0.2.1', cleared: 0 },
      { cleared: 1 },
    ].map((facts) => ({ level: 'info', facts: { command: 'clear duplicates', vni: 10010, ...facts } })),
  );
});

test('over TCP a command is refused with the cure, and nothing is done', async (t) => {
  const commands = new MemoryCommands();
  const { tcp, unix } = await listening(t, await apiOver(fabricModel(), commands));
  for (const path of [`${ROOT}?vni=10010`, `${ROOT}?vni=none`, ROOT]) {
    const { status, body, faults } = await tcp('DELETE', path);
    t.is(status, 403);
    t.deepEqual(faults, []);
    t.is(body.code, 'unix-socket-only');
    t.true(
      String(body.detail).includes(`curl -X DELETE --unix-socket /run/evpnd/api.sock 'http://evpnd${path}'`),
    );
  }
  t.deepEqual(commands.given, []);
  t.is((await unix('DELETE', `${ROOT}?vni=10010`)).status, 200);
  t.is(commands.given.length, 1);
});

for (const [query, code, detail] of [
  ['', 'missing-parameter', 'vni: not given, allowed is an integer from 1 to 16777215'],
  ['?vni=0', 'invalid-parameter', 'vni: found "0", allowed is an integer from 1 to 16777215'],
  ['?vni=1&mac=x', 'invalid-parameter', 'mac: found "x", allowed is six octets as aa:bb:cc:dd:ee:ff'],
  [
    '?vni=1&mac=02:00:00:00:00:01&ip=192.0.2.1',
    'invalid-parameter',
    'ip: found "192.0.2.1", allowed is mac or ip, or neither for all duplicates of the VNI',
  ],
  ['?vni=1&all=yes', 'unknown-parameter', 'all: allowed is vni, mac, ip'],
] as const)
  test(`DELETE ${query || 'without parameters'}: ${code}`, async (t) => {
    const commands = new MemoryCommands();
    const { unix } = await listening(t, await apiOver(fabricModel(), commands));
    const { body, faults } = await unix('DELETE', `${ROOT}${query}`);
    t.like(body, { status: 400, code, detail });
    t.deepEqual(faults, []);
    t.deepEqual(commands.given, []);
  });
