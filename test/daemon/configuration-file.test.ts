import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConfigError } from '../../src/config/index.js';
import { ConfigurationFile } from '../../src/configuration-file.js';
import { flushConfiguration } from '../../src/flush.js';
import { silentLog } from '../../src/types/index.js';

const SYNTAX_FAULT = 'neighbors: [\n';
const SHAPE_FAULT = 'asn: many\n';

function scene(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-configuration-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'evpnd.yaml');
  const state = join(folder, 'state');
  const good = (asn: number) =>
    `asn: ${asn}\nrouter-id: 10.0.0.1\nneighbors: []\nstate-directory: ${state} # here\n`;
  const errors: string[] = [];
  const log = { ...silentLog, error: (_: object, message: string) => errors.push(message) };
  return {
    path,
    state,
    good,
    errors,
    write: (text: string, file = path) => writeFileSync(file, text),
    open: (file = path) => new ConfigurationFile(file, log),
  };
}

/** A process that runs with the file as it is. */
async function runs({ open }: ReturnType<typeof scene>): Promise<void> {
  const file = open();
  file.taken(await file.start());
}

for (const [what, fault] of [
  ['of syntax', SYNTAX_FAULT],
  ['of shape', SHAPE_FAULT],
])
  test(`a start that meets a fault ${what} goes on with the configuration taken last`, async (t) => {
    const at = scene(t);
    at.write(at.good(65001));
    await runs(at);
    at.write(`${fault}state-directory: ${at.state}\n`);
    const file = at.open();
    const config = await file.start();
    t.is(config.asn, 65001);
    t.regex(file.problem?.problem ?? '', /evpnd\.yaml has .*fault/);
    t.is(at.errors.length, 1);
    file.taken(config);
    t.truthy(file.problem, 'the problem lasts while that configuration is in effect');

    at.write(at.good(65002));
    const corrected = (await file.reload())!;
    t.is(corrected.asn, 65002);
    file.taken(corrected);
    t.is(file.problem, undefined);
    at.write(fault + at.good(1).split('\n').at(-2));
    t.is((await at.open().start()).asn, 65002, 'what a reload took over counts for the next start');
  });

test('the state directory is found in every style of YAML', async (t) => {
  const at = scene(t);
  at.write(at.good(65001));
  await runs(at);
  for (const line of [
    `state-directory: ${at.state}`,
    `"state-directory" : '${at.state}' # quoted`,
    `{ asn: 1,\n  state-directory: ${at.state}, x: [`,
  ]) {
    at.write(`${line}\nasn: [`);
    t.is((await at.open().start()).asn, 65001, line);
  }
});

test('a first start with a faulty file fails with its faults, and so does one whose file is gone', async (t) => {
  const at = scene(t);
  at.write(SHAPE_FAULT);
  await t.throwsAsync(() => at.open().start(), { instanceOf: ConfigError, message: /evpnd\.yaml:1:6: asn/ });
  at.write(at.good(65001));
  await runs(at);
  rmSync(at.path);
  const error = await t.throwsAsync(() => at.open().start(), { instanceOf: ConfigError });
  t.true(error.missing);
});

test('a reload with a fault changes nothing and reports which configuration is in effect', async (t) => {
  const at = scene(t);
  at.write(at.good(65001));
  const file = at.open();
  file.taken(await file.start());
  at.write(SHAPE_FAULT);
  t.is(await file.reload(), undefined);
  t.regex(file.problem?.problem ?? '', /the running configuration is in effect: .*asn: found "many"/);
  t.is(file.problem?.fix, `evpnd --check ${at.path}`);
});

test("another file's copy is not taken, nor one that an older evpnd took and this one refuses", async (t) => {
  const at = scene(t);
  at.write(at.good(65001));
  await runs(at);
  const other = `${at.path}.other`;
  const broken = `${SHAPE_FAULT}state-directory: ${at.state}\n`;
  at.write(broken, other);
  await t.throwsAsync(() => at.open(other).start(), { instanceOf: ConfigError });
  const copy = join(at.state, 'last-good.yaml');
  t.is(statSync(copy).mode & 0o777, 0o640);
  writeFileSync(copy, readFileSync(copy, 'utf8').replace('65001', 'many'));
  at.write(broken);
  await t.throwsAsync(() => at.open().start(), { instanceOf: ConfigError });
});

test('a flush goes by what a start would go on with, and says where that is not the file', async (t) => {
  const at = scene(t);
  at.write(at.good(65001));
  await runs(at);
  t.like(await flushConfiguration(at.path), { config: { asn: 65001 }, problem: undefined });
  at.write(at.good(65001).replace('65001', 'many'));
  const { config, problem } = await flushConfiguration(at.path);
  t.is(config.asn, 65001);
  t.regex(
    problem ?? '',
    /evpnd\.yaml has a fault and was not applied; the last good configuration is in effect: .*evpnd\.yaml:1:6: asn: /,
  );
  rmSync(at.state, { recursive: true });
  await t.throwsAsync(() => flushConfiguration(at.path), { instanceOf: ConfigError });
});

test('a text that is saved takes the place of the file behind a link, with its mode, whatever was left beside it', async (t) => {
  const at = scene(t);
  at.write(at.good(65001));
  chmodSync(at.path, 0o664);
  const link = join(at.path, '..', 'link.yaml');
  symlinkSync(at.path, link);
  const victim = join(at.path, '..', 'victim');
  at.write('mine', victim);
  symlinkSync(victim, `${at.path}.new`);
  const file = at.open(link);
  file.taken(await file.start());
  t.is(file.prepare(await file.check(at.good(65002))).commit(), undefined);
  t.is(readFileSync(at.path, 'utf8'), at.good(65002));
  t.is(statSync(at.path).mode & 0o777, 0o664);
  t.is(readFileSync(victim, 'utf8'), 'mine');
  t.false(existsSync(`${at.path}.new`));
  t.false(file.hasChanged);
});

test('a file that is gone has changed, and one that cannot be replaced in the end leaves nothing beside it', async (t) => {
  const at = scene(t);
  at.write(at.good(65001));
  const file = at.open();
  file.taken(await file.start());
  const saved = file.prepare(await file.check(at.good(65002)));
  renameSync(at.path, `${at.path}.gone`);
  t.true(file.hasChanged);
  mkdirSync(at.path);
  t.regex(saved.commit() ?? '', /EISDIR/);
  t.is(file.applied, at.good(65001));
  t.deepEqual(readdirSync(join(at.path, '..')).sort(), ['evpnd.yaml', 'evpnd.yaml.gone', 'state']);
});
