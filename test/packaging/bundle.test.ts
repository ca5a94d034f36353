import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { attempt, Daemon, evpndCommand, evpndMain, restGet, waitFor } from '../../lab/index.js';
import { bundle, mustBeAscii } from '../../packaging/bundle.js';
import { compileAhead } from '../../packaging/compile-ahead.js';
import { isRejected } from '../support/code-cache.js';

const checkout = process.cwd();
const NODE = '/usr/lib/evpnd/node';
// In no folder below the checkout, whose packages it would find
const folder = mkdtempSync(join(tmpdir(), 'evpnd-bundle-'));
const evpnd = join(folder, 'lib/evpnd.js');
let packages: readonly string[];

test.before('bundle', async (t) => {
  t.timeout(120_000);
  packages = await bundle({
    checkout,
    build: join(evpndMain, '../..'),
    folder,
    node: NODE,
    arch: process.arch,
    addon: join(checkout, 'native/build/Release/socket.node'),
  });
});
test.after.always('remove', () => rmSync(folder, { recursive: true, force: true }));

/** A leaf that only looks, with all that it needs in a folder of its own. */
function observer(t: ExecutionContext): { home: string; file: string; socket: string } {
  const home = mkdtempSync(join(tmpdir(), 'evpnd-observer-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const file = join(home, 'evpnd.yaml');
  const socket = join(home, 'api.sock');
  writeFileSync(
    file,
    `${readFileSync('packaging/deb/evpnd.yaml', 'utf8')}
bgp: { listen: [] }
api: { unix-socket: ${socket}, listen: [] }
evpn: { snooping: false }
log: { level: debug }
state-directory: ${home}
`,
  );
  return { home, file, socket };
}

async function fetched(socketPath: string, path: string): Promise<{ status?: number; octets: number }> {
  const asked = request({ socketPath, path });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let octets = 0;
  for await (const chunk of answer) octets += (chunk as Buffer).length;
  return { status: answer.statusCode, octets };
}

test('both programs are run by the node that the bundle names, with the options of the checkout', (t) => {
  const first = (file: string) => readFileSync(file, 'utf8').split('\n', 1)[0];
  t.is(first(evpnd), first(evpndMain).replace(' node ', ` ${NODE} `));
  t.is(first(join(folder, 'lib/evpnctl.js')), `#!${NODE}`);
});

test('they say their version, check a file and read FRR without the checkout', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const said = async (name: string, ...args: string[]) => {
    const { code, stdout, stderr } = await attempt(process.execPath, [join(folder, 'lib', name), ...args]);
    t.is(code, 0, `${stdout}${stderr}`);
    return stdout;
  };
  t.is(await said('evpnd.js', '--version'), `evpnd ${version}\n`);
  t.is(await said('evpnctl.js', '--version'), `${version}\n`);
  t.regex(await said('evpnd.js', '--check', 'packaging/deb/evpnd.yaml'), /: OK: /);
  t.regex(await said('evpnctl.js', 'completion', 'bash'), /complete -F/);
});

test('a bundle finds in a file what the checkout finds, by a check that was made when it was bundled', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'evpnd-faulty-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const file = join(home, 'evpnd.yaml');
  writeFileSync(
    file,
    `asn: x
neighbors:
  - { address: 10.1.1.0, remote-as: external, hold-tim: 9 }
  - { address: 10.1.1.2, remote-as: 0, families: [l2vpn-evpn, ipv5] }
evpn: { sticky: 7, snooping: maybe, vnis: { 10: } }
log: { level: loud }
`,
  );
  const found = async (program: string) =>
    (await attempt(process.execPath, [program, '--check', file])).stdout;
  const findings = await found(evpndMain);
  t.true(findings.trim().split('\n').length >= 7, findings);
  t.is(await found(evpnd), findings);
  t.notRegex(readFileSync(join(folder, 'lib/evpnd/code.js'), 'utf8'), /SHAPE_OPTIONS/);
});

test('a bundled evpnd answers all that needs files or packages of its own', async (t) => {
  t.timeout(120_000);
  const { home, file, socket } = observer(t);
  const log = join(home, 'log');
  const [node, ...rest] = [...evpndCommand(evpnd), '--config', file];
  const daemon = await Daemon.start('a bundled evpnd', node, rest, log);
  t.teardown(() => daemon.stop());
  await waitFor(async () => (await restGet(socket, '/api/v1/status')).status === 200, { what: 'status' });
  for (const path of ['/metrics', '/docs/static/swagger-ui.css', '/docs/static/logo.svg', '/openapi.json']) {
    const { status, octets } = await fetched(socket, path);
    t.is(status, 200, path);
    t.true(octets > 1000, path);
  }
  const yaml = await attempt(process.execPath, [
    join(folder, 'lib/evpnctl.js'),
    ...['--socket', socket, '--yaml', 'show', 'status'],
  ]);
  t.regex(yaml.stdout, /^version: /m, yaml.stderr);
  const table = await attempt(process.execPath, [
    join(folder, 'lib/evpnctl.js'),
    ...['--socket', socket, 'show', 'status'],
  ]);
  t.regex(table.stdout, /^Version /, table.stderr);
  await daemon.stop();
  const said = readFileSync(log, 'utf8');
  t.notRegex(said, /"level":"(error|fatal)"/);
  // devlink's package, too, of which no kernel here may know a device
  t.notRegex(said, /TypeError|ReferenceError|MODULE_NOT_FOUND/);
  t.regex(said, /devlink/);
});

test('what was read of a file by other code is not taken', async (t) => {
  t.timeout(120_000);
  const copy = mkdtempSync(join(tmpdir(), 'evpnd-upgraded-'));
  t.teardown(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(folder, copy, { recursive: true });
  const { home, file, socket } = observer(t);
  const code = join(copy, 'lib/evpnd/code.js');
  const kept = join(home, 'last-good.parsed');
  const routerId = async () => {
    const [node, ...rest] = [...evpndCommand(join(copy, 'lib/evpnd.js')), '--config', file];
    const daemon = await Daemon.start('a bundled evpnd', node, rest, join(home, 'log'));
    t.teardown(() => daemon.stop());
    let found: string | undefined;
    await waitFor(
      async () => {
        found = (await restGet<{ routerId: string }>(socket, '/api/v1/status')).body.routerId;
        return found !== undefined && existsSync(kept);
      },
      { what: 'status' },
    );
    await daemon.stop();
    return found;
  };
  t.is(await routerId(), '192.0.2.1');

  // What the file does not have tells whether what is kept of it is taken
  const json = readFileSync(kept).subarray(32).toString().replaceAll('192.0.2.1', '192.0.2.2');
  const digest = createHash('sha256')
    .update(createHash('sha256').update(readFileSync(code)).digest())
    .update(json)
    .update(readFileSync(file))
    .digest();
  writeFileSync(kept, Buffer.concat([digest, Buffer.from(json)]));
  t.is(await routerId(), '192.0.2.2');
  writeFileSync(kept, Buffer.concat([digest, Buffer.from(json)]));
  appendFileSync(code, '\n');
  t.is(await routerId(), '192.0.2.1');
});

test('what was compiled ahead is taken by the same node with the same options, and all runs without it', async (t) => {
  t.timeout(120_000);
  const home = mkdtempSync(join(tmpdir(), 'evpnd-ahead-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  cpSync(folder, home, { recursive: true });
  await compileAhead(home, process.execPath);
  const [, ...begin] = evpndCommand(join(home, 'lib/evpnd.js'));
  const options = begin.slice(0, -1);
  const code = join(home, 'lib/evpnd/code.js');
  t.false(await isRejected(process.execPath, options, code));
  t.false(await isRejected(process.execPath, [], join(home, 'lib/evpnctl/code.js')));
  t.true(await isRejected(process.execPath, [...options, '--no-opt'], code));
  const says = async () => {
    const { code, stdout, stderr } = await attempt(process.execPath, [...begin, '--version']);
    t.is(code, 0, stderr);
    return stdout;
  };
  const version = await says();
  t.regex(version, /^evpnd \d/);
  const caches = readdirSync(join(home, 'lib/evpnd')).filter((name) => name.endsWith('.cache'));
  t.is(caches.length, 1);
  const cache = join(home, 'lib/evpnd', caches[0]);
  const compiled = readFileSync(cache);
  writeFileSync(cache, 'no cache');
  t.is(await says(), version);
  // As somebody edits it who keeps the length, all of it that V8 compares
  writeFileSync(cache, compiled);
  const source = readFileSync(code, 'latin1');
  const edited = source.replace(/`evpnd (?=\$\{installedVersion\(\)\})/, '`EVPND ');
  t.not(edited, source);
  writeFileSync(code, edited, 'latin1');
  t.is(await says(), version.replace('evpnd', 'EVPND'));
});

test('code whose characters would be read as others is not bundled', async (t) => {
  await t.notThrowsAsync(
    mustBeAscii('class A {\n  /** RFC 5880 §6.8 */\n  a() {} // §\n}\nlet b = "§";', 'code.js'),
  );
  for (const source of ['let a = /§/;', 'let a = String.raw`§`;'])
    await t.throwsAsync(mustBeAscii(source, 'code.js'), { message: /^code\.js is not ASCII.*§/ });
});

test('every package that evpnd needs at run time is bundled, and no other', (t) => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const names = packages.map((path) => path.replace(/^.*node_modules\//, ''));
  for (const name of Object.keys(dependencies)) t.true(names.includes(name), name);
  const { packages: locked } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const path of packages) t.falsy(locked[path.slice(checkout.length + 1)].dev, path);
});
