import test from 'ava';
import { runScenario } from './linux-namespace.js';

test.serial('sessions with BIRD by one device alone', async (t) => {
  t.timeout(120_000);
  const results = await runScenario('./device-scenario.js', 110);
  t.is(results.length, 4);
  for (const { name, error } of results) t.is(error, undefined, name);
});
