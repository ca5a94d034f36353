import test from 'ava';
import { attempt, evpndCommand } from '../../lab/index.js';

test('evpnd starts with the options that its first line gives to node', async (t) => {
  const [node, ...main] = evpndCommand();
  t.deepEqual(main.slice(0, -1), [
    '--no-memory-reducer',
    '--no-parallel-scavenge',
    '--concurrent-recompilation-queue-length=2000',
    '--v8-pool-size=1',
    '--max-semi-space-size=8',
    '--no-allocation-site-pretenuring',
    '--initial-old-space-size=160',
  ]);
  // A node that does not know an option ends with 9
  const { code, stdout, stderr } = await attempt(node, [...main, '--version']);
  t.is(code, 0, stderr);
  t.regex(stdout, /^evpnd \d+\.\d+\.\d+\n$/);
});
