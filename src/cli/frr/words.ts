import { UsageError } from '../client.js';
import type { FrrCommand, Given } from './command.js';

const ADDRESS = /^([\d.]+|[0-9a-f.]*:[0-9a-f:.]*(%\S+)?)$/i;

/** What may stand for a variable. */
const VARIABLES: Readonly<Record<string, RegExp>> = {
  VNI: /^\d{1,8}$/,
  MAC: /^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i,
  IP: ADDRESS,
  VTEP: ADDRESS,
  // A neighbor without an address is named by its interface
  NEIGHBOR: /^\S+$/,
  RD: /^[\d.]+:\d+$/,
};
/** Whether the word of a pattern stands for values. */
export const isVariable = (word: string) => word in VARIABLES;

/** A command line that was understood. */
export interface Understood {
  readonly command: FrrCommand;
  readonly given: Given;
  /** It ended with `json`. */
  readonly json: boolean;
}

/**
 * Returns the command that the words name. As in vtysh a word may be cut short as long as one command fits; `json` may follow.
 * Throws UsageError for what no command, or more than one, fits.
 */
export function understand(commands: readonly FrrCommand[], words: readonly string[]): Understood {
  const json = words.length > 1 && 'json'.startsWith(words.at(-1) ?? '-');
  const own = json ? words.slice(0, -1) : words;
  let left = [...commands];
  for (const [place, word] of own.entries()) {
    const taking = thatTake(left, place, word);
    if (taking.length === 0) throw new UsageError(unknown(commands, left, own, place));
    left = taking;
  }
  const whole = left.filter((command) => command.words.split(' ').length === own.length);
  const [command] = whole;
  if (command === undefined)
    throw new UsageError(`"${own.join(' ')}" is not complete, it may go on as\n${listed(left)}`);
  if (whole.length > 1) throw new UsageError(`"${own.join(' ')}" may be\n${listed(whole)}`);
  return { command, given: givenIn(command, own), json };
}

/** Returns what may stand after the words: keywords, and variables in capitals; `json` where a command may end. */
export function nextWords(commands: readonly FrrCommand[], words: readonly string[]): string[] {
  let left = [...commands];
  for (const [place, word] of words.entries()) left = thatTake(left, place, word);
  const next = left.flatMap((command) => optionsAt(command, words.length) ?? ['json']);
  return [...new Set(next)];
}

/** What may stand at a place of a command; undefined behind its end. */
const optionsAt = ({ words }: FrrCommand, place: number): readonly string[] | undefined =>
  words.split(' ')[place]?.split('|');

/** How a word may be one of a pattern, the better first: the whole keyword, its beginning, a value of a variable. */
const WAYS: readonly ((option: string, word: string) => boolean)[] = [
  (option, word) => option === word.toLowerCase(),
  (option, word) => !isVariable(option) && word !== '' && option.startsWith(word.toLowerCase()),
  (option, word) => VARIABLES[option]?.test(word) ?? false,
];

/** Those of the commands that take the word at its place in the best way in which any does. */
function thatTake(commands: readonly FrrCommand[], place: number, word: string): FrrCommand[] {
  for (const takes of WAYS) {
    const found = commands.filter((each) => optionsAt(each, place)?.some((option) => takes(option, word)));
    if (found.length > 0) return found;
  }
  return [];
}

/** Values of the variables by their names, and as `choice` the keyword of several. */
function givenIn(command: FrrCommand, words: readonly string[]): Given {
  const given: Record<string, string> = {};
  for (const [place, word] of words.entries()) {
    const options = optionsAt(command, place) ?? [];
    const taken = WAYS.map((takes) => options.filter((option) => takes(option, word)));
    const [option = '', another] = taken.find((list) => list.length > 0) ?? [];
    if (another !== undefined)
      throw new UsageError(`${word} of "${words.join(' ')}" may be ${options.join(', ')}`);
    if (isVariable(option)) given[option] = word;
    else if (options.length > 1) given.choice = option;
  }
  return given;
}

/** Commands that are listed as nearest, at most. */
const NEAR = 4;

function unknown(
  all: readonly FrrCommand[],
  left: readonly FrrCommand[],
  words: readonly string[],
  place: number,
): string {
  const wrong = words[place] ?? '';
  const expected = [...new Set(left.flatMap((command) => optionsAt(command, place) ?? []))];
  const nearest = left
    .map((command) => {
      const options = optionsAt(command, place) ?? [];
      return { command, far: Math.min(...options.map((option) => distance(option, wrong))) };
    })
    .sort((a, b) => a.far - b.far)
    .slice(0, NEAR)
    .map(({ command }) => command);
  return [
    `"${words.join(' ')}" is none of FRR's commands that evpnctl has: found ${wrong}, expected ${expected.join(', ') || 'nothing more'}`,
    'nearest:',
    listed(nearest),
    'all, each with json behind it or not:',
    listed(all),
  ].join('\n');
}

/** How many letters differ between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + (letter === b[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

const listed = (commands: readonly FrrCommand[]) => commands.map(({ words }) => `  ${words}`).join('\n');
