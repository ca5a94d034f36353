/**
 * Network namespaces of one process. A fabric is named `evpnd-<pid>-<n>`, its namespaces `evpnd-<pid>-<n>-<node>` and
 * its folder the same below the temporary folder, so that what a killed process left can be told and swept. The folder
 * of a booted machine is `evpnd-uml-<pid>-<any>` or `evpnd-qemu-<pid>-<any>`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onExit } from './cleanup.js';
import { run } from './process.js';

const ours = /^evpnd-(?:uml-|qemu-)?(\d+)-/;
const namespaceFolder = '/run/netns';
let fabrics = 0;

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    // The state follows the program's name, which is in parentheses and may hold anything. A zombie builds nothing.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}

function isLeftOver(name: string): boolean {
  const match = ours.exec(name);
  return match !== null && !isAlive(Number(match[1]));
}

function removeNamespaces(names: readonly string[]): void {
  if (names.length === 0) return;
  const input = names.map((name) => `netns del ${name}\n`).join('');
  spawnSync('ip', ['-force', '-batch', '-'], { input });
}

/** Ends the process group of the machine whose folder this is, if it still runs. */
function endMachine(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, 'machine', 'lab', 'pid'), 'utf8'));
    // A pid may have been given away since; the folder in its command line has not.
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) process.kill(-pid, 'SIGKILL');
  } catch {
    // No machine, or none that still runs.
  }
}

/** Removes namespaces and folders of processes of ours that no longer live, and ends what still runs there. */
export async function sweepLeftOvers(): Promise<void> {
  const dead = list(namespaceFolder).filter(isLeftOver);
  for (const name of dead) {
    const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout;
    for (const pid of pids.split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It went by itself between the two calls.
      }
    }
  }
  removeNamespaces(dead);
  for (const name of list(tmpdir()).filter(isLeftOver)) {
    const folder = join(tmpdir(), name);
    endMachine(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The namespaces and the folder of one fabric; they go with the process at the latest. */
export class Namespaces {
  readonly name: string;
  /** A folder for sockets, configurations and logs, readable by the daemons' own users. */
  readonly folder: string;
  private readonly made: string[] = [];
  private readonly forget: () => void;

  constructor() {
    this.name = `evpnd-${process.pid}-${++fabrics}`;
    this.folder = join(tmpdir(), this.name);
    mkdirSync(this.folder, { mode: 0o755 });
    this.forget = onExit(() => this.remove());
  }

  /** The namespace of a node. */
  of(node: string): string {
    return `${this.name}-${node}`;
  }

  /** Makes them; that of `inPlace` is the caller's own under another name. */
  async add(nodes: readonly string[], inPlace?: string): Promise<void> {
    const names = nodes.map((node) => this.of(node));
    this.made.push(...names);
    const own = inPlace === undefined ? '' : this.of(inPlace);
    const input = names
      .map((name) => (name === own ? `netns attach ${name} ${process.pid}\n` : `netns add ${name}\n`))
      .join('');
    await run('ip', ['-batch', '-'], { input });
  }

  /** Removes all of it; a second call does nothing. */
  remove(): void {
    this.forget();
    removeNamespaces(this.made.splice(0));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
