import test from 'ava';
import { neighborConfig, RecordingLog } from '../bgp/fabric.js';
import { apiOver, fabricModel } from './support/fabric.js';
import { House } from './support/house.js';
import { listening } from './support/listening.js';
import { MemoryCommands } from './support/memory-read-model.js';

const NEIGHBOR = '/api/v1/neighbors/10.1.0.2';
const RESOURCE = '/api/v1/neighbors/{address}';

/** A leaf of two whose session stands, and its API on a Unix socket. */
async function leaf(t: import('ava').ExecutionContext) {
  const log = new RecordingLog();
  const house = await House.build({ log });
  const [here, there] = house.rooms;
  house.speaks(there);
  const { unix } = await listening(t, await here.api());
  const command = async (method: 'POST' | 'DELETE', what: string) => {
    const path = `${NEIGHBOR}/${what}`;
    const answer = await unix(method, path, `${RESOURCE}/${what.split('?')[0]}`);
    t.deepEqual(answer.faults, [], path);
    return answer;
  };
  const remoteMacs = async () =>
    ((await here.get('/api/v1/status')) as { counts: { remoteMacs: number } }).counts.remoteMacs;
  const commands = () => log.lines.filter(({ message }) => message === 'command of an operator');
  return { house, here, there, command, remoteMacs, commands };
}

test.serial('clear: the neighbor reads why, the session is back at once', async (t) => {
  const { house, here, there, command, remoteMacs, commands } = await leaf(t);
  t.is(await remoteMacs(), 1);
  const { status, body } = await command('POST', 'clear?message=new%20policy');
  t.is(status, 200);
  t.like(body, { established: false, lastDown: { reason: 'reset by the operator: new policy' } });
  house.clock.advance(3000);
  t.like(await here.get(NEIGHBOR), { established: true, flaps: 1, idleHold: null });
  t.is(await remoteMacs(), 1);
  const { lastNotificationReceived } = there.speaker.neighbor('10.1.0.1')!;
  t.regex(lastNotificationReceived!.text, /Administrative Reset \(4\): new policy/);
  t.like(commands(), [
    { level: 'info', facts: { command: 'clear neighbor', neighbor: '10.1.0.2', message: 'new policy' } },
  ]);
});

for (const [direction, requests, updates] of [
  ['in', 1, 0],
  ['out', 0, 1],
  ['both', 1, 1],
] as const)
  test.serial(`soft clear ${direction}: the session stays and the routes are exchanged again`, async (t) => {
    const { house, here, there, command, remoteMacs } = await leaf(t);
    // A route of ours for the other to receive again
    house.speaks(here, 0x0200_0000_0005 as never);
    const before = there.speaker.neighbor('10.1.0.1')!.messagesIn;
    t.is((await command('POST', `clear?soft=${direction}`)).status, 200);
    house.clock.advance(1000);
    const after = there.speaker.neighbor('10.1.0.1')!.messagesIn;
    t.is(after.routeRefresh - before.routeRefresh, requests);
    t.is(after.update > before.update, updates > 0);
    t.like(await here.get(NEIGHBOR), { established: true, flaps: 0 });
    t.is(await remoteMacs(), 1);
  });

test.serial('shutdown: the neighbor reads why and stays away, until it is enabled', async (t) => {
  const { house, here, there, command, remoteMacs } = await leaf(t);
  const { status, body } = await command('POST', 'shutdown?message=caf%C3%A9');
  t.is(status, 200);
  t.like(body, { state: 'Idle', shutdown: { message: 'café' }, idleHold: null });
  const { since } = body.shutdown as { since: string };
  const { lastDown } = body;
  house.clock.advance(120_000);
  t.like(await here.get(NEIGHBOR), { state: 'Idle', shutdown: { message: 'café' }, failedAttempts: 0 });
  t.is(await remoteMacs(), 0);
  t.like(await here.get('/api/v1/status'), {
    problems: [{ severity: 'error', problem: 'neighbor 10.1.0.2: shut down by an operator' }],
  });
  // The other side is told at each of its attempts
  const told = there.speaker.neighbor('10.1.0.1')!;
  t.regex(told.lastNotificationReceived!.text, /Administrative Shutdown \(2\): café/);
  t.true(told.failedAttempts > 10);
  // What cannot be done meanwhile
  t.like(await command('POST', 'clear'), { status: 409, body: { code: 'neighbor-shut-down' } });
  t.like(await command('POST', 'clear?soft=in'), { status: 409, body: { code: 'no-session' } });
  // Another shutdown changes the words alone
  t.like(await command('POST', 'shutdown'), { body: { shutdown: { message: '', since } } });
  t.like(await here.get(NEIGHBOR), { lastDown, state: 'Idle' });

  t.like(await command('DELETE', 'shutdown'), { status: 200, body: { shutdown: null } });
  house.clock.advance(1000);
  t.like(await here.get(NEIGHBOR), { established: true, shutdown: null });
  t.is(await remoteMacs(), 1);
  // Enabling one that is not shut down changes nothing
  t.like(await command('DELETE', 'shutdown'), { status: 200, body: { established: true, flaps: 1 } });
});

test.serial('shutdown by the setting: no command undoes it, and the file does', async (t) => {
  const { house, here, there, command } = await leaf(t);
  const configure = (shutdown: string | undefined) =>
    here.speaker.reconfigure({
      asn: 65001,
      routerId: 0x0a010001,
      listen: [{ address: '10.1.0.1', port: 179 }],
      neighbors: [neighborConfig('10.1.0.2', 65002, { shutdown })],
    });
  await configure('new spine');
  t.like(await here.get(NEIGHBOR), {
    state: 'Idle',
    shutdown: { message: 'new spine', by: 'setting' },
    lastDown: { reason: 'shut down by the operator: new spine' },
  });
  house.clock.advance(10_000);
  const { lastNotificationReceived } = there.speaker.neighbor('10.1.0.1')!;
  t.regex(lastNotificationReceived!.text, /Administrative Shutdown \(2\): new spine/);
  t.like(await here.get('/api/v1/status'), {
    problems: [
      {
        severity: 'error',
        problem: 'neighbor 10.1.0.2: shut down by its setting',
        fix: 'take `shutdown` of the neighbor out and reload',
      },
    ],
  });
  for (const [method, what] of [
    ['DELETE', 'shutdown'],
    ['POST', 'clear'],
  ] as const)
    t.like(await command(method, what), { status: 409, body: { code: 'shut-down-by-setting' } });
  t.like(await command('POST', 'shutdown?message=mine'), {
    status: 200,
    body: { shutdown: { message: 'mine', by: 'setting' } },
  });
  // The command's word stands when the setting's is gone
  await configure(undefined);
  t.like(await here.get(NEIGHBOR), { state: 'Idle', shutdown: { message: 'mine', by: 'command' } });
  t.like(await command('DELETE', 'shutdown'), { status: 200, body: { shutdown: null } });
  house.clock.advance(2000);
  t.like(await here.get(NEIGHBOR), { established: true });
  await configure('');
  t.like(await here.get(NEIGHBOR), { state: 'Idle', shutdown: { message: '', by: 'setting' } });
  await configure(undefined);
  house.clock.advance(2000);
  t.like(await here.get(NEIGHBOR), { established: true, shutdown: null });
});

for (const [method, what, status, code, detail] of [
  ['POST', 'clear?soft=IN', 400, 'invalid-parameter', 'soft: found "IN", allowed is in, out or both'],
  ['POST', 'clear?soft=in&message=x', 400, 'invalid-parameter', 'message: found "x", allowed is no message'],
  ['POST', `shutdown?message=${'%C3%A9'.repeat(128)}`, 400, 'invalid-parameter', 'message: found "éé'],
  ['DELETE', 'shutdown?message=x', 400, 'unknown-parameter', 'message: allowed is no parameter here'],
] as const)
  test.serial(`${method} ${what.slice(0, 40)}: ${code}`, async (t) => {
    const { here, command } = await leaf(t);
    const { status: found, body } = await command(method, what);
    t.is(found, status);
    t.is(body.code, code);
    t.true(String(body.detail).startsWith(detail), String(body.detail));
    t.like(await here.get(NEIGHBOR), { established: true, flaps: 0 });
  });

test.serial('a neighbor that is not configured, and an address that is none', async (t) => {
  const { here } = await leaf(t);
  const { unix } = await listening(t, await here.api());
  for (const [method, what] of [
    ['POST', 'clear'],
    ['POST', 'clear?soft=out'],
    ['POST', 'shutdown'],
    ['DELETE', 'shutdown'],
  ] as const) {
    const resource = `${RESOURCE}/${what.split('?')[0]}`;
    t.like(await unix(method, `/api/v1/neighbors/10.1.0.9/${what}`, resource), {
      status: 404,
      body: { code: 'no-such-neighbor' },
      faults: [],
    });
    t.like(await unix(method, `/api/v1/neighbors/10.1.0/${what}`, resource), { status: 400, faults: [] });
  }
});

test.serial('over TCP each is refused with the cure, and nothing is done', async (t) => {
  const commands = new MemoryCommands();
  const { tcp, unix } = await listening(t, await apiOver(fabricModel(), commands));
  for (const [method, what] of [
    ['POST', 'clear'],
    ['POST', 'shutdown'],
    ['DELETE', 'shutdown'],
  ] as const) {
    const { status, body, faults } = await tcp(method, `${NEIGHBOR}/${what}`, `${RESOURCE}/${what}`);
    t.is(status, 403);
    t.deepEqual(faults, []);
    t.regex(String(body.detail), new RegExp(`curl -X ${method} --unix-socket`));
  }
  t.is(commands.neighborCommands, 0);
  await unix('POST', `${NEIGHBOR}/clear`, `${RESOURCE}/clear`);
  t.is(commands.neighborCommands, 1);
});
