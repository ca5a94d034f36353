import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createApi, listenApi } from '../../src/api/index.js';
import { Secret, silentLog } from '../../src/types/index.js';
import { fabricModel } from '../api/support/fabric.js';
import { MemoryConfiguration } from '../api/support/memory-configuration.js';
import { MemoryCommands } from '../api/support/memory-read-model.js';
import { CERTIFICATE, EXPIRED, fileWith, OTHER_CERTIFICATE, TLS_KEY } from '../support/tls.js';
import { runWith } from './support/shell.js';

const TOKEN = '0123456789abcdef';
const secret = (text: string) => new Secret(Buffer.from(text), 'x');
const CA = ['--ca-file', fileWith(CERTIFICATE)];
const TOKEN_FILE = fileWith(`${TOKEN}\n`);

/** The port of an API with a token, over TLS or without, until the test ends. */
async function leaf(t: ExecutionContext, isSecure = true): Promise<number> {
  const api = await createApi({
    readModel: fabricModel(),
    commands: new MemoryCommands(),
    configuration: new MemoryConfiguration(),
    log: silentLog,
    version: '0.1.0',
    token: () => secret(TOKEN),
  });
  const tls = isSecure ? { certificate: CERTIFICATE, key: secret(TLS_KEY) } : undefined;
  const listener = await listenApi(api, {
    unixSocket: undefined,
    tcp: [{ host: '127.0.0.1', port: 0 }],
    tls,
  });
  t.teardown(() => listener.close());
  return listener.tcp[0].port;
}

test('evpnctl asks and commands over https with the token of an option or the environment', async (t) => {
  const url = `https://127.0.0.1:${await leaf(t)}`;
  const shown = await runWith({}, ['--url', url, ...CA, '--token-file', TOKEN_FILE, 'show', 'vni']);
  t.is(shown.code, 0, shown.err);
  t.regex(shown.out, /^10010 /m);
  const cleared = await runWith({ EVPND_API: url, EVPND_TOKEN_FILE: TOKEN_FILE }, [
    ...CA,
    'clear',
    'duplicate',
    '10010',
  ]);
  t.deepEqual(cleared, { code: 0, out: '1 cleared\n', err: '' });
});

test('what is missing or wrong is said with what to do', async (t) => {
  const port = await leaf(t);
  const plain = await leaf(t, false);
  const url = `https://127.0.0.1:${port}`;
  const withToken = ['--token-file', TOKEN_FILE];
  const cases: [args: string[], said: RegExp][] = [
    [['--url', url, ...CA], /The request needs the token: .*evpnctl --token-file/],
    [['--url', url, ...CA, '--token-file', fileWith('another token')], /has no token on one line/],
    [['--url', url, ...CA, '--token-file', fileWith('another-token')], /found a wrong token/],
    [['--url', url, ...CA, '--token-file', '/nowhere'], /--token-file: \/nowhere cannot be read \(ENOENT\)/],
    [['--url', url, ...withToken], /of no authority that this system trusts: .*--ca-file/],
    [['--url', url, ...withToken, '--ca-file', fileWith(OTHER_CERTIFICATE)], /--ca-file/],
    [['--url', url, ...withToken, '--ca-file', '/nowhere'], /--ca-file: \/nowhere cannot be read/],
    [['--url', `http://127.0.0.1:${port}`, ...withToken], /it may speak TLS \(api\.tls\): with https:/],
    [['--url', `https://127.0.0.1:${plain}`, ...withToken], /it may speak plain HTTP: with http:/],
    [['--url', 'leaf1:8179'], /--url: found leaf1:8179, allowed are such as/],
    [['--url', 'https://'], /--url: found https:\/\/, allowed are such as/],
  ];
  for (const [args, said] of cases) {
    const { code, err } = await runWith({}, [...args, 'show', 'vni']);
    t.is(code, 1, args.join(' '));
    t.regex(err, said, args.join(' '));
  }
});

test('an expired certificate is said to be that', async (t) => {
  const server = createServer({ cert: EXPIRED, key: TLS_KEY }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { err } = await runWith({}, ['--url', url, '--ca-file', fileWith(EXPIRED), 'show', 'vni']);
  t.regex(err, /let the certificate of api\.tls\.certificate be renewed/);
});
