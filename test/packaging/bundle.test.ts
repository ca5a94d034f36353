import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { attempt, Daemon, evpndCommand, evpndMain, restGet, waitFor } from '../../lab/index.js';
import { bundle } from '../../packaging/bundle.js';

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

test('all code of a bundle counts as what parses a file', async (t) => {
  const lib = join(folder, 'lib');
  const names = readdirSync(lib).sort();
  const [chunk] = names.filter((name) =>
    readFileSync(join(lib, name), 'utf8').includes('function parserFiles('),
  );
  const exported = Object.values(await import(join(lib, chunk))) as (() => readonly string[])[];
  const parserFiles = exported.find(({ name }) => name === 'parserFiles');
  t.deepEqual(
    parserFiles?.(),
    names.map((name) => join(lib, name)),
  );
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

test('a CommonJS package that is loaded late is taken by its default export, all that a bundle gives of it', async (t) => {
  let found = 0;
  for (const name of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const late = /^.*await import\('([^.'][^']*)'\).*$/gm;
    for (const [line, specifier] of readFileSync(join('src', name), 'utf8').matchAll(late)) {
      // One of ESM alone may have none
      if (!('default' in (await import(specifier)))) continue;
      found++;
      t.regex(line, /const \{ default: \w+ \} = await import/, name);
    }
  }
  t.true(found > 0);
});
