import test from 'ava';
import { runScenarioInUml } from './support/machine-scenario.js';

test('a leaf on VLAN-aware bridges with SVIs, among others of evpnd and FRR', (t) =>
  runScenarioInUml(t, 'evpnd-vlan-aware-scenario.js', 7, 100));
