import test from 'ava';
import { setUpAsic } from '../../lab/index.js';
import { runScenarioWithAsic } from './support/machine-scenario.js';

test.before('the kernel and the module of the switch', async (t) => {
  t.timeout(310_000);
  await setUpAsic();
});

test.serial('a leaf on a rocker switch, which learns by itself', (t) =>
  runScenarioWithAsic(t, 'rocker-scenario.js', 5, 400, { rockerPorts: 2 }),
);

test.serial('a leaf on a switch ASIC', (t) => runScenarioWithAsic(t, 'hardware-scenario.js', 11, 560));

test.serial('what a driver demands of devices, and what it made of routes', (t) =>
  runScenarioWithAsic(t, 'preflight-scenario.js', 4, 250),
);
