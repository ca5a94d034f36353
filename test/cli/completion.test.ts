import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { House } from '../api/support/house.js';
import { runWith, shellOf } from './support/shell.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

test('commands, options, fixed values, and what evpnd has now', async (t) => {
  const [here] = (await House.build()).rooms;
  const shell = await shellOf(t, here);
  const offered = async (...words: string[]) =>
    (await shell.run('__complete', ...words)).out.split('\n').filter((line) => line !== '');
  t.true((await offered('')).includes('doctor'));
  t.deepEqual(await offered('sh'), ['show']);
  t.deepEqual(await offered('show', 'ne'), ['neighbor']);
  t.deepEqual(await offered('show', 'vni', ''), ['10010', '20']);
  t.deepEqual(await offered('show', 'vni', '1'), ['10010']);
  t.deepEqual(await offered('show', 'neighbors', ''), ['10.1.0.2']);
  t.deepEqual(await offered('neighbor', 'reset', '--message', 'away', ''), ['10.1.0.2']);
  t.deepEqual(await offered('show', 'mac', '--or'), ['--origin']);
  t.deepEqual(await offered('show', 'mac', '--origin', ''), ['local', 'remote']);
  t.deepEqual(await offered('show', 'mac', '--vni', ''), ['10010', '20']);
  t.deepEqual(await offered('explain', ''), ['10010', '20', 'ip', 'prefix']);
  t.deepEqual(await offered('explain', '10010', ''), []);
  t.true((await offered('--')).includes('--json'));
  const elsewhere = await runWith({}, ['__complete', '--socket', shell.socket, 'show', 'vni', '']);
  t.is(elsewhere.out, '10010\n20\n');
  t.deepEqual(await runWith({ EVPND_API: '/nonexistent' }, ['__complete', 'show', 'vni', '']), {
    code: 0,
    out: '',
    err: '',
  });
});

test('the script for bash completes in bash', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evpnctl-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'evpnctl'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  });
  const script = `source <(evpnctl completion bash)
COMP_WORDS=(evpnctl show ne); COMP_CWORD=2; _evpnctl; echo "\${COMPREPLY[@]}"
COMP_WORDS=(evpnctl show mac --origin ''); COMP_CWORD=4; _evpnctl; echo "\${COMPREPLY[@]}"
complete -p evpnctl`;
  const printed = execFileSync('bash', ['-c', script], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
  t.is(printed, 'neighbor\nlocal remote\ncomplete -F _evpnctl evpnctl\n');
});

test('an unknown shell is refused by name', async (t) => {
  const { code, err } = await runWith({}, ['completion', 'csh']);
  t.is(code, 2);
  t.regex(err, /found csh, allowed are bash, zsh, fish/);
});
