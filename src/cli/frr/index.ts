/**
 * FRR's commands, for those who type them from memory and for scripts that read FRR's JSON: `evpnctl frr show evpn vni json`. A table
 * of commands: the words, what the API is asked, and pure functions that make FRR's value and FRR's table of the API's items. The
 * shapes are those of FRR 8.4. What the API does not have is left out, and nothing is made up; the list is in docs/evpnctl.md.
 * Not here: layer 3 VNIs, which evpnd does not have, and commands that change something.
 */
import type { Command } from 'commander';
import { ClientError } from '../client.js';
import { printValue } from '../output.js';
import type { Session } from '../session.js';
import { ARP_COMMANDS } from './arp.js';
import { BFD_COMMANDS } from './bfd.js';
import type { FrrCommand } from './command.js';
import { INSTANCE_COMMANDS } from './instances.js';
import { MAC_COMMANDS } from './macs.js';
import { NEIGHBOR_COMMANDS } from './neighbors.js';
import { ROUTE_COMMANDS } from './routes.js';
import { SUMMARY_COMMANDS } from './summary.js';
import { UNICAST_COMMANDS } from './unicast.js';
import { VNI_COMMANDS } from './vnis.js';
import { nextWords, understand } from './words.js';

/** FRR prints an empty object where it has no layer 3 VNI. */
const LAYER_3: FrrCommand = {
  words: 'show evpn next-hops|rmac vni VNI|all',
  does: 'nothing: evpnd does not route between VNIs',
  answer: async () => ({
    json: {},
    text: (): string => {
      throw new ClientError('evpnd has no layer 3 VNIs: it does not route between VNIs');
    },
  }),
};

const VERSION: FrrCommand = {
  words: 'show version',
  does: 'the version of evpnd; FRR has no JSON of it',
  async answer(api) {
    const { version } = await api.get('/status');
    return { json: { version }, text: () => `evpnd ${version}\n` };
  },
};

/** The commands, in the order in which they are listed. */
export const FRR_COMMANDS: readonly FrrCommand[] = [
  ...VNI_COMMANDS,
  ...MAC_COMMANDS,
  ...ARP_COMMANDS,
  LAYER_3,
  ...SUMMARY_COMMANDS,
  ...NEIGHBOR_COMMANDS,
  ...ROUTE_COMMANDS,
  ...INSTANCE_COMMANDS,
  ...UNICAST_COMMANDS,
  ...BFD_COMMANDS,
  VERSION,
];

/** Adds `frr`. */
export function addFrr(program: Command, session: Session): void {
  program
    .command('frr')
    .argument('<words...>', "words of FRR's, which may be cut short, and json")
    .description("answer a command of FRR's: FRR's table, or with json FRR's JSON")
    .action(
      session.action(async ({ client, terminal, format }, words: string[]) => {
        const { command, given, json } = understand(FRR_COMMANDS, split(words));
        const answer = await command.answer(client, given);
        if (json || format !== 'table') await printValue(terminal, format, answer.json);
        else terminal.write(answer.text());
      }),
    );
}

/** Returns what may follow the words of `evpnctl frr`. */
export const frrWords = (words: readonly string[]) => nextWords(FRR_COMMANDS, split(words));

/** Words that were quoted together are words too. */
const split = (words: readonly string[]) => words.flatMap((word) => word.split(/\s+/)).filter(Boolean);
