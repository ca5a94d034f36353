/**
 * Scripts in booted machines, on a copy-on-write view of the host's own root file system: what `lab/uml.ts`, `lab/qemu.ts` and
 * `lab/container.ts` have in common.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onExit } from './cleanup.js';
import { sourceFile } from './sources.js';
import { PACE, pace } from './wait.js';

/** How a machine is run. */
export interface MachineOptions {
  /** The machine's memory, for example 1500M; 1G when absent. A container has the host's. */
  memory?: string;
  /** Milliseconds until it is ended; 120,000 when absent. */
  timeout?: number;
  /** Folders that the script may write to, at the same path inside. */
  shares?: readonly string[];
  /** Environment variables for the script. */
  env?: Record<string, string>;
  /**
   * Folders that make the root of a container, earlier ones before later ones, the last an unpacked Debian: `systemd` of it is
   * process 1, and the script runs once all else has started. The folders of `shares` are the only ones of the host there.
   */
  root?: readonly string[];
  /** Ports of a rocker switch, each with a network card of the machine at its other end; 0 when absent, and in QEMU alone. */
  rockerPorts?: number;
  /**
   * Its clock counts instructions, one a nanosecond, and time that it rests: durations and CPU times inside are then those of the
   * work alone, whatever else the host does. In QEMU alone.
   */
  countsInstructions?: boolean;
}

/** What a script in a machine left behind. */
export interface MachineResult {
  /** The script's exit code; 124 when it took too long, 125 when the machine ended without a result. */
  code: number;
  stdout: string;
  stderr: string;
}

/** A way to boot machines. */
export interface MachineKind {
  /** As messages call it. */
  readonly name: string;
  /** Part of the name of a machine's folder. */
  readonly short: string;
  /** How many times longer than on the host anything may take, for lab/wait.ts. */
  readonly pace: number;
  /** The script of this folder that begins in it; `machine-init.sh` when absent. */
  readonly init?: string;
  /** Folders before the usual ones in which the script looks for programs, on the host's own root. */
  readonly path: readonly string[];
  /**
   * The command that boots a machine in the foreground, and the environment that it needs.
   * @param run the machine's folder. `machine/lab/pid` there must hold the process id while it runs.
   */
  boot(
    run: string,
    options: MachineOptions,
  ): { command: string; args: readonly string[]; env?: NodeJS.ProcessEnv };
}

/** The memory of a machine that is given none. */
export const LEAST_MEMORY = '1G';

const timedOut = 124;
const noResult = 125;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function commandText(
  path: readonly string[],
  script: string,
  args: readonly string[],
  env: Record<string, string>,
): string {
  const folders = [...path, dirname(process.execPath), '/usr/local/sbin', '/usr/local/bin'];
  const variables = {
    PATH: [...folders, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':'),
    HOME: '/root',
    // On the fresh tmpfs: the host's folders of the same name are seen in /tmp, and are not ours to sweep.
    TMPDIR: '/run/tmp',
    ...env,
  };
  return [
    ...Object.entries(variables).map(([key, value]) => `export ${key}=${quote(value)}`),
    `cd ${quote(process.cwd())}`,
    `exec ${[process.execPath, script, ...args].map(quote).join(' ')}`,
    '',
  ].join('\n');
}

/** Starts the machine in a process group of its own, so that all it forks on the host can be ended together. */
function boot(kind: MachineKind, run: string, options: MachineOptions): ChildProcess {
  const { command, args, env } = kind.boot(run, options);
  return spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

/**
 * Runs a Node script as root in a machine of its own and resolves with what it printed, whatever its exit code.
 * All it writes outside `shares` is gone afterwards.
 */
export async function runInMachine(
  kind: MachineKind,
  script: string,
  args: readonly string[],
  options: MachineOptions,
): Promise<MachineResult> {
  const { shares = [], env = {} } = options;
  const timeout = (options.timeout ?? 120_000) * pace;
  const run = mkdtempSync(join(tmpdir(), `evpnd-${kind.short}-${process.pid}-`));
  const file = (name: string) => join(run, name);
  const read = (name: string) => readFileSync(file(name), 'utf8');
  let machine: ChildProcess | undefined;
  const end = (): void => {
    if (machine?.pid === undefined) return;
    try {
      process.kill(-machine.pid, 'SIGKILL');
    } catch {
      // The whole group has gone by itself.
    }
  };
  const cleanUp = (): void => {
    end();
    rmSync(run, { recursive: true, force: true });
  };
  const forget = onExit(cleanUp);
  let timer: NodeJS.Timeout | undefined;
  try {
    mkdirSync(join(run, 'machine', 'lab'), { recursive: true });
    copyFileSync(sourceFile(kind.init ?? 'machine-init.sh'), file('init'));
    chmodSync(file('init'), 0o755);
    writeFileSync(file('shares'), [...shares, run].map((folder) => `${folder}\n`).join(''));
    writeFileSync(
      file('command'),
      commandText(kind.path, script, args, {
        [PACE]: String(kind.pace * pace),
        ...env,
      }),
    );
    for (const name of ['stdout', 'stderr', 'code']) writeFileSync(file(name), '');
    const started = boot(kind, run, options);
    machine = started;
    let late = false;
    timer = setTimeout(() => {
      late = true;
      end();
    }, timeout);
    let said = '';
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-4_000);
    };
    started.stdout?.on('data', listen);
    started.stderr?.on('data', listen);
    await new Promise<void>((resolve, reject) => {
      started.once('error', reject);
      started.once('close', () => resolve());
    });
    // Its process id may be another's from now on.
    machine = undefined;
    const [code, stdout, stderr] = [read('code').trim(), read('stdout'), read('stderr')];
    if (code !== '') return { code: Number(code), stdout, stderr };
    const reason = late ? `ended after ${timeout} ms` : `the machine ended without a result:\n${said}`;
    return { code: late ? timedOut : noResult, stdout, stderr: `${stderr}\n${kind.name}: ${reason}` };
  } finally {
    clearTimeout(timer);
    forget();
    cleanUp();
  }
}
