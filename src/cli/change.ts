import type { Command } from 'commander';
import { hostQuery, type Query } from './client.js';
import { printItem } from './output.js';
import type { Session } from './session.js';
import { NEIGHBOR } from './tables.js';

/* What changes something: over the Unix socket, or over TLS with a token. */

/** A command to a neighbor: what is asked of the API, and how the command line says it. */
interface NeighborCommand {
  readonly name: string;
  readonly summary: string;
  readonly option?: readonly [flags: string, help: string];
  readonly method: 'POST' | 'DELETE';
  /** Below the neighbor's path. */
  readonly path: string;
  readonly query?: (options: Query) => Query;
}

const same = (options: Query): Query => options;

const MESSAGE = ['--message <text>', 'what the neighbor is told (RFC 9003)'] as const;

const NEIGHBOR_COMMANDS: readonly NeighborCommand[] = [
  {
    name: 'reset',
    summary: 'end the session and start a new one',
    option: MESSAGE,
    method: 'POST',
    path: 'clear',
  },
  {
    name: 'refresh',
    summary: "request the neighbor's routes again (RFC 2918)",
    option: ['--out', 'send our routes again instead'],
    method: 'POST',
    path: 'clear',
    query: ({ out }) => ({ soft: out ? 'out' : 'in' }),
  },
  {
    name: 'shutdown',
    summary: 'keep the neighbor down until it is enabled or evpnd restarts',
    option: MESSAGE,
    method: 'POST',
    path: 'shutdown',
  },
  { name: 'enable', summary: 'undo shutdown', method: 'DELETE', path: 'shutdown' },
];

/** Adds `neighbor` and `clear`. */
export function addChanges(program: Command, session: Session): void {
  const neighbor = program.command('neighbor').description('reset, refresh or shut down a session');
  for (const { name, summary, option, method, path, query = same } of NEIGHBOR_COMMANDS) {
    const command = neighbor
      .command(name)
      .argument('<neighbor>', 'address or interface, as configured; in a VRF ADDRESS@VRF')
      .description(summary);
    if (option) command.option(...option);
    command.action(
      session.action(async ({ client, terminal, format }, address: string, options: Query) => {
        const target = `/neighbors/${encodeURIComponent(address)}/${path}`;
        await printItem(terminal, format, await client.command(method, target, query(options)), NEIGHBOR);
      }),
    );
  }

  program
    .command('clear')
    .description('clear what evpnd remembers')
    .command('duplicate')
    .aliases(['duplicates'])
    .argument('<vni>', 'number')
    .argument('[address]', 'MAC or IP; all of the VNI where absent')
    .description('let an address that is in two places move again')
    .action(
      session.action(async ({ client, terminal }, vni: string, address?: string) => {
        const query = address === undefined ? {} : hostQuery(address);
        const { cleared } = await client.command('DELETE', '/duplicates', { vni, ...query });
        terminal.write(`${cleared} cleared\n`);
      }),
    );
}
