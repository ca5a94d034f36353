import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';
import { pinCases } from './support/pins.js';

test('what another leaf has pinned stays there: a bridge and a VXLAN device a VNI', async (t) => {
  t.timeout(120_000);
  const { cases, remove } = await pinCases('traditional');
  t.teardown(remove);
  for (const { name, run } of cases) {
    await t.notThrowsAsync(run(), name);
    t.log(name);
  }
});

test('what another leaf has pinned stays there: VLAN-aware bridges, a single VXLAN device and one a VNI', (t) =>
  runScenarioOnOldestKernel(t, 'pins-scenario.js', 16, 480));
