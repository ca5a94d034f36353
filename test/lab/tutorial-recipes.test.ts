import test from 'ava';
import { run, setUpFrr10, sourceFile } from '../../lab/index.js';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test.before('FRR 10 and ifupdown2', async (t) => {
  t.timeout(330_000);
  await setUpFrr10();
  await run('bash', [sourceFile('ifupdown2.sh')], { timeout: 60_000 });
});

test("the tutorial's recipes and configurations, and Proxmox's, with evpnd as the E-VPN part", async (t) => {
  await runScenarioOnOldestKernel(t, 'tutorial-scenario.js', 5, 280);
});
