import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface CommandLine {
  readonly action: 'run' | 'check' | 'help' | 'version';
  readonly configFile: string;
}

/** A command line that cannot be understood; the message ends with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const DEFAULT_CONFIG_FILE = '/etc/evpnd/evpnd.yaml';

export const USAGE = `usage: evpnd [--config FILE]   run; FILE is ${DEFAULT_CONFIG_FILE} by default
       evpnd --check [FILE]    check a configuration file and exit
       evpnd --version | --help`;

/** Reads what follows the program's name. Throws UsageError. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  const asked = (['help', 'version', 'check'] as const).filter((option) => values[option]);
  if (asked.length > 1)
    throw usage(`${asked.map((option) => `--${option}`).join(' and ')}: only one of them`);
  const [action = 'run'] = asked;
  const files = [...positionals, ...(values.config ?? [])];
  if (positionals.length > 0 && action !== 'check')
    throw usage(`${positionals[0]}: write --config ${positionals[0]}`);
  if (files.length > 1) throw usage(`${files.join(', ')}: one configuration file only`);
  return { action, configFile: files[0] ?? DEFAULT_CONFIG_FILE };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', multiple: true },
        check: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(message: string): UsageError {
  return new UsageError(`${message}\n${USAGE}`);
}
