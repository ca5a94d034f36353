import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test('routes between VRFs, and by gateways that they name', async (t) => {
  await runScenarioOnOldestKernel(t, 'leaking-scenario.js', 4, 170);
});
