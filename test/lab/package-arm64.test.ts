/** The Debian package and the image for arm64, made on whatever machine this is: on one with x86_64 an emulator runs what is in the image. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { run } from '../../lab/index.js';
import { makeDebHere, makeImageHere } from '../../packaging/here.js';

const PATIENCE = { timeout: 120_000 };
const folder = mkdtempSync(join(tmpdir(), 'evpnd-arm64-'));
const root = join(folder, 'root');
const home = join(root, 'usr/lib/evpnd');
const EMULATOR = process.arch === 'arm64' ? ['chroot', root] : ['qemu-aarch64-static', '-L', root];
const inRoot = (path: string) => (process.arch === 'arm64' ? path : join(root, path));
let deb: string;
let image: string;

const json = (path: string) => JSON.parse(readFileSync(join(image, path), 'utf8'));
const blob = ({ digest }: { digest: string }) => `blobs/${digest.replace(':', '/')}`;

test.before('make and unpack', async (t) => {
  t.timeout(400_000);
  deb = await makeDebHere(folder, 1, 'arm64');
  ({ folder: image } = await makeImageHere(folder, { arch: 'arm64', compression: 1, deb }));
  mkdirSync(root);
  for (const layer of json(blob(json('index.json').manifests[0])).layers)
    await run('tar', ['--extract', '--file', join(image, blob(layer)), '--directory', root], PATIENCE);
});
test.after.always('remove', () => rmSync(folder, { recursive: true, force: true }));

const node = async (...args: string[]) => {
  const [program, ...rest] = [...EMULATOR, inRoot('/usr/lib/evpnd/node'), ...args];
  return (await run(program, rest, PATIENCE)).stdout;
};

test('dpkg is told that it is for arm64, and what Debian calls the libraries there', async (t) => {
  const field = async (name: string) => (await run('dpkg-deb', ['--field', deb, name])).stdout.trim();
  t.is(await field('Architecture'), 'arm64');
  const depends = await field('Depends');
  for (const name of ['libc6', 'libstdc++6', 'libatomic1', 'libgcc-s1'])
    t.true(depends.includes(name), depends);
  t.regex(depends, /^[a-z0-9+.-]+( \([><=]+ [\w.~+-]+\))?(, [a-z0-9+.-]+( \([><=]+ [\w.~+-]+\))?)*$/);
  t.notRegex(depends, /cross|:/);
});

test('every program and library of ours is for arm64, and none for another processor', async (t) => {
  const files = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (entry.name === 'node' || entry.name.endsWith('.node')))
    .map(({ parentPath, name }) => join(parentPath, name));
  t.true(files.length >= 3, files.join());
  for (const file of files)
    t.regex((await run('readelf', ['--file-header', file])).stdout, /Machine: +AArch64/, file);
});

test('the image is for arm64, and its programs run and load the addon', async (t) => {
  const [manifest] = json('index.json').manifests;
  t.deepEqual(manifest.platform, { architecture: 'arm64', os: 'linux' });
  t.is(json(blob(json(blob(manifest)).config)).architecture, 'arm64');
  t.is(await node('--print', 'process.arch'), 'arm64\n');
  const file = (name: string) => inRoot(`/usr/lib/evpnd/lib/${name}.js`);
  t.regex(await node(file('evpnd'), '--version'), /^evpnd \d/);
  t.regex(await node(file('evpnctl'), '--version'), /^\d/);
  t.regex(await node(file('evpnd'), '--check', inRoot('/etc/evpnd/evpnd.yaml')), /: OK: /);
  const addon = inRoot('/usr/lib/evpnd/native/prebuilds/linux-arm64/evpnd.napi.node');
  t.regex(await node('--print', `Object.keys(require(${JSON.stringify(addon)})).join()`), /RawSocket/);
});
