import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { bootedRoot, setUpBootedDebian } from '../../lab/index.js';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

const folder = mkdtempSync(join(tmpdir(), 'evpnd-booted-'));
let root: readonly string[];

test.before("Debian, and evpnd's package", async (t) => {
  t.timeout(600_000);
  await setUpBootedDebian();
  root = await bootedRoot(folder);
});
test.after.always('remove', () => rmSync(folder, { recursive: true, force: true }));

test('evpnd is installed, runs as a service, is upgraded and purged on a booted Debian', (t) =>
  runScenarioOnOldestKernel(t, 'booted-service-scenario.js', 13, 500, {
    root,
    shares: [process.cwd()],
    memory: '2000M',
  }));
