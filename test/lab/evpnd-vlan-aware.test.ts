import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test('a leaf on VLAN-aware bridges with SVIs, among others of evpnd and FRR', (t) =>
  runScenarioOnOldestKernel(t, 'evpnd-vlan-aware-scenario.js', 7, 240));
