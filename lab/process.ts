/**
 * Programs as the lab needs them: short commands whose failure shows all they said, and daemons that write to a file
 * and are ended by their process id alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { onExit } from './cleanup.js';
import { pace } from './wait.js';

/** How a command is run. */
export interface RunOptions {
  /** Milliseconds until it is killed and the call fails; 30,000 when absent. */
  timeout?: number;
  /** What it reads on its standard input; nothing when absent. */
  input?: string;
  /** Environment variables beside our own. */
  env?: Record<string, string>;
  /** Working directory. */
  cwd?: string;
}

/** What a command left behind. `code` is -1 when a signal ended it. */
export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command that failed; the message holds the command line and everything it wrote. */
export class CommandError extends Error {
  constructor(
    readonly command: string,
    readonly result: RunResult,
    reason: string,
  ) {
    super(`${command}: ${reason}\n${result.stdout}${result.stderr}`.trimEnd());
    this.name = 'CommandError';
  }
}

/** Runs a command to its end and resolves whatever its exit code; rejects only if it cannot start or takes too long. */
export function attempt(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const line = [command, ...args].join(' ');
  const timeout = (options.timeout ?? 30_000) * pace;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeout);
    const forget = onExit(() => child.kill('SIGKILL'));
    const result = (code: number | null): RunResult => ({
      code: code ?? -1,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    });
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {
      // A program may end without reading its input; its exit code tells what matters.
    });
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      clearTimeout(timer);
      forget();
      reject(new CommandError(line, result(null), error.message));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      forget();
      if (late) reject(new CommandError(line, result(code), `still running after ${timeout} ms, killed`));
      else resolve(result(code));
    });
  });
}

/** Runs a command to its end; rejects with its full output unless it exits with 0. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await attempt(command, args, options);
  if (result.code === 0) return result;
  const reason = result.code < 0 ? 'ended by a signal' : `exit code ${result.code}`;
  throw new CommandError([command, ...args].join(' '), result, reason);
}

/** Characters of a line that `logEnd` shows. */
const longestLine = 400;

/** A long-running program in the foreground of its own process, its output in a file. */
export class Daemon {
  /** Those that run, with their command lines. */
  private static readonly all = new Map<Daemon, string>();
  readonly pid: number;
  /** Resolves when it has ended, with its exit code or the name of the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  private end: number | NodeJS.Signals | undefined;

  private constructor(
    readonly name: string,
    readonly logFile: string,
    /** Octets of the file that earlier runs wrote. */
    private readonly logStart: number,
    private readonly child: ChildProcess,
    pid: number,
  ) {
    this.pid = pid;
    const forget = onExit(() => child.kill('SIGKILL'));
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        forget();
        Daemon.all.delete(this);
        this.end = code ?? signal ?? -1;
        resolve(this.end);
      });
    });
  }

  /**
   * Starts it with standard output and error appended to `logFile`.
   * @throws CommandError when the program cannot be started.
   */
  static async start(
    name: string,
    command: string,
    args: readonly string[],
    logFile: string,
    env: Record<string, string> = {},
  ): Promise<Daemon> {
    const log = openSync(logFile, 'a');
    try {
      const child = spawn(command, args, {
        stdio: ['ignore', log, log],
        env: { ...process.env, ...env },
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (error) => {
          const nothing = { code: -1, stdout: '', stderr: '' };
          reject(new CommandError([command, ...args].join(' '), nothing, error.message));
        });
      });
      const daemon = new Daemon(name, logFile, fstatSync(log).size, child, child.pid as number);
      if (daemon.running) Daemon.all.set(daemon, [command, ...args].join(' '));
      return daemon;
    } finally {
      closeSync(log);
    }
  }

  /** Kills those whose command line holds the text, and waits until they have ended: one that runs keeps our process from its end. */
  static async killAll(text: string): Promise<void> {
    const those = [...Daemon.all].filter(([, line]) => line.includes(text));
    await Promise.all(those.map(([daemon]) => daemon.stop('SIGKILL')));
  }

  get running(): boolean {
    return this.end === undefined;
  }

  /** Everything that this run of it wrote: what a condition is read from, which the end of a log may have lost again. */
  said(): string {
    return readFileSync(this.logFile).subarray(this.logStart).toString();
  }

  /** Everything in its file, or the last `lines` lines. */
  log(lines = Number.POSITIVE_INFINITY): string {
    const text = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    return text.slice(Math.max(0, text.length - lines)).join('\n');
  }

  /** Its name and the end of its log for a person: the last `lines` lines, overlong ones cut. */
  logEnd(lines = 25): string {
    const end = this.log(lines)
      .split('\n')
      .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
    return [`--- ${this.name}${this.running ? '' : ` (ended with ${this.end})`}`, ...end].join('\n');
  }

  /** @throws Error with the end of its log when it no longer runs. */
  mustRun(): void {
    if (!this.running) throw new Error(`${this.name} does not run\n${this.logEnd()}`);
  }

  /** Sends a signal and waits for the end; after `patience` milliseconds it is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patience = 10_000): Promise<number | NodeJS.Signals> {
    if (this.end !== undefined) return this.end;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), patience);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
