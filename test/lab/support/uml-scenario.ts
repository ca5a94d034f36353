import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { runInUml } from '../../../lab/index.js';
import type { CaseResult } from '../linux-namespace.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Runs a scenario of test/lab in a machine of its own, and makes each of its cases an assertion: `t` fails for every
 * case that failed, and where fewer ran than `cases` says.
 */
export async function runScenarioInUml(
  t: ExecutionContext,
  file: string,
  cases: number,
  seconds = 120,
): Promise<void> {
  t.timeout((seconds + 10) * 1000);
  const { code, stdout, stderr } = await runInUml(join(folder, file), [], { timeout: seconds * 1000 });
  const results = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CaseResult);
  for (const { name, error } of results) {
    t.log(`${error === undefined ? 'passed' : 'FAILED'}: ${name}`);
    t.is(error, undefined, name);
  }
  t.is(code, 0, stderr);
  t.is(results.length, cases, stderr);
}
