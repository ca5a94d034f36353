import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import test from 'ava';

const MAIN = new URL('../../src/main.js', import.meta.url);
const CHILD = new URL('support/free-shapes.js', import.meta.url).pathname;

test('reading a configuration and serving the API leave half of V8’s table of shapes free', async (t) => {
  // The daemon's own: a heap that is collected less has forgotten fewer
  const [, flags] = readFileSync(MAIN, 'utf8').split('\n', 1)[0].split('-S node ');
  const args = [...flags.split(' '), '--allow-natives-syntax', CHILD];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const free = Number(stdout);
  t.true(free >= 1536 / 2, `free are ${stdout.trim()} of 1536`);
});
