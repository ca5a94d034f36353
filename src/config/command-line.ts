import { parseArgs } from 'node:util';
import { closest } from './hint.js';

/** What the command line asks for. */
interface CommandLine {
  readonly action: 'run' | 'check' | 'flush' | 'help' | 'version' | 'import-frr';
  /** With `import-frr` that of FRR, `-` for standard input. */
  readonly configFile: string;
}

/** A command line that cannot be understood; the message ends with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const DEFAULT_CONFIG_FILE = '/etc/evpnd/evpnd.yaml';

const IMPORT = 'import-frr';

export const USAGE = `usage: evpnd [--config FILE]   run; FILE is ${DEFAULT_CONFIG_FILE} by default
       evpnd --check [FILE]    check a configuration file and exit
       evpnd --flush [FILE]    remove the rows that an evpnd left which has ended, and exit
       evpnd import-frr FILE   write evpnd's configuration made of a frr.conf to standard output; FILE - is standard input
       evpnd --version | --help`;

const OPTIONS = {
  config: { type: 'string', multiple: true },
  check: { type: 'boolean' },
  flush: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** Reads what follows the program's name. Throws UsageError. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  if (args[0] === IMPORT) return { action: IMPORT, configFile: importedFile(args.slice(1)) };
  // Not strict: what is wrong is reported in our words
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  const asked = new Set<keyof typeof OPTIONS>();
  const files: string[] = [];
  const stray: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') stray.push(token.value);
    if (token.kind !== 'option') continue;
    const name = known(token.name, token.rawName);
    if (name === 'config') files.push(fileOf(token));
    else if (token.value !== undefined) throw usage(`${token.rawName} takes no value; found ${token.value}`);
    else asked.add(name);
  }
  if (asked.size > 1) throw usage(`${[...asked].map((name) => `--${name}`).join(' and ')}: only one of them`);
  const [action = 'run'] = asked as ReadonlySet<Exclude<keyof typeof OPTIONS, 'config'>>;
  if (stray.length > 0 && action !== 'check' && action !== 'flush')
    throw usage(`${stray[0]}: write --config ${stray[0]}`);
  const [configFile = DEFAULT_CONFIG_FILE, ...more] = [...stray, ...files];
  if (more.length > 0) throw usage(`${[configFile, ...more].join(', ')}: one configuration file only`);
  return { action, configFile };
}

function importedFile([file, ...more]: readonly string[]): string {
  if (file === undefined || more.length > 0 || (file.startsWith('-') && file !== '-'))
    throw usage(`${IMPORT}: one file must follow, or - for standard input`);
  return file;
}

function known(name: string, rawName: string): keyof typeof OPTIONS {
  if (Object.hasOwn(OPTIONS, name)) return name as keyof typeof OPTIONS;
  const near = rawName.startsWith('--') ? closest(name, Object.keys(OPTIONS)) : undefined;
  throw usage(`unknown option ${rawName}${near === undefined ? '' : `; did you mean --${near}?`}`);
}

/** `--config --check` names no file, though one of that name may be given as `--config=--check`. */
function fileOf({ rawName, value, inlineValue }: { rawName: string; value?: string; inlineValue?: boolean }) {
  if (!value || (!inlineValue && value.startsWith('-'))) throw usage(`${rawName}: a file must follow`);
  return value;
}

function usage(message: string): UsageError {
  return new UsageError(`${message}\n${USAGE}`);
}
