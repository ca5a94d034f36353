import type { Command } from 'commander';
import { inertJson, plainText } from '../types/index.js';
import { ClientError, type Item, type Query } from './client.js';
import { countOf, secondsOf } from './duration.js';
import { type Format, printItems, type Terminal } from './output.js';
import type { Session } from './session.js';
import { EVENTS } from './tables.js';

/** Which events are wanted: options that the API has as parameters, by their name there. */
const FILTERS: Readonly<Record<string, string>> = {
  kind: 'only these kinds, with commas between them',
  vni: 'of this VNI',
  mac: 'of this MAC',
  ip: 'of this IP',
  neighbor: 'of this neighbor',
};

interface Options extends Readonly<Record<string, string | undefined>> {
  readonly since?: string;
}

/** Adds `show events` and `watch`. */
export function addEvents(program: Command, session: Session): void {
  const show = program.commands.find((command) => command.name() === 'show');
  const listed = show
    ?.command('events')
    .description('what happened lately: sessions, VNIs, moves, duplicates, problems, drift, settings');
  const watch = program.command('watch').description('print what happens, as it happens');
  for (const command of [listed, watch])
    for (const [option, help] of Object.entries(FILTERS)) command?.option(`--${option} <${option}>`, help);
  listed?.option('--since <time>', 'of so long until now, such as 10m, 1h, 2d').action(
    session.action(async ({ client, terminal, format }, options: Options) => {
      await printItems(
        terminal,
        format,
        await client.all('/events/recent', queryOf(options)),
        EVENTS,
        'nothing happened',
      );
    }),
  );
  watch
    .option('--since <time>', 'begin with what happened so long ago, such as 10m')
    .option('--count <number>', 'end after so many events')
    .action(
      session.action(async ({ client, terminal, format }, { count, ...options }: Options) => {
        const { createParser } = await import('eventsource-parser');
        const most = count === undefined ? Number.POSITIVE_INFINITY : countOf('count', count);
        const come: Item[] = [];
        const parser = createParser({ onEvent: ({ data }) => come.push(client.parse(data) as Item) });
        let told = 0;
        for await (const piece of client.stream('/events', queryOf(options))) {
          parser.feed(piece);
          for (const item of come.splice(0)) {
            print(terminal, format, item);
            if (++told >= most) return;
          }
        }
        throw new ClientError('evpnd has ended: it stops or starts again');
      }),
    );
}

function queryOf({ since, ...query }: Options): Query {
  return { ...query, since: since === undefined ? undefined : secondsOf('since', since) };
}

/** A line an event: readable, or JSON, which YAML is a superset of. */
function print(terminal: Terminal, format: Format, item: Item): void {
  if (format !== 'table') terminal.write(`${inertJson(JSON.stringify(item))}\n`);
  else
    terminal.write(
      `${plainText(EVENTS.map(({ of }) => (typeof of === 'function' ? of(item) : item[of])).join('  '))}\n`,
    );
}
