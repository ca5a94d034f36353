import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test('symmetric IRB and prefix routes: evpnd and FRR in one VRF', async (t) => {
  await runScenarioOnOldestKernel(t, 'routed-scenario.js', 8, 170);
});
