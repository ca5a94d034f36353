import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test('BGP neighbors in VRFs: FRR at one address in two of them', (t) =>
  runScenarioOnOldestKernel(t, 'vrf-neighbors-scenario.js', 4, 240));
