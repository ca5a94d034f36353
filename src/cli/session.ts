import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Client, ClientError, type Place } from './client.js';
import type { Format, Terminal } from './output.js';

/** What an action has of its surroundings. */
export interface Shell {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly format: Format;
}

/** Turns what a command does into what the library calls. */
export interface Session {
  readonly action: <Args extends unknown[]>(
    act: (shell: Shell, ...args: Args) => Promise<void>,
  ) => (...args: unknown[]) => Promise<void>;
}

export const DEFAULT_SOCKET = '/run/evpnd/api.sock';

/** Options of every command. */
interface GlobalOptions {
  readonly socket?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly json?: boolean;
  readonly yaml?: boolean;
}

/**
 * Returns the place that options or the environment name, else the socket of a package. Throws ClientError for a URL that is
 * none and a file that cannot be read.
 */
export function placeOf(
  { socket, url, tokenFile, caFile }: GlobalOptions,
  environment: NodeJS.ProcessEnv,
): Place {
  const given = url ?? socket ?? environment.EVPND_API ?? DEFAULT_SOCKET;
  if (url === undefined && !/^https?:\/\//.test(given)) return { socketPath: given };
  if (!/^https?:\/\//.test(given) || !URL.canParse(given))
    throw new ClientError(
      `--url: found ${given}, allowed are such as http://127.0.0.1:8179, https://leaf1:8179`,
    );
  const path = tokenFile ?? environment.EVPND_TOKEN_FILE;
  return {
    url: given,
    ...(path !== undefined && { token: tokenIn(path) }),
    ...(caFile !== undefined && { ca: contentOf('--ca-file', caFile) }),
  };
}

/** What a header can carry; which tokens there are, evpnd says. */
function tokenIn(path: string): string {
  const token = contentOf('--token-file', path).replace(/\r?\n$/, '');
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new ClientError(`--token-file: ${path} has no token on one line, as api.token-file of evpnd`);
  return token;
}

function contentOf(option: string, path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new ClientError(`${option}: ${path} cannot be read (${code}): name a file that this user may read`);
  }
}

/** Binds actions to the options that the command line has. */
export function sessionOf(terminal: Terminal, environment: NodeJS.ProcessEnv): Session {
  return {
    action:
      (act) =>
      async (...args) => {
        const command = args.at(-1) as Command;
        const options = command.optsWithGlobals() as GlobalOptions;
        const format = options.json ? 'json' : options.yaml ? 'yaml' : 'table';
        const client = new Client(placeOf(options, environment), format === 'table');
        const shell = { client, terminal, format } as const;
        // The library passes positional arguments, then options, then the command
        const given = args.slice(0, -1);
        const own = command.registeredArguments.length;
        const rest = given.slice(0, own);
        await act(shell, ...([...rest, ownOptions(given[own] as object)] as never));
      },
  };
}

const GLOBAL = new Set(['socket', 'url', 'tokenFile', 'caFile', 'json', 'yaml']);

const ownOptions = (options: object) =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !GLOBAL.has(name)));
