import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { attempt } from '../../lab/index.js';
import { parseConfigFile } from '../../src/config/load.js';
import { recallConfig, rememberConfig } from '../../src/configuration-cache.js';

const TEXT = `asn: 65001
router-id: 10.0.0.1
neighbors:
  - {address: 10.1.1.0, remote-as: external, local-address: 10.1.1.1}
  - {address: 2001:db8::1, remote-as: 65000}
evpn:
  vnis:
    - {vni: 10010, rd: '10.0.0.1:7', import-route-targets: ['*:10010', '65000:7'], export-route-targets: ['65001:7']}
    - {vni: 10020}
`;

function scene(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-cache-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const read = { text: TEXT, ...parseConfigFile(TEXT, 'evpnd.yaml') };
  rememberConfig(folder, read);
  return {
    folder,
    read,
    file: join(folder, 'last-good.parsed'),
    recall: (text = TEXT) => recallConfig(folder, text),
  };
}

test('what a text was parsed to is recalled for that text alone', (t) => {
  const { read, recall, file } = scene(t);
  t.deepEqual(recall(), read);
  t.is(recall(TEXT.replace('65001', '65002')), undefined);
  t.is(recall(`${TEXT} `), undefined);
  rmSync(file);
  t.is(recall(), undefined);
});

test('a file that another user may have written is not taken', (t) => {
  const { read, recall, file } = scene(t);
  for (const mode of [0o620, 0o602]) {
    chmodSync(file, mode);
    t.is(recall(), undefined, mode.toString(8));
  }
  chmodSync(file, 0o600);
  t.deepEqual(recall(), read);
  renameSync(file, `${file}.moved`);
  symlinkSync(`${file}.moved`, file);
  t.is(recall(), undefined, 'a symbolic link');
});

test('a file with one wrong bit, or half of one, is not taken', (t) => {
  const { recall, file } = scene(t);
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole);
    damaged[at] ^= 1 << (at % 8);
    writeFileSync(file, damaged);
    t.is(recall(), undefined, `octet ${at}`);
  }
  for (const length of [0, 31, 32, whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, length));
    t.is(recall(), undefined, `${length} octets`);
  }
});

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

/** Starts with the file as evpnd does, and notes the modules that node loads. */
const START = `
import { ConfigurationFile } from '${source('configuration-file.js')}';
import { silentLog } from '${source('types/index.js')}';
await import('${source('run.js')}');
const file = new ConfigurationFile(process.argv[1], silentLog);
file.taken(await file.start());
`;
const NOTE = `
import { register } from 'node:module';
const hook = "import { writeSync } from 'node:fs'; export function load(url, context, next) { writeSync(1, url + '\\\\n'); return next(url, context); }";
register('data:text/javascript,' + encodeURIComponent(hook));
`;

test('a start with a file that was taken before loads neither what parses it nor the API', async (t) => {
  const { folder } = scene(t);
  const path = join(folder, 'evpnd.yaml');
  writeFileSync(path, `${TEXT}state-directory: ${folder}\n`);
  const loaded = async () => {
    const { code, stdout, stderr } = await attempt(process.execPath, [
      ...['--import', `data:text/javascript,${encodeURIComponent(NOTE)}`],
      ...['--input-type=module', '--eval', START, path],
    ]);
    t.is(code, 0, stderr);
    t.true(stdout.includes('/src/daemon.js'));
    return stdout;
  };
  const slow = /node_modules\/(yaml|ajv|@sinclair|fastify)\//;
  t.regex(await loaded(), slow);
  t.notRegex(await loaded(), slow);
});
