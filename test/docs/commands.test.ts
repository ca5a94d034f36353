import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Command } from 'commander';
import { makeProgram } from '../../src/cli/program.js';

const silent = { write: () => {}, color: false };
const { program } = makeProgram({ out: silent, err: silent, environment: {}, version: '' });
const PAGES = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** What evpnctl would not understand of a command line, or undefined. */
function fault(line: string): string | undefined {
  let command: Command = program;
  for (const word of line.split(/\s+/)) {
    if (word.startsWith('--')) {
      const known = [...command.options, ...program.options].some(({ long }) => long === word);
      if (!known) return `${line}: no option ${word}`;
    } else if (command.commands.length > 0) {
      const below = command.commands.find((each) => each.name() === word);
      // Words behind an option of the program itself are its value, and some commands take words of their own
      if (below === undefined && command !== program && command.registeredArguments.length === 0)
        return `${line}: no command ${word}`;
      command = below ?? command;
    }
  }
  return command === program ? `${line}: no command` : undefined;
}

test('evpnctl has each command and option that a page names', (t) => {
  const lines = PAGES.flatMap((page) => [
    // In text, and in blocks
    ...[...readFileSync(page, 'utf8').matchAll(/`evpnctl ([a-z][^`#|\n]*)`/g)].map(([, line]) => line),
    ...[...readFileSync(page, 'utf8').matchAll(/^(?:\$ )?evpnctl ([a-z][^#|>\n]*)/gm)].map(
      ([, line]) => line,
    ),
  ]).filter((line) => !/^(asks|for|takes|has|is|frr )/.test(line));
  t.true(lines.length > 60);
  t.deepEqual(
    lines.flatMap((line) => fault(line.trim().replaceAll(/'[^']*'|"[^"]*"/g, 'TEXT')) ?? []),
    [],
  );
});

test('a command or an option that is not there is found', (t) => {
  t.is(fault('show nothing'), 'show nothing: no command nothing');
  t.is(fault('show mac --nothing'), 'show mac --nothing: no option --nothing');
  t.is(fault('nothing'), 'nothing: no command');
});
