import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import test from 'ava';
import { type Config, ConfigError, diffConfig, formatFinding } from '../../src/config/index.js';
import { parseConfig } from '../../src/config/load.js';
import type { Secret } from '../../src/types/index.js';
import { keyFile } from './support/key-file.js';

const textOf = (path: string) => `asn: 65001
router-id: 10.0.0.1
neighbors:
  - address: 10.1.1.0
    remote-as: 65000
    password-file: ${JSON.stringify(path)}
`;
const load = (path: string): Config => parseConfig(textOf(path), 'f');
const keyOf = ({ neighbors: [{ passwordFile }] }: Config): Secret => passwordFile!;

function finding(path: string): string {
  try {
    load(path);
  } catch (error) {
    if (error instanceof ConfigError) return error.findings.map(formatFinding).join(' | ');
    throw error;
  }
  return 'none';
}

for (const [what, content, key] of [
  ['a line', 'hunter2\n', 'hunter2'],
  ['a line of another system', 'hunter2\r\n', 'hunter2'],
  ['no line feed', 'hunter2', 'hunter2'],
  ['one octet', 'x\n', 'x'],
  ['blanks, which count', ' a b \n', ' a b '],
  ['80 octets', `${'x'.repeat(80)}\r\n`, 'x'.repeat(80)],
] as const)
  test(`a key is what the file has before its line feed: ${what}`, (t) => {
    t.is(
      keyOf(load(keyFile(content)))
        .reveal()
        .toString(),
      key,
    );
  });

for (const [what, content, found] of [
  ['an empty file', '', 'no key'],
  ['an empty line', '\n', 'no key'],
  ['two lines', 'hunter2\nhunter3\n', 'more than one line'],
  ['a line before the key', '\nhunter2\n', 'more than one line'],
  ['81 octets', 'x'.repeat(81), 'more than 80 octets'],
  ['a key without end', 'x'.repeat(100_000), 'more than 80 octets'],
  ['a zero octet', 'hunter\0', 'a zero octet'],
] as const)
  test(`refused without a word of its content: ${what}`, (t) => {
    const path = keyFile(content);
    t.is(
      finding(path),
      `f:6:20: neighbors[0].password-file: found ${JSON.stringify(path).slice(0, 60)}, which has ${found}; allowed a key of 1 to 80 octets on one line`,
    );
  });

for (const mode of [0o640, 0o604, 0o644, 0o620, 0o610, 0o602, 0o601])
  test(`a file of mode ${mode.toString(8)} is refused with the cure`, (t) => {
    const path = keyFile('hunter2\n');
    chmodSync(path, mode);
    t.is(
      finding(path),
      `f:6:20: neighbors[0].password-file: found "${path}" with mode 0${mode.toString(8)}; allowed a file that its owner alone may read or change (chmod 600 ${path})`,
    );
    chmodSync(path, 0o400);
    t.is(finding(path), 'none');
  });

test('what is no file, is not there or has no absolute path is refused, and nothing waits for a writer', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-key-'));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  t.regex(finding(folder), /, which is no file; allowed a file with the key$/);
  t.regex(finding(fifo), /, which is no file; allowed a file with the key$/);
  t.regex(finding(join(folder, 'none')), /, which cannot be read \(ENOENT\); allowed a file with the key$/);
  t.regex(finding('keys/spine1'), /found "keys\/spine1"; allowed an absolute path$/);
  rmSync(folder, { recursive: true });
});

test('nothing that prints a key shows it', (t) => {
  const config = load(keyFile('hunter2\n'));
  const key = keyOf(config);
  for (const text of [
    `${key}`,
    JSON.stringify({ key }),
    inspect({ key }),
    inspect(key, { showHidden: true }),
  ])
    t.regex(text, /\(secret\)/);
  for (const text of [`${key}`, JSON.stringify(config.neighbors), inspect(config, { depth: 9 })])
    t.notRegex(text, /hunter2/);
});

test('a reload names a key that changed in its file, not what it is, and no other', (t) => {
  const path = keyFile('hunter2\n');
  const before = load(path);
  t.deepEqual(diffConfig(before, load(path)), []);
  writeFileSync(path, 'hunter3\n');
  const [change, ...more] = diffConfig(before, load(path));
  t.deepEqual(more, []);
  t.is(change.key, 'neighbors[10.1.1.0].password-file');
  t.notDeepEqual(change.before, change.after);
  for (const text of [change.before, change.after]) {
    t.true(text?.startsWith(`${path} (`));
    t.notRegex(text ?? '', /hunter/);
  }
});
