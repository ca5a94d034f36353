import type { Command } from 'commander';
import { Client, type Place } from './client.js';
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
  readonly json?: boolean;
  readonly yaml?: boolean;
}

/** Returns the place that options or the environment name, else the socket of a package. */
export function placeOf({ socket, url }: GlobalOptions, environment: NodeJS.ProcessEnv): Place {
  const given = url ?? socket ?? environment.EVPND_API ?? DEFAULT_SOCKET;
  return /^http:\/\//.test(given) ? { url: given } : { socketPath: given };
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
        const shell = { client: new Client(placeOf(options, environment)), terminal, format } as const;
        // The library passes positional arguments, then options, then the command
        const given = args.slice(0, -1);
        const own = command.registeredArguments.length;
        const rest = given.slice(0, own);
        await act(shell, ...([...rest, ownOptions(given[own] as object)] as never));
      },
  };
}

const GLOBAL = new Set(['socket', 'url', 'json', 'yaml']);

const ownOptions = (options: object) =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !GLOBAL.has(name)));
