import type { Command } from 'commander';
import { makeProgram } from '../../../src/cli/program.js';

const silent = { write: () => {}, color: false };

/** The table of docs/evpnctl.md: every command with its arguments and options. */
export function commandReference(): string {
  const { program } = makeProgram({ out: silent, err: silent, environment: {}, version: '' });
  const rows: string[] = [];
  const walk = (command: Command, path: readonly string[]) => {
    const walkBelow = () => {
      for (const below of command.commands) walk(below, [...path, below.name()]);
    };
    if (command.commands.length > 0 && command.registeredArguments.length === 0) return walkBelow();
    const args = command.registeredArguments.map((each) =>
      each.required ? `<${each.name()}>` : `[${each.name()}]`,
    );
    const options = command.options.map(({ flags, description }) => `\`${flags}\` ${description}`);
    rows.push(`| \`${[...path, ...args].join(' ')}\` | ${command.description()} | ${options.join('; ')} |`);
    walkBelow();
  };
  walk(program, []);
  return ['| command | does | options |', '|---|---|---|', ...rows].join('\n');
}
