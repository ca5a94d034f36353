import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { listenApi } from '../../../src/api/index.js';
import { runCommandLine } from '../../../src/cli/program.js';
import type { Room } from '../../api/support/house.js';

/** What a command line came to. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** evpnctl over the Unix socket of a leaf; `socket` is its path, `url` its address over TCP. */
export interface Shell {
  readonly socket: string;
  readonly url: string;
  run(...args: string[]): Promise<Outcome>;
  /** What `--json` prints. Throws where the command fails. */
  json(...args: string[]): Promise<never>;
}

/** Runs evpnctl with these variables and no others. */
export async function runWith(
  environment: NodeJS.ProcessEnv,
  args: readonly string[],
  color = false,
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommandLine(args, {
    out: { write: (text) => void out.push(text), color },
    err: { write: (text) => void err.push(text), color },
    environment,
    version: '0.1.0',
  });
  return { code, out: out.join(''), err: err.join('') };
}

/** Lets the leaf's API listen until the test ends. */
export async function shellOf(t: ExecutionContext, room: Room): Promise<Shell> {
  const folder = mkdtempSync(join(tmpdir(), 'evpnctl-test-'));
  const socket = join(folder, 'api.sock');
  const api = await room.api();
  const listener = await listenApi(api, { unixSocket: socket, tcp: [{ host: '127.0.0.1', port: 0 }] });
  t.teardown(async () => {
    await listener.close();
    rmSync(folder, { recursive: true });
  });
  const run = (...args: string[]) => runWith({ EVPND_API: socket }, args);
  return {
    socket,
    url: `http://127.0.0.1:${listener.tcp[0].port}`,
    run,
    async json(...args) {
      const { code, out, err } = await run('--json', ...args);
      if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${err}`);
      return JSON.parse(out) as never;
    },
  };
}
