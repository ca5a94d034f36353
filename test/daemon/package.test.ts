import { accessSync, constants, readFileSync } from 'node:fs';
import test from 'ava';
import { run } from '../../lab/index.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

test('the package holds what evpnd runs by and no more: its code, the sources of the addon, the unit, the manual', async (t) => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
  // npm 12 names the package
  const [{ files }] = Object.values(JSON.parse(stdout)) as { files: { path: string }[] }[];
  const paths = files.map(({ path }) => path);
  const code = paths.filter((path) => path.startsWith('build/src/'));
  t.true(code.includes(manifest.bin.evpnd));
  t.true(code.every((path) => path.endsWith('.js')));
  const rest = paths.filter((path) => !code.includes(path));
  for (const path of ['native/binding.gyp', 'native/socket.c', 'scripts/build-native.sh', 'docs/operator.md'])
    t.true(rest.includes(path), path);
  t.deepEqual(
    rest.filter(
      (path) =>
        !/^(native|systemd|scripts\/build-native|docs\/operator\.md|[A-Z]+(\.md)?$|package\.json)/.test(path),
    ),
    [],
  );
  t.deepEqual(
    rest.filter((path) => path.startsWith('native/build')),
    [],
    "one machine's addon is no other's",
  );
});

test('the program may be executed', (t) => {
  t.notThrows(() => accessSync(manifest.bin.evpnd, constants.X_OK));
});

test('every package that evpnd runs by takes the Node that it promises', (t) => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: boolean; engines?: { node?: string } }>;
  };
  t.is(manifest.engines.node, '>=20.19');
  const demanding = Object.entries(packages).filter(([, { engines }]) =>
    // Only a range whose every part begins above 20 leaves 20.19 out
    (engines?.node ?? '*').split('||').every((part) => Number(/(\d+)/.exec(part)?.[1] ?? 0) > 20),
  );
  t.deepEqual(
    demanding.map(([name]) => name),
    [],
  );
});
