/**
 * A script inside user-mode-linux (Debian package user-mode-linux): a kernel with VLAN filtering, VLAN devices and VRF,
 * on the host's own root file system, copy-on-write. Boots in three seconds; has one CPU and slow execs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
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

export interface UmlOptions {
  /** The machine's memory as its kernel takes it; 1G when absent. */
  memory?: string;
  /** Milliseconds until it is ended; 120,000 when absent. */
  timeout?: number;
  /** Folders that the script may write to, at the same path inside. */
  shares?: readonly string[];
  /** Environment variables for the script. */
  env?: Record<string, string>;
}
export interface UmlResult {
  /** The script's exit code; 124 when it took too long, 125 when the machine ended without a result. */
  code: number;
  stdout: string;
  stderr: string;
}

const kernel = '/usr/bin/linux.uml';
const timedOut = 124;
const noResult = 125;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function commandText(script: string, args: readonly string[], env: Record<string, string>): string {
  const variables = {
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
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
function boot(run: string, memory: string): ChildProcess {
  const args = [
    ...[`mem=${memory}`, `uml_dir=${join(run, 'machine')}/`, 'umid=lab'],
    ...['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'rw'],
    ...[`init=${join(run, 'init')}`, `EVPND_UML=${run}`],
    ...['con=null', 'con0=null,fd:1', 'console=tty0', 'quiet', 'loglevel=1', 'panic=1'],
  ];
  // Its memory is a file, unlinked at once.
  const env = { ...process.env, TMPDIR: existsSync('/dev/shm') ? '/dev/shm' : run };
  return spawn(kernel, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env });
}

/**
 * Runs a Node script as root in a machine of its own and resolves with what it printed, whatever its exit code.
 * All it writes outside `shares` is gone afterwards.
 * @throws Error when there is no user-mode-linux to boot.
 */
export async function runInUml(
  script: string,
  args: readonly string[] = [],
  options: UmlOptions = {},
): Promise<UmlResult> {
  const { memory = '1G', timeout = 120_000, shares = [], env = {} } = options;
  if (!existsSync(kernel)) throw new Error(`no ${kernel}: apt-get install user-mode-linux`);
  const run = mkdtempSync(join(tmpdir(), `evpnd-uml-${process.pid}-`));
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
    mkdirSync(file('machine'));
    copyFileSync(sourceFile('uml-init.sh'), file('init'));
    chmodSync(file('init'), 0o755);
    writeFileSync(file('shares'), [...shares, run].map((folder) => `${folder}\n`).join(''));
    writeFileSync(file('command'), commandText(script, args, env));
    for (const name of ['stdout', 'stderr', 'code']) writeFileSync(file(name), '');
    const started = boot(run, memory);
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
    return { code: late ? timedOut : noResult, stdout, stderr: `${stderr}\nuser-mode-linux: ${reason}` };
  } finally {
    clearTimeout(timer);
    forget();
    cleanUp();
  }
}
