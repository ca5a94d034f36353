import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { bootedRoot, setUpBootedDebian } from '../../lab/index.js';
import { runScenarioInContainer } from './support/machine-scenario.js';

for (const release of [12, 13] as const) {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-booted-'));
  test.after.always(`remove Debian ${release}`, () => rmSync(folder, { recursive: true, force: true }));

  test.serial(
    `evpnd is installed, runs as a service, is upgraded and purged on a booted Debian ${release}`,
    async (t) => {
      t.timeout(600_000);
      await setUpBootedDebian(release);
      const root = await bootedRoot(folder, release);
      await runScenarioInContainer(t, 'booted-service-scenario.js', 14, 240, {
        root,
        shares: [process.cwd()],
      });
    },
  );
}
