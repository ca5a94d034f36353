import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Client } from '../../src/cli/client.js';
import { HOST, House, OTHER } from '../api/support/house.js';
import { runWith, shellOf } from './support/shell.js';

const HOST_TEXT = '02:00:00:00:00:01';

async function fabric(t: ExecutionContext) {
  const house = await House.build();
  const [here, there] = house.rooms;
  house.speaks(here, HOST);
  house.speaks(there, OTHER);
  return { house, here, there, shell: await shellOf(t, here) };
}

test('a neighbor is shut down with a message, and enabled', async (t) => {
  const { shell, house } = await fabric(t);
  const done = async (...args: string[]) => {
    const { code, out, err } = await shell.run(...args);
    t.is(code, 0, err);
    return out;
  };
  const out = await done('neighbor', 'shutdown', '10.1.0.2', '--message', 'upgrade');
  t.regex(out, /^Shut down +upgrade$/m);
  house.pass();
  t.is(((await shell.json('show', 'neighbor')) as { state: string }[])[0].state, 'Idle');
  t.is((await shell.run('neighbor', 'reset', '10.1.0.2')).code, 1);
  await done('neighbor', 'enable', '10.1.0.2');
  house.clock.advance(20_000);
  t.is(((await shell.json('show', 'neighbor')) as { state: string }[])[0].state, 'Established');
  await done('neighbor', 'refresh', '10.1.0.2');
  await done('neighbor', 'refresh', '--out', '10.1.0.2');
  const reset = await done('neighbor', 'reset', '10.1.0.2', '--json');
  t.is((JSON.parse(reset) as { name: string }).name, '10.1.0.2');
});

test('a request has a connection of its own: evpnd may be closing one that was used before', async (t) => {
  const used = new Set<Socket>();
  const server = createServer(({ socket }, response) => {
    if (used.has(socket)) socket.destroy();
    else response.end('{}');
    used.add(socket);
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  await once(server, 'listening');
  const client = new Client({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  for (let i = 0; i < 3; i++) t.deepEqual(await client.get('/status'), {});
  t.is(used.size, 3);
});

test('commands are refused over TCP, in words that name the socket', async (t) => {
  const { shell } = await fabric(t);
  const { code, err } = await runWith({}, ['--url', shell.url, 'neighbor', 'reset', '10.1.0.2']);
  t.is(code, 1);
  t.regex(err, /use the Unix socket/);
});

test('duplicates are cleared', async (t) => {
  const { shell } = await fabric(t);
  t.deepEqual(await shell.run('clear', 'duplicate', '10010'), { code: 0, out: '0 cleared\n', err: '' });
  t.is((await shell.run('clear', 'duplicate', '10010', '02:00:00:00:00:01')).code, 0);
  t.is((await shell.run('clear', 'duplicate', '10010', '2001:db8::1')).code, 0);
  t.is((await shell.run('clear', 'duplicate', '10010', 'nonsense')).code, 1);
});

test('doctor: 0 where all is well, 1 with the fix where it is not', async (t) => {
  const { shell, here, house } = await fabric(t);
  const well = await shell.run('doctor');
  t.is(well.code, 0, well.out);
  t.regex(well.out, /^ok +1 of 1 neighbors established$/m);
  await shell.run('neighbor', 'shutdown', '10.1.0.2');
  house.pass();
  const down = await shell.run('doctor');
  t.is(down.code, 1, down.out);
  t.regex(down.out, /^error +0 of 1 neighbors established$/m);
  const { problems } = (await here.get('/api/v1/status')) as { problems: { problem: string; fix: string }[] };
  t.true(problems.length > 0);
  for (const { problem, fix } of problems) {
    t.true(down.out.includes(problem), down.out);
    if (fix) t.true(down.out.includes(`fix: ${fix}`), down.out);
  }
  const findings = JSON.parse((await shell.run('doctor', '--json')).out) as { state: string }[];
  t.true(findings.some(({ state }) => state === 'error'));
});

test('watch prints what happens, from a time on, until it has printed so many', async (t) => {
  const { shell, house, here, there } = await fabric(t);
  house.speaks(there, HOST);
  const watching = shell.run('watch', '--since', '10m', '--kind', 'mac-moved,neighbor-down', '--count', '2');
  await shell.run('neighbor', 'shutdown', '10.1.0.2');
  house.pass();
  const { code, out } = await watching;
  t.is(code, 0);
  const [move, down] = out.trim().split('\n');
  t.regex(move, /Z {2}mac-moved {2}10010 {2}MAC 02:00:00:00:00:01 moved from \S+ to 10\.0\.0\.2$/);
  t.regex(down, /Z {2}neighbor-down {2}- {2}session with 10\.1\.0\.2 ended: /);
  t.is(here.speaker.neighbors().length, 1);
  const json = await shell.run('watch', '--since', '10m', '--count', '1', '--json');
  t.is((JSON.parse(json.out) as { kind: string }).kind, 'vni-served');
});

test('show events lists what happened, and refuses a time that is none', async (t) => {
  const { shell, house, there } = await fabric(t);
  house.speaks(there, HOST);
  const { code, out } = await shell.run('show', 'events', '--since', '1h', '--mac', HOST_TEXT);
  t.is(code, 0);
  t.regex(out, /^AT +KIND +VNI +EVENT\n.* mac-moved +10010 +MAC 02:00:00:00:00:01 moved from /);
  t.is((await shell.run('show', 'events', '--vni', '20')).out, 'nothing happened\n');
  const refused = await shell.run('show', 'events', '--since', 'noon');
  t.is(refused.code, 1);
  t.regex(refused.err, /--since: found noon, allowed are a number of seconds or such as 10m, 1h, 2d/);
});

test('the configuration is shown, changed, and changed back', async (t) => {
  const { shell } = await fabric(t);
  const set = await shell.run('config', 'set', 'vnis', '10010', '{import-route-targets: ["65001:7"]}');
  t.deepEqual(set, {
    code: 0,
    out: 'SETTING           BEFORE  AFTER\nevpn.vnis[10010]  -       present\n',
    err: '',
  });
  t.is(
    (await shell.run('config', 'show', 'vnis', '10010')).out,
    'vni: 10010\nimport-route-targets:\n  - 65001:7\n',
  );
  t.is(
    (await shell.run('config', 'show', 'vnis')).out,
    '- vni: 20\n  advertise: false\n- vni: 10010\n  import-route-targets:\n    - 65001:7\n',
  );
  t.is((await shell.run('config', 'show', 'asn')).out, '65001\n');
  t.is((await shell.run('config', 'show', 'peer-groups')).out, '[]\n');
  t.regex((await shell.run('config', 'show')).out, /^asn: 65001\n/);
  const merged = await shell.run('config', 'merge', '--ephemeral', 'log: {level: debug}');
  t.is(
    merged.out,
    'SETTING    BEFORE  AFTER\nlog.level  info    debug\nnot in the file: in effect until a restart or a reload\n',
  );
  t.is((await shell.run('config', 'delete', 'vnis', '10010', '--json')).code, 0);
  const gone = await shell.run('config', 'delete', 'vnis', '10010');
  t.is(gone.code, 1);
  t.regex(gone.err, /vnis: there is none that is known by 10010/);
});

test('a leaf is drained, which lists its hosts, and back', async (t) => {
  const { shell } = await fabric(t);
  const drained = await shell.run('drain', '--ephemeral');
  t.is(drained.code, 0, drained.err);
  t.regex(drained.out, /^drained: 1 of 1 neighbors are told that this leaf goes away\nnot in the file: .*\n/);
  t.regex(drained.out, /\nVNI +LOCAL MACS +LOCAL IPS\n10010 +1 +\d\n$/);
  t.regex((await shell.run('config', 'show')).out, /^drain: true$/m);
  t.deepEqual(await shell.json('drain', '--undo'), { drained: false, saved: true, neighbors: 1, cutOff: [] });
  t.notRegex((await shell.run('config', 'show')).out, /drain/);
});

test('settings with faults are refused, each on a line', async (t) => {
  const { shell } = await fabric(t);
  const { code, err } = await shell.run('config', 'set', 'vnis', '10010', '{rd: x, advertise-svi: true}');
  t.is(code, 1);
  t.regex(err, /would have faults:\n {2}.*rd: found "x".*\n {2}.*did you mean advertise-svi-ip\?\n$/);
  t.regex(
    (await shell.run('config', 'set', 'vnis', '10010', 'rd')).err,
    /the settings: found "rd", allowed are such as/,
  );
  t.regex((await shell.run('config', 'set', 'vnis', '10010', '{')).err, /the settings are no YAML/);
  t.is((await shell.run('config', 'set', '--if-match', 'old', 'vnis', '10010')).code, 1);
});

/** What answers every request so, until the test ends. */
async function answering(t: ExecutionContext, type: string, text: string): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': type });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const HOSTILE = 'gone\u001b[2J\u009b31m\u202e\nneighbor-up';

test('watch says that evpnd has ended, and prints nothing that a terminal interprets', async (t) => {
  const item = { id: '0-1', at: '2030-01-01T00:00:00.000Z', kind: 'neighbor-down', vni: null, text: HOSTILE };
  const url = await answering(t, 'text/event-stream', `data: ${JSON.stringify(item)}\n\n`);
  const { code, out, err } = await runWith({ EVPND_API: url }, ['watch']);
  t.is(code, 1);
  t.is(err, 'evpnctl: evpnd has ended: it stops or starts again\n');
  t.regex(out, /neighbor-down {2}- {2}gone \[2J 31m {2}neighbor-up\n$/);
  const json = await runWith({ EVPND_API: url }, ['watch', '--count', '1', '--json']);
  t.is(json.code, 0);
  t.deepEqual(JSON.parse(json.out), item);
  t.true(json.out.includes('\\u009b31m\\u202e'), 'JSON has all of it, escaped');
});

test('names of devices and words of neighbors do nothing to the terminal that a table is printed on', async (t) => {
  const items = [{ at: '2030-01-01T00:00:00.000Z', kind: 'neighbor-down', vni: null, text: HOSTILE }];
  const url = await answering(t, 'application/json', JSON.stringify({ items, next: null }));
  const { out } = await runWith({ EVPND_API: url }, ['show', 'events']);
  t.regex(out, /gone \[2J 31m/);
  t.notRegex(out.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
  const json = await runWith({ EVPND_API: url }, ['show', 'events', '--json']);
  t.deepEqual(JSON.parse(json.out), items);
  t.notRegex(json.out.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
});

test('a setting that the configuration lacks, and a list that is none, are refused by name', async (t) => {
  const { shell } = await fabric(t);
  t.regex(
    (await shell.run('config', 'show', 'nieghbors')).err,
    /^evpnctl: nieghbors: the configuration has asn, /,
  );
  const { code, err } = await shell.run('config', 'delete', '../neighbors/x?y', '1');
  t.is(code, 1);
  t.regex(err, /list: found "\.\.\/neighbors\/x\?y", allowed is neighbors, /);
});

test('a count that is none is refused', async (t) => {
  for (const count of ['0', 'abc', '-1', '1.5', '']) {
    const { code, err } = await runWith({ EVPND_API: '/nowhere' }, ['watch', `--count=${count}`]);
    t.is(code, 1);
    t.is(err, `evpnctl: --count: found ${count}, allowed is a number from 1\n`);
  }
});
