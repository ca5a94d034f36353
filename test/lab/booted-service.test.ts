import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { installEvpnd, setUpBootedDebian } from '../../lab/index.js';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

const folder = mkdtempSync(join(tmpdir(), 'evpnd-booted-'));
let root: readonly string[];

test.before('Debian, and evpnd as the manual installs it', async (t) => {
  t.timeout(600_000);
  await setUpBootedDebian();
  root = await installEvpnd(folder);
});
test.after.always('remove', () => rmSync(folder, { recursive: true, force: true }));

test('evpnd as a service on a booted Debian', (t) =>
  runScenarioOnOldestKernel(t, 'booted-service-scenario.js', 7, 400, {
    root,
    shares: [process.cwd()],
    memory: '1500M',
  }));
