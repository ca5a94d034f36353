import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { lockNamespace } from '../../src/instance-lock.js';

const address = (name: string) => `\0evpnd-test-${process.pid}-${name}`;

test('the second is refused and hears who the first is, until the first has gone', async (t) => {
  const first = await lockNamespace(address('two'));
  const error = await t.throwsAsync(lockNamespace(address('two')));
  t.regex(
    error.message,
    new RegExp(`another evpnd \\(process ${process.pid}\\) runs in this network namespace`),
  );
  await new Promise((resolve) => first.close(resolve));
  (await lockNamespace(address('two'))).close();
});

test('a process that is killed leaves no lock behind', async (t) => {
  const held = address('killed');
  const script = `require('node:net').createServer().listen(${JSON.stringify(held)}, () => console.log('held'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await t.throwsAsync(lockNamespace(held), { message: /process unknown/ });
  child.kill('SIGKILL');
  await once(child, 'exit');
  (await lockNamespace(held)).close();
  t.pass();
});
