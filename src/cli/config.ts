import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ClientError, type Item, type Query } from './client.js';
import { printItems, printValue } from './output.js';
import type { Session, Shell } from './session.js';
import { CHANGES } from './tables.js';

/* The configuration of a running evpnd: read everywhere, changed over the Unix socket, or over TLS with a token. */

/** The lists of a configuration whose items have a name. */
export const CONFIG_LISTS = ['neighbors', 'listen-ranges', 'peer-groups', 'policies', 'vnis'] as const;

const LISTS_TEXT = `${CONFIG_LISTS.slice(0, -1).join(', ')} or ${CONFIG_LISTS.at(-1)}`;
const KEY_TEXT = 'address or interface, prefix, name or VNI';

interface ChangeOptions {
  readonly ephemeral?: boolean;
  readonly ifMatch?: string;
}

/** Adds `config`. */
export function addConfig(program: Command, session: Session): void {
  const config = program.command('config').description('show and change the configuration while evpnd runs');
  const run = session.action;
  config
    .command('show')
    .argument('[list]', `${LISTS_TEXT}, or another setting at the top`)
    .argument('[key]', KEY_TEXT)
    .description('the configuration in effect, one of its settings, or an item of a list')
    .action(
      run(async ({ client, terminal, format }, list?: string, key?: string) => {
        const { item, configuration } = await client.get(key === undefined ? '/config' : pathOf(list, key));
        const shown = item ?? settingOf(configuration as Item, list);
        await printValue(terminal, format === 'json' ? 'json' : 'yaml', shown);
      }),
    );
  const changing = (name: string) =>
    config
      .command(name)
      .option('--ephemeral', 'leave the file as it is: in effect until a restart or a reload')
      .option('--if-match <etag>', 'only where the configuration still has this etag');
  changing('set')
    .argument('<list>', LISTS_TEXT)
    .argument('<key>', KEY_TEXT)
    .argument('[settings]', 'YAML or JSON, as in the file; - reads standard input')
    .description('make an item of a list as given, whether it is there or not')
    .action(
      run(async (shell, list: string, key: string, settings: string | undefined, options: ChangeOptions) =>
        change(shell, 'PUT', pathOf(list, key), options, await settingsOf(settings ?? '{}')),
      ),
    );
  changing('delete')
    .argument('<list>', LISTS_TEXT)
    .argument('<key>', KEY_TEXT)
    .description('take an item out of a list')
    .action(
      run((shell, list: string, key: string, options: ChangeOptions) =>
        change(shell, 'DELETE', pathOf(list, key), options),
      ),
    );
  changing('merge')
    .argument('<settings>', 'YAML or JSON, as in the file; null takes a setting out; - reads standard input')
    .description('change the settings that are given, and no others')
    .action(
      run(async (shell, settings: string, options: ChangeOptions) =>
        change(shell, 'PATCH', '/config', options, await settingsOf(settings)),
      ),
    );
}

/** A setting at the top of the configuration, or its VNIs, which stand in `evpn`; all of it without a name. */
function settingOf(configuration: Item, name: string | undefined): unknown {
  if (name === undefined) return configuration;
  const section = name === 'vnis' ? (configuration.evpn as Item | undefined) : configuration;
  const setting = section?.[name];
  if (setting !== undefined) return setting;
  if ((CONFIG_LISTS as readonly string[]).includes(name)) return [];
  throw new ClientError(`${name}: the configuration has ${Object.keys(configuration).join(', ')}`);
}

const pathOf = (list: string | undefined, key: string) =>
  `/config/${encodeURIComponent(String(list))}/${encodeURIComponent(key)}`;

async function settingsOf(text: string): Promise<Item> {
  const { default: yaml } = await import('yaml');
  let value: unknown;
  try {
    value = yaml.parse(text === '-' ? readFileSync(0, 'utf8') : text);
  } catch (error) {
    throw new ClientError(`the settings are no YAML: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ClientError(
      `the settings: found ${JSON.stringify(value)}, allowed are such as "{rd: 10.0.0.1:7}"`,
    );
  return value as Item;
}

async function change(
  { client, terminal, format }: Shell,
  method: 'PUT' | 'DELETE' | 'PATCH',
  path: string,
  { ephemeral, ifMatch }: ChangeOptions,
  body?: Item,
): Promise<void> {
  const query: Query = { ephemeral: ephemeral || undefined };
  const made = await client.command(method, path, query, { body, ifMatch });
  if (format !== 'table') return printValue(terminal, format, made);
  await printItems(terminal, format, made.changes as Item[], CHANGES, 'nothing changed: it was so already');
  const waiting = made.waitsForRestart as Item[];
  if (waiting.length > 0)
    terminal.write(`waits for a restart: ${waiting.map(({ key }) => key).join(', ')}\n`);
  if (!made.saved) terminal.write('not in the file: in effect until a restart or a reload\n');
}
