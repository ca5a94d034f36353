import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Runs a command to its end and gives what it printed. */
export const run = promisify(execFile);

/** Waits, bounded, for a condition that the outside world fulfils. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never came within 20 s: ${what}`);
}

/** Another implementation's daemon on loopback: its folder, its process, and the end of both. */
export class PeerDaemon {
  output = '';
  private constructor(
    readonly folder: string,
    readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-20_000);
      });
  }

  /** Writes `config` to a file of that name in a new folder and starts `command` there. */
  static async start(
    command: string,
    args: (configFile: string) => readonly string[],
    name: string,
    config: string,
    env: Record<string, string> = {},
  ): Promise<PeerDaemon> {
    const folder = await mkdtemp(join(tmpdir(), 'evpnd-peer-'));
    const file = join(folder, name);
    await writeFile(file, config);
    const child = spawn(command, args(file), { cwd: folder, env: { ...process.env, ...env } });
    return new PeerDaemon(folder, child);
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 3000);
      await exited;
      clearTimeout(hard);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
