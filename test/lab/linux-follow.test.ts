import test from 'ava';
import { runScenario } from './linux-namespace.js';

test('the real kernel, followed and read again', async (t) => {
  const results = await runScenario('./linux-follow-scenario.js', 80);
  t.true(results.length > 0);
  for (const { name, error } of results) t.is(error, undefined, name);
});
