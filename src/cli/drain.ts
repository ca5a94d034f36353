import type { Command } from 'commander';
import type { Client, Item } from './client.js';
import { at, printItems, printValue } from './output.js';
import type { Session, Shell } from './session.js';
import { CUT_OFF } from './tables.js';

interface DrainOptions {
  readonly undo?: boolean;
  readonly ephemeral?: boolean;
}

/** Adds `drain`. */
export function addDrain(program: Command, session: Session): void {
  program
    .command('drain')
    .option('--undo', 'the leaf is back: announce its routes as before')
    .option('--ephemeral', 'leave the file as it is: in effect until a restart or a reload')
    .description('tell all neighbors that this leaf goes away (RFC 8326), and list the hosts that go with it')
    .action(
      session.action(async (shell, { undo = false, ephemeral }: DrainOptions) => {
        const drain = undo ? null : true;
        const { saved } = await shell.client.command(
          'PATCH',
          '/config',
          { ephemeral: ephemeral || undefined },
          { body: { drain } },
        );
        await report(shell, !undo, saved === true);
      }),
    );
}

/** What the leaf says of itself then: who hears of it, and which hosts have no other way. */
async function report(
  { client, terminal, format }: Shell,
  isDrained: boolean,
  isSaved: boolean,
): Promise<void> {
  const [status, cutOff] = await Promise.all([client.get('/status'), isDrained ? hostsHere(client) : []]);
  const established = at(status, 'counts.neighborsEstablished');
  if (format !== 'table') {
    await printValue(terminal, format, {
      drained: isDrained,
      saved: isSaved,
      neighbors: established,
      cutOff,
    });
    return;
  }
  const told = `${established} of ${at(status, 'counts.neighbors')} neighbors`;
  terminal.write(
    isDrained
      ? `drained: ${told} are told that this leaf goes away\n`
      : `no longer drained: ${told} are told so\n`,
  );
  if (!isSaved) terminal.write('not in the file: in effect until a restart or a reload\n');
  if (cutOff.length === 0) return;
  terminal.write(
    'hosts of this leaf, which it cuts off when it stops forwarding, but for those that have moved by then:\n',
  );
  await printItems(terminal, format, cutOff, CUT_OFF, '');
}

async function hostsHere(client: Client): Promise<Item[]> {
  const vnis = await client.all('/vnis');
  return vnis
    .map((item) => ({
      vni: item.vni,
      localMacs: at(item, 'counts.localMacs'),
      localIps: at(item, 'counts.localIps'),
    }))
    .filter(({ localMacs }) => Number(localMacs) > 0);
}
