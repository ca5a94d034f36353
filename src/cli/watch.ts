import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client, Item } from './client.js';
import { printValue } from './output.js';
import type { Session } from './session.js';

/** What can be watched, as lines that are compared. */
type Snapshot = ReadonlyMap<string, string>;

/** Adds `watch`. */
export function addWatch(program: Command, session: Session): void {
  program
    .command('watch')
    .option('--interval <seconds>', 'time between two looks', '1')
    .option('--count <number>', 'end after so many looks')
    .description('print what changes: sessions, VNIs, problems, drift and duplicates')
    .action(
      session.action(
        async ({ client, terminal, format }, { interval, count }: { interval: string; count?: string }) => {
          const looks = count === undefined ? Number.POSITIVE_INFINITY : Number(count);
          let before = await look(client);
          for (let n = 1; n < looks; n++) {
            await sleep(Number(interval) * 1000);
            const now = await look(client);
            for (const change of changesOf(before, now)) {
              if (format === 'table') terminal.write(`${new Date().toISOString()}  ${change}\n`);
              else await printValue(terminal, format, { at: new Date().toISOString(), change });
            }
            before = now;
          }
        },
      ),
    );
}

async function look(client: Client): Promise<Snapshot> {
  const [status, neighbors, vnis] = await Promise.all([
    client.get('/status'),
    client.all('/neighbors'),
    client.all('/vnis'),
  ]);
  return new Map([
    ['ready', status.ready ? 'yes' : 'no'],
    ['open drifts', String((status.drifts as Item).open)],
    ['duplicates', String(status.duplicates)],
    ...neighbors.map(({ name, state }) => [`neighbor ${name}`, String(state)] as const),
    ...vnis.map(({ vni, up }) => [`VNI ${vni}`, up ? 'forwards' : 'does not forward'] as const),
    ...(status.problems as Item[]).map(
      ({ severity, problem }) => [`${severity}: ${problem}`, 'is there'] as const,
    ),
  ]);
}

function changesOf(before: Snapshot, now: Snapshot): string[] {
  const changes: string[] = [];
  for (const [what, value] of now) {
    const old = before.get(what);
    if (old !== value) changes.push(old === undefined ? `${what}: ${value}` : `${what}: ${old} -> ${value}`);
  }
  for (const [what] of before) if (!now.has(what)) changes.push(`${what}: gone`);
  return changes;
}
