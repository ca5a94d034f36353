import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { createApi, listenApi, type TlsFiles } from '../../src/api/index.js';
import { Secret, silentLog } from '../../src/types/index.js';
import { CERTIFICATE, RENEWED, TLS_KEY } from '../support/tls.js';
import { answerChecker } from './support/description.js';
import { fabricModel } from './support/fabric.js';
import { MemoryConfiguration } from './support/memory-configuration.js';
import { MemoryCommands } from './support/memory-read-model.js';

const TOKEN = '0123456789abcdef';
const secret = (text: string) => new Secret(Buffer.from(text), '/etc/evpnd/token');
const TLS: TlsFiles = { certificate: CERTIFICATE, key: secret(TLS_KEY) };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** An API with these settings, until the test ends. */
async function listening(t: ExecutionContext, options: { tls?: TlsFiles; token?: Secret }) {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-access-'));
  const commands = new MemoryCommands();
  const now = { token: options.token };
  const api = await createApi({
    readModel: fabricModel(),
    commands,
    configuration: new MemoryConfiguration(),
    log: silentLog,
    version: '0.1.0',
    token: () => now.token,
  });
  const socketPath = join(folder, 'api.sock');
  const listener = await listenApi(api, {
    unixSocket: socketPath,
    tcp: [{ host: '127.0.0.1', port: 0 }],
    tls: options.tls,
  });
  t.teardown(async () => {
    await listener.close();
    await api.close();
    rmSync(folder, { recursive: true });
  });
  const faultsOf = answerChecker(
    (await api.inject({ url: '/openapi.json', headers: { authorization: `Bearer ${TOKEN}` } })).json(),
  );
  const port = listener.tcp[0].port;
  const ask = (
    target: object,
    path: string,
    { token, method = 'GET', overTls = false }: { token?: string; method?: string; overTls?: boolean } = {},
  ) =>
    new Promise<Answer>((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: token };
      (overTls ? requestTls : request)(
        { ...target, path, method, headers, agent: false, ca: CERTIFICATE },
        async (answer) => {
          let text = '';
          for await (const chunk of answer) text += chunk;
          const body = text.startsWith('{') ? JSON.parse(text) : { text };
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
        },
      )
        .on('error', reject)
        .end();
    });
  const tcp = { host: '127.0.0.1', port };
  return {
    commands,
    listener,
    port,
    faultsOf,
    now,
    plain: (path: string, more = {}) => ask(tcp, path, more),
    tls: (path: string, more = {}) => ask(tcp, path, { ...more, overTls: true }),
    unix: (path: string, more = {}) => ask({ socketPath }, path, more),
  };
}

/** The serial number of the certificate that a port shows. */
async function shown(port: number): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const CLEAR = '/api/v1/duplicates?vni=10010';

test('the token opens what is read over TCP, and nothing else does', async (t) => {
  const { plain, unix, faultsOf } = await listening(t, { token: secret(TOKEN) });
  for (const path of ['/api/v1/status', '/metrics', '/openapi.json', '/docs/', '/nowhere', '/livez/x'])
    t.is((await plain(path)).status, 401, path);
  const none = await plain('/api/v1/status');
  t.is(none.headers['www-authenticate'], 'Bearer realm="evpnd"');
  t.is(none.headers['content-type'], 'application/problem+json');
  t.deepEqual(faultsOf('/api/v1/status', 401, 'application/problem+json', none.body), []);
  t.regex(String(none.body.detail), /found no token, allowed is "Bearer TOKEN".*--token-file/);
  for (const token of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, 'Bearer 0']) {
    const wrong = await plain('/api/v1/status', { token });
    t.is(wrong.status, 401);
    t.is(wrong.headers['www-authenticate'], 'Bearer realm="evpnd", error="invalid_token"');
    t.false(JSON.stringify(wrong.body).includes(TOKEN));
  }
  t.is((await plain('/api/v1/status', { token: `Basic ${TOKEN}` })).status, 401);
  t.is((await plain('/api/v1/status', { token: 'Bearer' })).status, 401);
  for (const token of [`Bearer ${TOKEN}`, `bearer  ${TOKEN}`])
    t.is((await plain('/api/v1/status', { token })).status, 200);
  t.is((await plain('/livez')).status, 200);
  t.is((await plain('/readyz?x=1')).status, 400);
  t.is((await unix('/api/v1/status')).status, 200);
});

test('another token counts from the next request on', async (t) => {
  const { plain, now } = await listening(t, { token: secret(TOKEN) });
  now.token = secret(`${TOKEN}2`);
  t.is((await plain('/api/v1/status', { token: `Bearer ${TOKEN}` })).status, 401);
  t.is((await plain('/api/v1/status', { token: `Bearer ${TOKEN}2` })).status, 200);
  now.token = undefined;
  t.is((await plain('/api/v1/status')).status, 200);
});

test('commands and changes are taken over TLS with the token, and not without one of the two', async (t) => {
  const token = `Bearer ${TOKEN}`;
  const both = await listening(t, { tls: TLS, token: secret(TOKEN) });
  t.is((await both.tls(CLEAR, { method: 'DELETE' })).status, 401);
  t.is(both.commands.given.length, 0);
  t.is((await both.tls(CLEAR, { method: 'DELETE', token })).status, 200);
  t.is((await both.tls('/api/v1/config/vnis/10', { method: 'DELETE', token })).status, 404);
  t.is(both.commands.given.length, 1);

  const plain = await listening(t, { token: secret(TOKEN) });
  const heard = await plain.plain(CLEAR, { method: 'DELETE', token });
  t.is(heard.status, 403);
  t.regex(
    String(heard.body.detail),
    /^DELETE over TCP without TLS, where anybody on the way can read the token: /,
  );

  const open = await listening(t, { tls: TLS });
  const unknown = await open.tls(CLEAR, { method: 'DELETE', token });
  t.is(unknown.status, 403);
  t.regex(String(unknown.body.detail), /^DELETE over TLS, which has no authentication: use the Unix socket/);
  t.is((await open.tls('/api/v1/status')).status, 200);
  t.is(plain.commands.given.length + open.commands.given.length, 0);
});

test('plain HTTP on a port with TLS has no answer, and the next client is served', async (t) => {
  const { plain, tls, unix } = await listening(t, { tls: TLS });
  await t.throwsAsync(plain('/livez'), { code: 'ECONNRESET' });
  t.is((await tls('/livez')).status, 200);
  t.is((await unix('/livez')).status, 200);
});

test('a renewed certificate is shown to new connections; those that are open stay', async (t) => {
  const { listener, port } = await listening(t, { tls: TLS });
  const open = connectTls({ host: '127.0.0.1', port, ca: CERTIFICATE });
  await once(open, 'secureConnect');
  const before = await shown(port);
  await listener.secure({ ...TLS, certificate: RENEWED });
  t.not(await shown(port), before);
  open.write('GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  const [answer] = await once(open, 'data');
  t.regex(String(answer), /^HTTP\/1\.1 200 /);
  open.destroy();
});

test('TLS is switched on and off at the same address', async (t) => {
  const { listener, plain, tls } = await listening(t, {});
  t.is((await plain('/livez')).status, 200);
  await listener.secure(TLS);
  t.is((await tls('/livez')).status, 200);
  await t.throwsAsync(plain('/livez'));
  await listener.secure(undefined);
  t.is((await plain('/livez')).status, 200);
  await t.throwsAsync(tls('/livez'));
  await listener.close();
  await listener.secure(TLS);
  await t.throwsAsync(tls('/livez'), { code: 'ECONNREFUSED' });
});
