import test from 'ava';
import { setUpFrr10 } from '../../lab/index.js';
import { runScenarioInQemu } from './support/machine-scenario.js';

test.before('FRR 10, whose leaves the segment has', async (t) => {
  t.timeout(310_000);
  await setUpFrr10();
});

test('a host behind two leaves of FRR: a leg fails, a leaf dies', (t) =>
  runScenarioInQemu(t, 'multihomed-scenario.js', 3, 300));
