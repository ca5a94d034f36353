import test from 'ava';
import { runScenario } from './linux-namespace.js';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test.serial('sessions with BIRD by one device alone', async (t) => {
  t.timeout(120_000);
  const results = await runScenario('./device-scenario.js', 110);
  t.is(results.length, 4);
  for (const { name, error } of results) t.is(error, undefined, name);
});

test.serial('sessions with BIRD in a VRF', (t) => runScenarioOnOldestKernel(t, 'vrf-scenario.js', 4, 240));
