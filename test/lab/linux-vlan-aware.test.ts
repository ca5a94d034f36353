import { fileURLToPath } from 'node:url';
import test from 'ava';
import { pace, runOnOldestKernel, slowness } from '../../lab/index.js';
import type { CaseResult } from './linux-namespace.js';

test('VLAN-aware bridges of a real kernel, on the oldest kernel that boots', async (t) => {
  t.timeout(120_000 * slowness * pace);
  const scenario = fileURLToPath(new URL('./linux-vlan-aware-scenario.js', import.meta.url));
  const { code, stdout, stderr } = await runOnOldestKernel(scenario, [], { timeout: 100_000 });
  t.is(code, 0, stderr);
  const results: CaseResult[] = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  t.is(results.length, 3, stdout);
  for (const { name, error } of results) t.is(error, undefined, name);
});
