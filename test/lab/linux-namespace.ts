import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pace, waitFor } from '../../lab/index.js';

/** What a case of a scenario came to: one line of JSON on the scenario's standard output. */
export interface CaseResult {
  readonly name: string;
  /** undefined where it passed, else the error's stack. */
  readonly error: string | undefined;
}

/**
 * Runs a scenario (a compiled file beside this one) as a process in a network namespace without a name, which the kernel
 * removes with the process, however that ends. Resolves with what its cases came to; rejects where it ends otherwise
 * than by itself.
 */
export function runScenario(file: string, seconds: number): Promise<CaseResult[]> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', ['--net', process.execPath, '--enable-source-maps', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 * pace);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) {
        reject(new Error(`${file} ended with ${signal ?? code}\n${output}\n${errors}`));
        return;
      }
      resolve(
        output
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line)),
      );
    });
  });
}

/** A case of a scenario. */
export interface ScenarioCase {
  readonly name: string;
  run(): Promise<void>;
}

async function outcome({ name, run }: ScenarioCase): Promise<CaseResult> {
  try {
    await run();
    return { name, error: undefined };
  } catch (thrown) {
    return { name, error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  }
}

const report = (result: CaseResult) => process.stdout.write(`${JSON.stringify(result)}\n`);

/** Runs the cases one by one and prints a CaseResult for each; a failed one stops none behind it. */
export async function runCases(cases: readonly ScenarioCase[]): Promise<void> {
  for (const each of cases) report(await outcome(each));
}

/**
 * The same of cases each of which begins where the one before it ended: none is run behind a failed one, since each would
 * wait in vain as long as it can.
 */
export async function runSteps(steps: readonly ScenarioCase[]): Promise<void> {
  let failed: string | undefined;
  for (const step of steps) {
    const { name, error } =
      failed === undefined
        ? await outcome(step)
        : { name: step.name, error: `not run, since this failed: ${failed}` };
    report({ name, error });
    if (error !== undefined) failed ??= name;
  }
}

/** Waits until the kernel has done what it does soon; a condition that throws does not hold yet. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  await waitFor(condition, { what, timeout: 5_000, interval: 5 });
}
