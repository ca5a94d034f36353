import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { FastifyInstance } from 'fastify';
import { listenApi } from '../../src/api/index.js';
import { RecordingLog } from '../bgp/fabric.js';
import { apiOver, fabricModel } from './support/fabric.js';
import { answering } from './support/listening.js';
import { MemoryConfiguration } from './support/memory-configuration.js';
import { MemoryCommands } from './support/memory-read-model.js';

async function scene(t: Parameters<typeof answering>[0], text?: string) {
  const configuration = new MemoryConfiguration(text);
  const log = new RecordingLog();
  const api: FastifyInstance = await apiOver(fabricModel(), new MemoryCommands(), log, configuration);
  return { configuration, log, api, ...(await answering(t, api)) };
}

const VNI = '/api/v1/config/vnis/10010';

test('a VNI is put, read, put again and deleted: the file has it, and comments stay', async (t) => {
  const { configuration, unix, api, log } = await scene(t);
  const made = await unix('PUT', VNI, { 'import-route-targets': ['65001:7'] });
  t.is(made.status, 200, JSON.stringify(made.body));
  t.like(made.body, {
    saved: true,
    changes: [{ key: 'evpn.vnis[10010]', before: null, after: 'present' }],
    waitsForRestart: [],
  });
  t.is(made.headers.etag, `"${made.body.etag}"`);
  t.is(
    configuration.onDisk,
    'asn: 65001\nrouter-id: 10.0.0.1\nneighbors: [] # none yet\nevpn:\n  vnis:\n    - vni: 10010\n      import-route-targets:\n        - 65001:7\n',
  );
  t.true(configuration.taken.at(-1)?.evpn.vnis.has(10010 as never));
  const again = await unix('PUT', VNI, { vni: 10010, 'import-route-targets': ['65001:7'] });
  t.deepEqual([again.status, again.body.changes], [200, []]);
  const read = await api.inject(VNI);
  t.like(read.json(), { saved: true, item: { vni: 10010, 'import-route-targets': ['65001:7'] } });
  t.like((await api.inject('/api/v1/config')).json(), {
    configuration: { asn: 65001, evpn: { vnis: [{ vni: 10010, 'import-route-targets': ['65001:7'] }] } },
  });
  const gone = await unix('DELETE', VNI);
  t.like(gone.body, { changes: [{ key: 'evpn.vnis[10010]', before: 'present', after: null }] });
  t.is((await api.inject(VNI)).statusCode, 404);
  t.is((await unix('DELETE', VNI)).status, 404);
  t.deepEqual(
    log.lines
      .filter(({ message }) => message === 'command of an operator')
      .map(({ facts }) => (facts as { command: string }).command),
    [`PUT ${VNI}`, `PUT ${VNI}`, `DELETE ${VNI}`],
  );
});

test('an ephemeral change is in effect and not in the file; what is saved later does not save it', async (t) => {
  const { configuration, unix, api } = await scene(t);
  const before = configuration.onDisk;
  const made = await unix('PATCH', '/api/v1/config?ephemeral=true', { log: { level: 'debug' } });
  t.like(made.body, { saved: false, changes: [{ key: 'log.level', before: 'info', after: 'debug' }] });
  t.is(configuration.onDisk, before);
  t.is(configuration.taken.at(-1)?.log.level, 'debug');
  const saved = await unix('PUT', '/api/v1/config/neighbors/10.1.1.0', { 'remote-as': 'external' });
  t.like(saved.body, { saved: false });
  t.is(
    configuration.onDisk,
    'asn: 65001\nrouter-id: 10.0.0.1\nneighbors: [ { address: 10.1.1.0, remote-as: external } ] # none yet\n',
  );
  t.is(configuration.taken.at(-1)?.log.level, 'debug', 'it stays in effect');
  t.is(configuration.taken.at(-1)?.neighbors.length, 1);
  configuration.reloaded();
  t.like((await api.inject('/api/v1/config')).json(), { saved: true });
  t.is((await api.inject('/api/v1/config')).json().configuration.log, undefined);
});

test('with an etag a change is made of that content alone', async (t) => {
  const { unix, api, configuration } = await scene(t);
  const { etag } = (await api.inject('/api/v1/config')).headers;
  t.is((await unix('PUT', VNI, {}, { 'if-match': String(etag) })).status, 200);
  const late = await unix('PUT', '/api/v1/config/vnis/20', {}, { 'if-match': String(etag) });
  t.is(late.status, 412);
  t.is(late.body.code, 'wrong-etag');
  t.is(configuration.taken.length, 1);
  t.is((await unix('PUT', '/api/v1/config/vnis/20', {}, { 'if-match': '*' })).status, 200);
  const now = String((await api.inject('/api/v1/config')).headers.etag);
  const status = async (condition: string) =>
    (await unix('PUT', '/api/v1/config/vnis/20', {}, { 'if-match': condition })).status;
  t.is(await status(`"other", ${now}`), 200, 'one of several (RFC 9110 §13.1.1)');
  t.is(await status(now.replaceAll('"', '')), 200);
  for (const none of [`W/${now}`, '"other", "*"', '""']) t.is(await status(none), 412, none);
});

test('what is deleted goes from the file and from what is in effect, also where one of them alone has it', async (t) => {
  const { configuration, unix } = await scene(t);
  const before = configuration.onDisk;
  await unix('PUT', `${VNI}?ephemeral=true`, {});
  t.like(await unix('DELETE', VNI), { status: 200, body: { saved: true } });
  t.is(configuration.onDisk, before);
  await unix('PUT', VNI, {});
  await unix('DELETE', `${VNI}?ephemeral=true`);
  t.regex(configuration.onDisk, /vni: 10010/);
  t.is((await unix('DELETE', VNI)).status, 200);
  t.notRegex(configuration.onDisk, /vni: 10010/);
  t.is((await unix('DELETE', VNI)).status, 404);
});

test('a body that is no object, too long, too deep or of another type is refused by what is wrong with it', async (t) => {
  const { api, configuration } = await scene(t);
  t.teardown(() => api.close());
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-test-'));
  const listener = await listenApi(api, { unixSocket: join(folder, 'sock'), tcp: [] });
  t.teardown(async () => {
    await listener.close();
    rmSync(folder, { recursive: true });
  });
  const ask = (payload: string, type = 'application/json'): Promise<[number, string, string]> =>
    new Promise((resolve, reject) => {
      request(
        {
          socketPath: join(folder, 'sock'),
          path: '/api/v1/config',
          method: 'PATCH',
          headers: { 'content-type': type, 'content-length': Buffer.byteLength(payload) },
        },
        async (answer) => {
          const { code, detail } = JSON.parse((await answer.toArray()).join(''));
          resolve([answer.statusCode ?? 0, code, detail]);
        },
      )
        .on('error', reject)
        .end(payload);
    });
  t.deepEqual(await ask('[]'), [400, 'bad-request', 'the body: found a list, allowed is a JSON object']);
  t.deepEqual(await ask('"x"'), [400, 'bad-request', 'the body: found a string, allowed is a JSON object']);
  t.deepEqual(await ask('null'), [400, 'bad-request', 'the body: found nothing, allowed is a JSON object']);
  t.deepEqual((await ask('{}', 'application/x-www-form-urlencoded')).slice(0, 2), [
    415,
    'unsupported-media-type',
  ]);
  t.deepEqual(await ask('{"__proto__":{}}').then(([status]) => status), 400);
  const deep = await ask(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`);
  t.deepEqual(deep.slice(0, 2), [422, 'invalid-configuration']);
  t.is(configuration.taken.length, 0);
});

test('a change with a fault is refused whole, with each fault and its place', async (t) => {
  const { unix, configuration } = await scene(t);
  const before = configuration.onDisk;
  const { status, body } = await unix('PUT', VNI, { rd: 'x', 'advertise-svi': true });
  t.is(status, 422);
  t.is(body.code, 'invalid-configuration');
  t.is((body.reasons as string[]).length, 2);
  t.regex(
    (body.reasons as string[])[1],
    /evpn\.vnis\[0\]\.advertise-svi: found an unknown key; .*did you mean advertise-svi-ip\?/,
  );
  t.is((await unix('PUT', VNI, { vni: 5 })).status, 422);
  t.is((await unix('PATCH', '/api/v1/config', { asn: null })).status, 422);
  t.is((await unix('PUT', '/api/v1/config/vni/5', {})).status, 400);
  configuration.refusal = 'port 179 is in use';
  const refused = await unix('PUT', VNI, {});
  t.deepEqual([refused.status, refused.body.detail], [422, 'port 179 is in use']);
  t.is(configuration.onDisk, before);
  t.is(configuration.taken.length, 0);
});

test('a file that was changed and not reloaded, or cannot be written, is left alone', async (t) => {
  const { unix, configuration } = await scene(t);
  configuration.onDisk += '# by hand\n';
  const changed = await unix('PUT', VNI, {});
  t.deepEqual([changed.status, changed.body.code], [409, 'file-changed']);
  t.is((await unix('PUT', `${VNI}?ephemeral=true`, {})).status, 200);
  configuration.onDisk = configuration.onDisk.replace('# by hand\n', '');
  configuration.unwritable = 'EROFS: read-only file system';
  const unwritable = await unix('PUT', '/api/v1/config/vnis/20', {});
  t.deepEqual([unwritable.status, unwritable.body.code], [409, 'not-saved']);
  t.regex(String(unwritable.body.detail), /EROFS.*ReadWritePaths=/);
  t.is(configuration.taken.length, 1);
});

test('an ephemeral change is taken back also where the file cannot be written, which has it that way', async (t) => {
  const { unix, configuration } = await scene(t);
  const before = configuration.onDisk;
  configuration.unwritable = 'EROFS: read-only file system';
  t.is((await unix('PATCH', '/api/v1/config?ephemeral=true', { drain: true })).status, 200);
  t.true(configuration.taken.at(-1)?.drain);
  const { status, body } = await unix('PATCH', '/api/v1/config', { drain: null });
  t.deepEqual([status, body.saved], [200, true]);
  t.false(configuration.taken.at(-1)?.drain);
  t.is(configuration.onDisk, before);
});

test('over TCP the configuration is read and not changed', async (t) => {
  const { tcp, configuration } = await scene(t);
  for (const [method, path] of [
    ['PUT', VNI],
    ['PATCH', '/api/v1/config'],
    ['DELETE', VNI],
  ] as const) {
    const { status, body } = await tcp(method, path, method === 'DELETE' ? undefined : {});
    t.deepEqual([status, body.code], [403, 'unix-socket-only']);
  }
  t.is(configuration.taken.length, 0);
});

test('changes that come at once are made one after the other', async (t) => {
  const { unix, configuration } = await scene(t);
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) => unix('PUT', `/api/v1/config/vnis/${i + 1}`, {})),
  );
  t.deepEqual([...new Set(all.map(({ status }) => status))], [200]);
  t.is(configuration.taken.at(-1)?.evpn.vnis.size, 20);
  t.is(new Set(all.map(({ body }) => body.etag)).size, 20);
});
