import test from 'ava';
import { setUpAsic } from '../../lab/index.js';
import { runScenarioWithAsic } from './support/machine-scenario.js';

test.before('the kernel and the module of the switch', async (t) => {
  t.timeout(310_000);
  await setUpAsic();
});

test('a leaf on a switch ASIC', (t) => runScenarioWithAsic(t, 'hardware-scenario.js', 6, 240));
