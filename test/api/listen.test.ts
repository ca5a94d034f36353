import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as setTimeoutAsync } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { ApiListenError, listenApi } from '../../src/api/index.js';
import { type Application, connectionLimits } from '../../src/api/listen.js';
import { apiOver, fabricModel } from './support/fabric.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'evpnd-api-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

function get(
  target: { socketPath: string } | { host: string; port: number },
  path: string,
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ ...target, path, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    });
    call.on('error', reject);
    call.end();
  });
}

test('one application on a Unix socket and on both families of TCP', async (t) => {
  const api = await apiOver(fabricModel());
  const unixSocket = join(directory(t), 'api.sock');
  const listener = await listenApi(api, {
    unixSocket,
    tcp: [
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 0 },
    ],
  });
  t.is(statSync(unixSocket).mode & 0o777, 0o660);
  for (const target of [{ socketPath: unixSocket }, ...listener.tcp]) {
    const { status, body } = await get(target, '/api/v1/status');
    t.is(status, 200);
    t.is(JSON.parse(body).asn, 65001);
  }
  await listener.close();
  t.is(lstatSync(unixSocket, { throwIfNoEntry: false }), undefined);
  await t.throwsAsync(get(listener.tcp[0], '/livez'), { code: 'ECONNREFUSED' });
});

test('the umask of the process does not decide, and comes back', async (t) => {
  const api = await apiOver(fabricModel());
  const unixSocket = join(directory(t), 'api.sock');
  const before = process.umask(0o077);
  const listener = await listenApi(api, { unixSocket, tcp: [] });
  t.is(process.umask(before), 0o077);
  t.is(statSync(unixSocket).mode & 0o777, 0o660);
  await listener.close();
});

test('a socket that a dead process left behind is replaced', async (t) => {
  const path = directory(t);
  const unixSocket = join(path, 'api.sock');
  const script = 'net.createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  spawnSync(process.execPath, ['-e', script, unixSocket]);
  t.true(lstatSync(unixSocket).isSocket());
  const api = await apiOver(fabricModel());
  const listener = await listenApi(api, { unixSocket, tcp: [] });
  t.is((await get({ socketPath: unixSocket }, '/livez')).status, 200);
  await listener.close();
});

test('a socket that somebody serves is left alone', async (t) => {
  const unixSocket = join(directory(t), 'api.sock');
  const other = await served(t, unixSocket);
  const api = await apiOver(fabricModel());
  const error = await t.throwsAsync(listenApi(api, { unixSocket, tcp: [] }), {
    instanceOf: ApiListenError,
  });
  t.true(error.message.startsWith(`the API cannot listen on ${unixSocket}: another process listens there`));
  t.regex(error.message, /api\.unix-socket, an api\.listen and a state-directory of its own/);
  t.true(other.listening);
  t.true(lstatSync(unixSocket).isSocket());
});

test('a file or a link that is no socket is left alone', async (t) => {
  const path = directory(t);
  const file = join(path, 'file');
  const link = join(path, 'link');
  writeFileSync(file, 'precious');
  symlinkSync(file, link);
  const api = await apiOver(fabricModel());
  for (const unixSocket of [file, link]) {
    await t.throwsAsync(listenApi(api, { unixSocket, tcp: [] }), { message: /it is no socket/ });
    t.is(statSync(unixSocket).size, 8);
  }
});

test('a directory that is not there is named', async (t) => {
  const api = await apiOver(fabricModel());
  await t.throwsAsync(listenApi(api, { unixSocket: '/nonexistent/api.sock', tcp: [] }), {
    instanceOf: ApiListenError,
    message: /^the API cannot listen on \/nonexistent\/api.sock: /,
  });
});

test('all or none: a TCP port in use closes the Unix socket again', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  const unixSocket = join(directory(t), 'api.sock');
  const api = await apiOver(fabricModel());
  await t.throwsAsync(listenApi(api, { unixSocket, tcp: [{ host: '127.0.0.1', port }] }), {
    message: `the API cannot listen on 127.0.0.1 port ${port}: EADDRINUSE: another process listens there: stop it, or give this one an api.unix-socket, an api.listen and a state-directory of its own, as a second evpnd that observes needs them`,
  });
  t.is(lstatSync(unixSocket, { throwIfNoEntry: false }), undefined);
});

function served(t: ExecutionContext, path: string): Promise<Server> {
  const server = createServer();
  t.teardown(() => server.close());
  return new Promise((resolve) => server.listen(path, () => resolve(server)));
}

test('the API takes at most half of the descriptors, and what came by the network leaves room for who is on the machine', async (t) => {
  t.deepEqual(connectionLimits(Number.POSITIVE_INFINITY), { unix: 64, tcp: 192 });
  t.deepEqual(connectionLimits(256), { unix: 32, tcp: 96 });
  t.deepEqual(connectionLimits(1), { unix: 1, tcp: 1 });
  const api = await apiOver(fabricModel());
  const unixSocket = join(directory(t), 'api.sock');
  const tcp = [{ host: '127.0.0.1', port: 0 }];
  const refused: string[] = [];
  const refusals = {
    note: (why: string, where: string, from: string | undefined) =>
      void refused.push(`${why} ${where} ${from}`),
  };
  const listener = await listenApi(api, { unixSocket, tcp, descriptors: 32, refusals });
  t.teardown(() => listener.close());
  const MANY = 40;
  const ends = { open: MANY };
  for (let n = 0; n < MANY; n++) {
    const socket = connect(listener.tcp[0]);
    socket.resume();
    t.teardown(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => ends.open--);
  }
  while (ends.open > 12) await setTimeoutAsync(20);
  t.is((await get({ socketPath: unixSocket }, '/livez')).status, 200);
  t.is(ends.open, 12);
  t.deepEqual(
    refused,
    Array.from({ length: 28 }, () => `connections 127.0.0.1 port ${listener.tcp[0].port} 127.0.0.1`),
  );
  const ours = Array.from({ length: 5 }, () => connect(unixSocket));
  for (const socket of ours) t.teardown(() => socket.destroy());
  await once(ours[4], 'close');
  t.is(refused[28], `connections ${unixSocket} undefined`);
  ours[0].destroy();
  await once(ours[0], 'close');
  t.is((await get({ socketPath: unixSocket }, '/livez')).status, 200);
});

// What others do in this process meanwhile would be time in which nothing moves
test.serial(
  'who asks over TCP and does not take the answer is let go, and who takes it slowly is not',
  async (t) => {
    const LENGTH = 64 << 20;
    const routing: Application['routing'] = (_question, answer) => void answer.end(Buffer.alloc(LENGTH));
    const listener = await listenApi(
      { routing },
      { unixSocket: undefined, tcp: [{ host: '127.0.0.1', port: 0 }], stalled: 2000 },
    );
    t.teardown(() => listener.close());
    const ask = () => {
      const socket = connect(listener.tcp[0]);
      socket.on('error', () => {});
      t.teardown(() => socket.destroy());
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      let taken = 0;
      socket.on('data', (chunk) => {
        taken += chunk.length;
      });
      return { socket, taken: () => taken };
    };
    const deaf = ask();
    await once(deaf.socket, 'connect');
    deaf.socket.pause();
    const slow = ask();
    slow.socket.on('data', () => {
      slow.socket.pause();
      setTimeout(() => slow.socket.resume(), 4);
    });
    while (slow.taken() < LENGTH && !slow.socket.closed) await setTimeoutAsync(50);
    t.true(slow.taken() > LENGTH, 'with its header');
    // While the other took its answer this one was closed, which shows when it is read to its end
    deaf.socket.resume();
    await once(deaf.socket, 'close');
    t.true(deaf.taken() < LENGTH, `${deaf.taken()}`);
  },
);

test.serial(
  'who asks a hundred thousand times without waiting for answers is let go at once; a few requests ahead are answered in order',
  async (t) => {
    const waiting: (() => void)[] = [];
    let asked = 0;
    const routing: Application['routing'] = ({ url }, answer) => {
      asked++;
      waiting.push(() => answer.end(`answer to ${url}.`));
    };
    const unixSocket = join(directory(t), 'api.sock');
    const refused: string[] = [];
    const listener = await listenApi(
      { routing },
      { unixSocket, tcp: [], refusals: { note: (why) => void refused.push(why) } },
    );
    t.teardown(() => listener.close());
    const ask = (from: number, to: number) => {
      let text = '';
      for (let n = from; n < to; n++) text += `GET /${n} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
      return text;
    };
    const polite = connect(unixSocket);
    t.teardown(() => polite.destroy());
    let heard = '';
    polite.setEncoding('utf8');
    polite.on('data', (text) => {
      heard += text;
    });
    // More than may wait, but never at once; the server may learn later than the client that an answer has gone
    for (const from of [0, 8, 16, 24, 32, 40]) {
      polite.write(ask(from, from + 8));
      while (waiting.length < 8) await setTimeoutAsync(5);
      for (const go of waiting.splice(0).reverse()) go();
      while (!heard.includes(`answer to /${from + 7}.`)) await setTimeoutAsync(5);
    }
    const answers = [...heard.matchAll(/answer to \/(\d+)\./g)].map(([, n]) => Number(n));
    t.deepEqual(
      answers,
      Array.from({ length: 48 }, (_, n) => n),
    );
    t.deepEqual(refused, []);

    asked = 0;
    const greedy = connect(unixSocket);
    t.teardown(() => greedy.destroy());
    greedy.on('error', () => {});
    greedy.write(ask(0, 100_000));
    await new Promise((resolve) => greedy.once('close', resolve));
    t.is(asked, 16);
    t.deepEqual(refused, ['requests']);
    polite.write(ask(48, 49));
    while (waiting.length < 17) await setTimeoutAsync(5);
    waiting[16]();
    while (!heard.includes('answer to /48.')) await setTimeoutAsync(5);
    t.pass();
  },
);
