import test from 'ava';
import { runScenarioOnOldestKernel } from './support/machine-scenario.js';

test('explain of one of each case on a VLAN-aware bridge and on a single VXLAN device', (t) =>
  runScenarioOnOldestKernel(t, 'explain-each-case-scenario.js', 18, 240));
