import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';
import { PAGE_RUNS } from './support/manual-pages.js';

test('what the manual says of VLAN-aware bridges is done, word by word', async (t) => {
  const runs = PAGE_RUNS.filter(({ kernel }) => kernel === 'vlan-aware');
  await runScenarioOnOldestKernel(t, 'manual-vlan-aware-scenario.js', runs.length, 180);
});
