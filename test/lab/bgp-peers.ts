import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '../../lab/index.js';

/** A counter of /proc/net/netstat's TcpExt, such as TCPMD5NotFound. */
export function netstat(name: string): number {
  const [names, values] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf(name)]);
}

/** Runs a command to its end and gives what it printed. */
export const run = promisify(execFile);

/** Waits, bounded, for a condition that the outside world fulfils. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await waitFor(condition, { what, interval: 50 });
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

/** FRR's bgpd alone, as the user that it changes to itself; its sockets lie in its folder. */
export async function startBgpd(
  address: string,
  port: number,
  config: string,
): Promise<{ readonly daemon: PeerDaemon; vtysh(command: string): Promise<string> }> {
  const daemon = await PeerDaemon.start(
    'sh',
    (file) => [
      '-c',
      `chown -R frr:frr . && exec /usr/lib/frr/bgpd -Z -n -p ${port} -l ${address} -f ${file} -i pid -z zserv --vty_socket . -A 127.0.0.1 -P 0 --log stdout`,
    ],
    'bgpd.conf',
    config,
  );
  const vtysh = async (command: string) =>
    (await run('vtysh', ['--vty_socket', daemon.folder, '-c', command], { maxBuffer: 1 << 26 })).stdout;
  return { daemon, vtysh };
}
