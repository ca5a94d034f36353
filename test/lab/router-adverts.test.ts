import test from 'ava';
import { runScenario } from './linux-namespace.js';

const results = runScenario('./router-adverts-scenario.js', 60);

for (const name of [
  'an advertisement is heard with its source and its hop limit',
  'the kernel drops a wrong checksum and what is no router discovery, and passes all else on to be judged',
  'what is sent has hop limit 255, a link-local source and the checksum that the kernel filled in',
  'what comes by another interface is not heard, and a flood is read in bounded turns',
  'what comes by another interface is not heard either while a socket is made',
  'a device that is removed and made anew needs another channel, and takes it',
])
  test(name, async (t) => {
    const result = (await results).find((candidate) => candidate.name === name);
    t.truthy(result, 'the case did not run');
    t.is(result?.error, undefined);
  });
