import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { stateDirectoryProblem } from '../../src/state-directory.js';

test('a state directory that is not there, or is none, is a problem with the command that fixes it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'evpnd-state-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  t.is(stateDirectoryProblem(directory), undefined);
  const missing = join(directory, 'missing');
  const file = join(directory, 'file');
  writeFileSync(file, '');
  for (const [path, code] of [
    [missing, 'ENOENT'],
    [join(file, 'below'), 'ENOTDIR'],
  ]) {
    const found = stateDirectoryProblem(path);
    t.true(found?.problem.startsWith(`state-directory ${path} cannot be written: ${code};`));
    t.is(found?.fix, `install -d -o evpnd -g evpnd -m 0750 ${path}`);
  }
});
