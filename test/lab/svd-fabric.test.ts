import test from 'ava';
import { setUpFrr10 } from '../../lab/index.js';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test.before('FRR 10, which alone of FRR knows the single VXLAN device', async (t) => {
  t.timeout(310_000);
  await setUpFrr10();
});

test('single VXLAN devices: evpnd and FRR 10 in one fabric, mappings and filters that change', async (t) => {
  await runScenarioOnOldestKernel(t, 'svd-scenario.js', 10, 240);
});
