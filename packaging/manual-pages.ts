/** evpnd(8), evpnctl(1) and evpnd.yaml(5), of the usage, the tree of commands and the table of settings. */
import type { Command } from 'commander';
import { makeProgram } from '../src/cli/program.js';
import { USAGE } from '../src/config/index.js';
import { type Block, example, type ManualPage, roff, terms, text } from './roff.js';
import { settingWords } from './settings-keys.js';

const CONFIGURATION = '/etc/evpnd/evpnd.yaml';

/** Returns the pages as man(1) reads them; `documents` is where docs/ is installed. */
export function manualPages(
  version: string,
  documents: string,
): { name: string; section: number; text: string }[] {
  return [evpnd(documents), evpnctl(documents), settings(documents)].map((page) => ({
    name: page.name,
    section: page.section,
    text: roff(page, version),
  }));
}

const evpnd = (documents: string): ManualPage => ({
  name: 'evpnd',
  section: 8,
  summary: 'makes a Linux server or switch an EVPN-VXLAN leaf',
  sections: [
    ['SYNOPSIS', example(USAGE.replace(/^usage: /, '       ').replace(/^ {7}/gm, ''))],
    [
      'DESCRIPTION',
      text(
        'evpnd speaks BGP with the spines of an EVPN-VXLAN fabric, announces the MAC and IP addresses that the bridges and neighbor tables of the kernel know, and writes those of other leaves into the kernel. It creates no devices. systemd runs it as `evpnd.service`; evpnctl(1) asks and commands it.',
      ),
    ],
    [
      'SIGNALS',
      terms(
        [
          'SIGHUP',
          'Reads the configuration file again and applies it as a whole, or not at all where it has a fault.',
        ],
        [
          'SIGTERM',
          'Ends evpnd. By `on-stop` its rows in the kernel stay for the next start (`preserve`), or go (`flush`).',
        ],
      ),
    ],
    [
      'EXIT STATUS',
      terms(
        ['0', 'It was stopped; what was asked for is done.'],
        ['1', 'It cannot start: the last line that it wrote says why. `--check`: the file has faults.'],
        ['2', 'A wrong command line.'],
        ['70', 'A fault of evpnd. Its rows stay, and the next start adopts them.'],
        ['78', 'The configuration has faults, and there is no earlier one that had none.'],
      ),
    ],
    [
      'FILES',
      terms(
        [CONFIGURATION, 'The configuration, evpnd.yaml(5).'],
        ['/run/evpnd/api.sock', 'The REST API. Members of the group `evpnd` may use it.'],
        ['/var/lib/evpnd', 'What a start takes over from the last one.'],
        [`${documents}/manual/README.md`, 'The manual: a quick start, concepts, symptoms and their cure.'],
        [`${documents}/operator.md`, "The operator's reference."],
      ),
    ],
    ['SEE ALSO', text('evpnctl(1), evpnd.yaml(5), bridge(8), ip-neighbour(8)')],
  ],
});

function evpnctl(documents: string): ManualPage {
  const silent = { write: () => {}, color: false };
  const { program } = makeProgram({ out: silent, err: silent, environment: {}, version: '' });
  return {
    name: 'evpnctl',
    section: 1,
    summary: 'asks and commands a running evpnd',
    sections: [
      ['SYNOPSIS', text('**evpnctl** [options] command')],
      [
        'DESCRIPTION',
        text(
          'evpnctl is a client of the REST API of evpnd(8), over its Unix socket, which root and members of the group `evpnd` may open, or over TCP, where it changes nothing but over TLS with a token.',
        ),
      ],
      ['OPTIONS', optionsOf(program)],
      ['COMMANDS', ...commandsOf(program, [])],
      [
        'ENVIRONMENT',
        terms(
          ['EVPND_API', 'A path in place of `--socket`, or an address in place of `--url`.'],
          ['EVPND_TOKEN_FILE', 'A path in place of `--token-file`.'],
        ),
      ],
      [
        'EXIT STATUS',
        terms(
          ['0', 'What was asked for is done.'],
          ['1', 'evpnd refuses or does not answer, or `doctor` found an error or a warning.'],
          ['2', 'A wrong command line.'],
        ),
      ],
      ['SEE ALSO', text(`evpnd(8), ${documents}/evpnctl.md`)],
    ],
  };
}

function commandsOf(command: Command, path: readonly string[]): Block[] {
  const below = command.commands.flatMap((each) => commandsOf(each, [...path, each.name()]));
  if (below.length > 0 && command.registeredArguments.length === 0) return below;
  const args = command.registeredArguments.map((each) =>
    each.required ? `<${each.name()}>` : `[${each.name()}]`,
  );
  const options = command.options.map(({ flags, description }) => `\`${flags}\` ${description}`);
  const does = [command.description(), ...options].join('; ');
  return [terms([[...path, ...args].join(' '), `${does[0].toUpperCase()}${does.slice(1)}.`]), ...below];
}

const optionsOf = (program: Command): Block =>
  terms(...program.options.map(({ flags, description }) => [flags, `${description}.`] as const));

const settings = (documents: string): ManualPage => ({
  name: 'evpnd.yaml',
  section: 5,
  summary: 'configuration of evpnd',
  sections: [
    [
      'DESCRIPTION',
      text(
        `${CONFIGURATION} is YAML 1.2. \`evpnd --check\` checks it; \`systemctl reload evpnd\` applies a change, as a whole or not at all. \`[]\` in a key stands for each item of a list. The smallest one:`,
      ),
      example('asn: 65001\nrouter-id: 10.0.0.1\nneighbors:\n  - address: 10.1.1.0\n    remote-as: external'),
    ],
    [
      'SETTINGS',
      terms(
        ...settingWords().map(({ key, description, allowed, isRequired, fallback, effect }) => {
          const byDefault = isRequired
            ? 'Required.'
            : fallback === undefined
              ? ''
              : `Default: \`${fallback}\`.`;
          const facts = [`Allowed: ${allowed}.`, byDefault, `After a reload: ${effect}.`];
          return [key, [description, ...facts.filter((fact) => fact !== '')].join(' ')] as const;
        }),
      ),
    ],
    ['SEE ALSO', text(`evpnd(8), evpnctl(1), ${documents}/operator.md, ${documents}/policies.md`)],
  ],
});
