import type { Command } from 'commander';
import { printItem } from './output.js';
import type { Session } from './session.js';
import { NEIGHBOR } from './tables.js';

/* What changes something: over the Unix socket alone. */

/** Adds `neighbor` and `clear`. */
export function addChanges(program: Command, session: Session): void {
  const neighbor = program.command('neighbor').description('reset, refresh or shut down a session');
  const path = (name: string) => `/neighbors/${encodeURIComponent(name)}`;
  const ARGUMENT = ['<neighbor>', 'address or interface, as configured'] as const;

  neighbor
    .command('reset')
    .argument(...ARGUMENT)
    .option('--message <text>', 'what the neighbor is told (RFC 9003)')
    .description('end the session and start a new one')
    .action(
      session.action(async ({ client, terminal, format }, name: string, options: { message?: string }) => {
        await printItem(
          terminal,
          format,
          await client.command('POST', `${path(name)}/clear`, options),
          NEIGHBOR,
        );
      }),
    );
  neighbor
    .command('refresh')
    .argument(...ARGUMENT)
    .option('--out', 'send our routes again instead')
    .description("request the neighbor's routes again (RFC 2918)")
    .action(
      session.action(async ({ client, terminal, format }, name: string, { out }: { out?: boolean }) => {
        const query = { soft: out ? 'out' : 'in' };
        await printItem(
          terminal,
          format,
          await client.command('POST', `${path(name)}/clear`, query),
          NEIGHBOR,
        );
      }),
    );
  neighbor
    .command('shutdown')
    .argument(...ARGUMENT)
    .option('--message <text>', 'what the neighbor is told (RFC 9003)')
    .description('keep the neighbor down until it is enabled or evpnd restarts')
    .action(
      session.action(async ({ client, terminal, format }, name: string, options: { message?: string }) => {
        await printItem(
          terminal,
          format,
          await client.command('POST', `${path(name)}/shutdown`, options),
          NEIGHBOR,
        );
      }),
    );
  neighbor
    .command('enable')
    .argument(...ARGUMENT)
    .description('undo shutdown')
    .action(
      session.action(async ({ client, terminal, format }, name: string) => {
        await printItem(terminal, format, await client.command('DELETE', `${path(name)}/shutdown`), NEIGHBOR);
      }),
    );

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
        const query =
          address === undefined
            ? {}
            : /^[^:.]*:[^:]*:[^:]*:[^:]*:[^:]*:[^:]*$/.test(address)
              ? { mac: address }
              : { ip: address };
        const { cleared } = await client.command('DELETE', '/duplicates', { vni, ...query });
        terminal.write(`${cleared} cleared\n`);
      }),
    );
}
