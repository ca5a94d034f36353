import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { attempt, evpndCommand } from '../../lab/index.js';

test('evpnd starts with the options that its first line gives to node', async (t) => {
  const [node, ...main] = evpndCommand();
  t.deepEqual(main.slice(0, -1), [
    '--no-memory-reducer',
    '--no-parallel-scavenge',
    '--concurrent-recompilation-queue-length=2000',
    '--v8-pool-size=1',
    '--max-semi-space-size=4',
    '--no-allocation-site-pretenuring',
    '--initial-old-space-size=160',
  ]);
  // A node that does not know an option ends with 9
  const { code, stdout, stderr } = await attempt(node, [...main, '--version']);
  t.is(code, 0, stderr);
  t.regex(stdout, /^evpnd \d+\.\d+\.\d+\n$/);
});

test('--flush removes nothing where evpnd observes: the rows may be those of another daemon', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evpnd-observed-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'evpnd.yaml');
  writeFileSync(
    file,
    `{asn: 65001, router-id: 10.0.0.1, neighbors: [], mode: observe, state-directory: ${folder}}`,
  );
  const [node, ...main] = evpndCommand();
  const { code, stdout, stderr } = await attempt(node, [...main, '--flush', file]);
  t.deepEqual([code, stdout], [1, '']);
  t.regex(stderr, /^nothing was flushed: mode: observe adopts no rows/);
});
