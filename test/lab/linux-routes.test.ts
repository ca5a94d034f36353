import test from 'ava';
import { routeContract } from '../dataplane/route-contract.js';
import { runScenario } from './linux-namespace.js';
import { MAIN_TABLE } from './support/route-cases.js';

const results = runScenario('./linux-routes-scenario.js', 50);

for (const name of [...routeContract.map((each) => each.name), MAIN_TABLE])
  test(`the real kernel: ${name}`, async (t) => {
    const result = (await results).find((candidate) => candidate.name === name);
    t.truthy(result, 'the case did not run');
    t.is(result?.error, undefined);
  });
