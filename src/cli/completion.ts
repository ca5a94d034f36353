import type { Command } from 'commander';
import { Client } from './client.js';
import { CONFIG_LISTS } from './config.js';
import { frrWords } from './frr/index.js';
import { isVariable } from './frr/words.js';
import { placeOf } from './session.js';

/** Values that a running evpnd knows, by the name of the argument or option. */
const LIVE: Readonly<Record<string, readonly [path: string, field: string]>> = {
  vni: ['/vnis', 'vni'],
  neighbor: ['/neighbors', 'name'],
  vtep: ['/vteps', 'address'],
  vrf: ['/vrfs', 'name'],
};
/** Values of options that are always the same. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  origin: ['local', 'remote'],
  list: CONFIG_LISTS,
  open: ['true', 'false'],
  type: ['1', '2', '3', '4', '5'],
};
/** Values that are offered at most. */
const MOST = 500;

/** Options that name a place, and what it wants. */
const PLACE_OPTIONS = ['socket', 'url', 'tokenFile', 'caFile'] as const;

/**
 * Returns what may stand for the last of the words, which may be empty: commands, options, and values that evpnd has now. Silent
 * where evpnd does not answer.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<string[]> {
  const last = words.at(-1) ?? '';
  let command = program;
  const positionals: string[] = [];
  let pending: string | undefined;
  const given: { [Name in (typeof PLACE_OPTIONS)[number]]?: string } = {};
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) {
      const option = PLACE_OPTIONS.find((name) => name === pending);
      if (option) given[option] = word;
      pending = undefined;
      continue;
    }
    if (word.startsWith('--')) {
      const option = optionsOf(command).find(({ long }) => long === word);
      if (option?.required) pending = option.attributeName();
      continue;
    }
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next) command = next;
    else positionals.push(word);
  }
  const values = async (name: string) =>
    FIXED[name] ?? (await live(name, () => new Client(placeOf(given, environment))));
  const offered =
    pending !== undefined
      ? await values(pending)
      : last.startsWith('-')
        ? optionsOf(command).flatMap(({ long }) => long ?? [])
        : command.name() === 'frr'
          ? await wordsOfFrr(positionals, values)
          : [
              ...(positionals.length === 0 ? command.commands.map((each) => each.name()) : []),
              ...(await values(command.registeredArguments[positionals.length]?.name() ?? '')),
            ];
  return offered.filter((text) => text.startsWith(last)).toSorted();
}

/** Keywords, and for a variable the values that evpnd has now. */
async function wordsOfFrr(
  words: readonly string[],
  values: (name: string) => Promise<readonly string[]>,
): Promise<string[]> {
  const lists = frrWords(words).map((word) => (isVariable(word) ? values(word.toLowerCase()) : [word]));
  return (await Promise.all(lists)).flat();
}

const optionsOf = (command: Command) => {
  const options = [];
  for (let at: Command | null = command; at; at = at.parent) options.push(...at.options);
  return options;
};

async function live(name: string, make: () => Client): Promise<string[]> {
  const source = LIVE[name];
  if (!source) return [];
  const [path, field] = source;
  try {
    return (await make().all(path, {}, MOST)).map((item) => String(item[field]));
  } catch {
    return [];
  }
}

/** The scripts that a shell reads: each asks evpnctl itself. */
export const COMPLETION_SCRIPTS = {
  bash: `_evpnctl() {
  local IFS=$'\\n'
  COMPREPLY=($(evpnctl __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  # A colon begins a word of its own for bash, so that what stands before it must not be offered again
  declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "\${COMP_WORDS[COMP_CWORD]}"
}
complete -F _evpnctl evpnctl
`,
  zsh: `#compdef evpnctl
_evpnctl() {
  local -a offered
  offered=("\${(@f)$(evpnctl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a offered
}
# As a file of $fpath it is read when the first word is completed
if [[ $funcstack[1] == _evpnctl ]]; then _evpnctl "$@"; else compdef _evpnctl evpnctl; fi
`,
  fish: `complete -c evpnctl -f -a '(evpnctl __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const;
