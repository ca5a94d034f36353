import test from 'ava';
import { runScenario } from './linux-namespace.js';

const results = runScenario('./snoop-socket-scenario.js', 30);

for (const name of [
  'frames that came in are told with their device and their tag, all else is filtered',
  'questions leave by the port, tagged or not, and the host hears them',
  'a flood is cut off by the kernel, not by us, and another port is heard meanwhile',
])
  test(name, async (t) => {
    const result = (await results).find((candidate) => candidate.name === name);
    t.truthy(result, 'the case did not run');
    t.is(result?.error, undefined);
  });
