/** Programs that make a package. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program and resolves with its standard output. Rejects with what it wrote to standard error where it fails. */
export async function output(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], { ...options, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    const why = code === 'ENOENT' ? 'it is not installed' : stderr;
    throw new Error(`${program}: ${why}`, { cause: error });
  }
}

export async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<void> {
  await output(program, args, options);
}
