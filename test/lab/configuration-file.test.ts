import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { attempt, Daemon, evpndCommand, restGet, waitFor } from '../../lab/index.js';

/*
 * The configuration file through evpnd's life, in a network namespace that ends with the process: what an operator's slip
 * costs, and when.
 */
interface Status {
  asn: number;
  problems: { severity: string; problem: string }[];
}

function scene(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-file-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'evpnd.yaml');
  const socket = join(folder, 'api.sock');
  const log = join(folder, 'log');
  const common = { 'router-id': '10.0.0.1', bgp: { listen: [] } };
  const write = (config: object) =>
    writeFileSync(
      file,
      JSON.stringify({ ...common, 'state-directory': folder, asn: 65001, ...config }, null, 1),
    );
  return {
    file,
    socket,
    log,
    write,
    api: { 'unix-socket': socket, listen: [] },
    command: [...evpndCommand(), '--config', file],
    async start() {
      const [node, ...args] = evpndCommand();
      const daemon = await Daemon.start('evpnd', 'unshare', ['-n', node, ...args, '--config', file], log);
      t.teardown(() => daemon.stop('SIGKILL'));
      return daemon;
    },
    lines: () =>
      readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { level: string; msg: string; findings?: string[] }),
    status: async () => (await restGet<Status>(socket, '/api/v1/status')).body,
  };
}

test.serial('SIGHUP during the start is answered when the start is complete', async (t) => {
  const at = scene(t);
  at.write({ neighbors: [], api: at.api });
  const daemon = await at.start();
  // The name is given when the signal's handler stands; everything else is still to come
  await waitFor(() => readFileSync(`/proc/${daemon.pid}/comm`, 'utf8') === 'evpnd\n', { what: 'its name' });
  daemon.signal('SIGHUP');
  t.false(existsSync(at.socket), 'it is starting');
  await waitFor(() => at.lines().some(({ msg }) => /^configuration reloaded/.test(msg)), {
    what: 'the reload',
    timeout: 50_000,
  });
  t.true(at.lines().some(({ msg }) => msg === 'evpnd runs'));
  t.is(await daemon.stop('SIGTERM'), 0);
});

test.serial(
  'a bad file: a reload and a restart go on with what was before, a first start fails',
  async (t) => {
    const at = scene(t);
    at.write({ neighbors: [], api: at.api });
    const first = await at.start();
    const up = async () => (await at.status()).asn === 65001;
    await waitFor(up, { what: 'the API', timeout: 50_000 });
    await waitFor(() => at.lines().some(({ msg }) => msg === 'evpnd runs'), {
      what: 'its start',
      timeout: 50_000,
    });

    at.write({ neighbors: [], api: at.api, 'on-stopp': 'flush' });
    first.signal('SIGHUP');
    await waitFor(async () => (await at.status()).problems.length === 1, { what: 'the problem' });
    t.regex((await at.status()).problems[0].problem, /on-stopp: found an unknown key.*did you mean on-stop/);
    t.is(at.lines().filter(({ level }) => level === 'error').length, 1);
    t.is(await first.stop('SIGTERM'), 0);

    const second = await at.start();
    await waitFor(up, { what: 'the API', timeout: 50_000 });
    t.regex((await at.status()).problems[0].problem, /the last good configuration is in effect/);
    at.write({ neighbors: [], api: at.api });
    // Until it listens to the signal for good, the signal is remembered
    second.signal('SIGHUP');
    await waitFor(async () => (await at.status()).problems.length === 0, {
      what: 'the end',
      timeout: 50_000,
    });
    t.is(await second.stop('SIGTERM'), 0);

    rmSync(join(at.file, '..', 'last-good.yaml'));
    at.write({ neighbors: [], 'on-stopp': 'flush' });
    const { code, stdout } = await attempt('unshare', ['-n', ...at.command]);
    t.is(code, 78);
    t.like(JSON.parse(stdout), { level: 'fatal' });
  },
);

test.serial('a folder of the API that is not there is named with the cure', async (t) => {
  const at = scene(t);
  at.write({ neighbors: [], api: { 'unix-socket': '/run/not-there/api.sock', listen: [] } });
  const { code, stdout } = await attempt('unshare', ['-n', ...at.command]);
  t.is(code, 1);
  t.regex(
    JSON.parse(stdout.trimEnd().split('\n').at(-1)!).msg,
    /\/run\/not-there\/api\.sock: ENOENT: its directory does not exist; .*install -d/,
  );
});
