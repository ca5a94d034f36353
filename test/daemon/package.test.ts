import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { run } from '../../lab/index.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
/** evpnd and evpnctl. */
const programs = Object.values(manifest.bin as Record<string, string>);

/** Paths of all files of the package. */
async function pack(): Promise<string[]> {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    timeout: 180_000,
  });
  // npm 12 names the package
  const [{ files }] = Object.values(JSON.parse(stdout)) as { files: { path: string }[] }[];
  return files.map(({ path }) => path);
}
const packed = pack();

test('the package holds what evpnd runs by and no more: its code, the sources of the addon, the unit, the manual, what monitors it', async (t) => {
  const paths = await packed;
  const code = paths.filter((path) => path.startsWith('build/src/'));
  for (const program of programs) t.true(code.includes(program), program);
  t.true(code.every((path) => path.endsWith('.js')));
  const rest = paths.filter((path) => !code.includes(path));
  for (const path of [
    'native/binding.gyp',
    'native/socket.c',
    'scripts/build-native.sh',
    'docs/operator.md',
    'docs/manual/quick-start.md',
    'monitoring/alerts.yaml',
  ])
    t.true(rest.includes(path), path);
  t.deepEqual(
    rest.filter(
      (path) =>
        !/^(native|systemd|scripts\/build-native|docs\/|man\/|monitoring\/|node_modules\/|[A-Z]+(\.md)?$|package\.json)/.test(
          path,
        ),
    ),
    [],
  );
  t.deepEqual(
    rest.filter((path) => path.startsWith('native/build')),
    [],
    "one machine's addon is no other's",
  );
});

test('the package carries its dependencies in the versions of the lockfile, since npm honours neither lockfile nor overrides of a package that it installs', async (t) => {
  const carried = (await packed)
    .map((path) => /^(node_modules\/.*)\/package\.json$/.exec(path)?.[1])
    .filter((path) => path !== undefined);
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; version?: string }>;
  };
  const needed = Object.entries(packages).filter(
    ([path, { dev, optional }]) => path !== '' && !dev && !optional,
  );
  t.true(needed.length > 0);
  // Where a package is nested may differ: its name and version count
  const name = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const versions = new Set(
    carried.map(
      (path) => `${name(path)}@${JSON.parse(readFileSync(`${path}/package.json`, 'utf8')).version}`,
    ),
  );
  for (const [path, { version }] of needed) t.true(versions.has(`${name(path)}@${version}`), path);
  const { devDependencies } = manifest as { devDependencies: Record<string, string> };
  t.deepEqual(
    Object.keys(devDependencies).filter((name) => carried.includes(`node_modules/${name}`)),
    [],
  );
});

test('a build into a new folder gives programs that may be executed and are run by node', async (t) => {
  t.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-build-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  // The programs' own files alone, since compiling the rest shows nothing of this
  const project = join(folder, 'tsconfig.json');
  const root = process.cwd();
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { rootDir: root, types: [], noResolve: true, noCheck: true, incremental: false },
      include: [],
      files: programs.map((program) => join(root, program.replace(/^build\//, '').replace(/js$/, 'ts'))),
    }),
  );
  await run('npm', ['run', '-s', 'build', '--', '-p', project, '--tsBuildInfoFile', 'null'], {
    env: { ...process.env, EVPND_BUILD: folder },
    timeout: 170_000,
  });
  t.is(programs.length, 2);
  for (const name of programs) {
    const program = join(folder, name.replace(/^build\//, ''));
    t.notThrows(() => accessSync(program, constants.X_OK));
    t.regex(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/env (-S )?node\b/);
  }
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
