import test from 'ava';
import { setUpFrr10 } from '../../lab/index.js';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test.before('FRR 10, which alone of FRR knows the single VXLAN device', async (t) => {
  t.timeout(310_000);
  await setUpFrr10();
});

test('symmetric IRB and prefix routes: evpnd and FRR in one VRF', async (t) => {
  await runScenarioOnOldestKernel(t, 'routed-scenario.js', 17, 420, { memory: '1500M' });
});
