import { Command, CommanderError } from 'commander';
import { addChanges } from './change.js';
import { ClientError, UsageError } from './client.js';
import { COMPLETION_SCRIPTS, complete } from './completion.js';
import { addConfig } from './config.js';
import { addDoctor } from './doctor.js';
import { addDrain } from './drain.js';
import { addFrr } from './frr/index.js';
import type { Terminal } from './output.js';
import { DEFAULT_SOCKET, sessionOf } from './session.js';
import { addExplain, addShow } from './show.js';
import { addEvents } from './watch.js';

/** What a command line ran in. */
export interface Surroundings {
  readonly out: Terminal;
  readonly err: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  readonly version: string;
}

/** What a program is made with. */
interface Made {
  readonly program: Command;
  /** 1 where a command found something wrong. */
  code: number;
}

/** Runs a command line. Resolves with the exit code: 1 where evpnd reports something wrong, 2 for a wrong command line. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const made = makeProgram(surroundings);
  const { program } = made;
  const { out, err, environment } = surroundings;
  if (args[0] === '__complete') {
    for (const line of await complete(program, args.slice(1), environment)) out.write(`${line}\n`);
    return 0;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof ClientError)) throw error;
    err.write(`evpnctl: ${error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
  return made.code;
}

/** Returns the tree of commands; docs/evpnctl.md is written from it. */
export function makeProgram({ out, err, environment, version }: Surroundings): Made {
  const program = new Command('evpnctl');
  program
    .description('Asks and commands a running evpnd.')
    .version(version)
    .option('--socket <path>', `the Unix socket of evpnd's API (${DEFAULT_SOCKET})`)
    .option('--url <url>', 'its address over TCP, such as http://127.0.0.1:8179, https://leaf1:8179')
    .option('--token-file <path>', 'a file with the token that it wants over TCP (api.token-file)')
    .option('--ca-file <path>', 'a file with the certificates to trust over https (PEM)')
    .option('--json', 'print JSON, as the API has it')
    .option('--yaml', 'print YAML')
    .addHelpText(
      'after',
      '\nThe environment variables EVPND_API, for a path or an address, and EVPND_TOKEN_FILE stand for options.',
    )
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) })
    .showHelpAfterError(hint('evpnctl'))
    .exitOverride();
  const made: Made = { program, code: 0 };
  const session = sessionOf(out, environment);
  addShow(program, session);
  addExplain(program, session);
  addDoctor(program, session, (state) => {
    if (state === 'warning' || state === 'error') made.code = 1;
  });
  addEvents(program, session);
  addChanges(program, session);
  addConfig(program, session);
  addDrain(program, session);
  addFrr(program, session);
  program
    .command('completion')
    .argument('<shell>', Object.keys(COMPLETION_SCRIPTS).join(', '))
    .description('print the script that completes commands and values in a shell')
    .action((shell: string) => {
      const script = COMPLETION_SCRIPTS[shell as keyof typeof COMPLETION_SCRIPTS];
      if (script) out.write(script);
      else
        program.error(
          `completion: found ${shell}, allowed are ${Object.keys(COMPLETION_SCRIPTS).join(', ')}`,
        );
    });
  inherit(program, 'evpnctl');
  return made;
}

/** Commands made before take the settings of output and exit over; each names its own help where it was called wrongly. */
function inherit(program: Command, name: string): void {
  for (const command of program.commands) {
    const full = `${name} ${command.name()}`;
    command.copyInheritedSettings(program).showHelpAfterError(hint(full));
    inherit(command, full);
  }
}

const hint = (command: string) => `(${command} --help says what it takes)`;
