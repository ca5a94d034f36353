import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test('devices, VLANs, SVIs and addresses that change at random: only the end state counts', async (t) => {
  await runScenarioOnOldestKernel(t, 'lifecycle-scenario.js', 4, 300);
});
