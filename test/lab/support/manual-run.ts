import { readFileSync, writeFileSync } from 'node:fs';
import { waitFor } from '../../../lab/index.js';
import { type FencedBlock, fencedBlocks } from '../../support/markdown.js';
import type { Site } from './manual-machine.js';
import type { PageRun } from './manual-pages.js';

/*
 * The manual's pages are what is run. A block's info string says where:
 *
 *   ```sh node=leaf1          a script, which ends at the first command that fails
 *   ```console node=leaf1     commands behind `$ `, each with what it answers, sooner or later
 *   ```yaml node=leaf1 file=/etc/evpnd/evpnd.yaml     a file, of whatever language
 *
 * `node=leaf1,leaf2` is each of them. `kind=…` restricts a block to runs of that kind; what
 * is `later=yes` no other page builds on. In an answer `…` stands for anything
 * within a line, and a line that is nothing else for any lines.
 */

const SHORTEST_PATIENCE = 3_500;
const PATIENCE = 40_000;

/** What a `console` block shows: a command, and the lines of its answer. */
interface Shown {
  readonly command: string;
  readonly answer: string;
}

/** The commands of a `console` block with their answers. */
export function shownIn(text: string): Shown[] {
  return [...text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(([, command, answer]) => ({
    command,
    answer,
  }));
}

/** Text without what is another one each time: times, durations, measures, and how wide columns are. */
function steady(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d[ T][\d:.]+Z/g, 'TIME')
    .replace(/\b(\d+[dhms])+\b/g, 'DURATION')
    .replace(/\b\d+(\.\d+)? (ms|s)\b/g, 'MEASURE')
    .replace(/[ \t]+/g, ' ')
    .replace(/ $/gm, '')
    .trim();
}

/** Whether a command has answered as it is shown. */
export function answersAs(shown: string, actual: string): boolean {
  const pattern = steady(shown)
    .split('\n')
    .map((line) =>
      line === '…'
        ? '(?:.*\\n)*?'
        : `${line
            .split('…')
            .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
            .join('.*')}\\n`,
    )
    .join('');
  return new RegExp(`^${pattern}$`).test(`${steady(actual)}\n`);
}

/** The blocks of a page that are run, of one kind where it has several. */
export function runnable(page: string, kind?: string): FencedBlock[] {
  return fencedBlocks(page).filter(({ marks }) => {
    const only = marks.get('kind');
    return marks.has('node') && (only === undefined || only === kind);
  });
}

/** With EVPND_WRITE_DOCS=1 the page gets what was answered. */
const writes = process.env.EVPND_WRITE_DOCS !== undefined;

function rewrite(page: string, command: string, shown: string, actual: string): void {
  const text = readFileSync(page, 'utf8');
  writeFileSync(
    page,
    text.replace(`$ ${command}\n${shown}`, () => `$ ${command}\n${actual}`),
  );
}

async function ask(site: Site, node: string, block: FencedBlock, { command, answer }: Shown): Promise<void> {
  let actual = '';
  const look = async () => {
    const { stdout, stderr } = await site.machine(node).try(command);
    actual = `${stdout}${stderr}`;
    return answersAs(answer, actual);
  };
  const what = `answer of \`${command}\` on ${node} as ${block.page} shows it (line ${block.line})`;
  try {
    await waitFor(look, {
      what,
      timeout: writes ? SHORTEST_PATIENCE : PATIENCE,
      interval: 250,
      show: () => `\n${actual}\ninstead of\n${answer}`,
    });
  } catch (error) {
    if (!writes) throw error;
    if (!block.marks.get('node')?.startsWith(node)) throw error;
    rewrite(block.page, command, answer, actual);
  }
}

/** Does what a block says. Rejects where a command fails, or does not answer as it is shown. */
export async function runBlock(
  site: Site,
  block: FencedBlock,
  isMeant: (node: string) => boolean = () => true,
): Promise<void> {
  const file = block.marks.get('file');
  for (const node of (block.marks.get('node') ?? '').split(',').filter(isMeant)) {
    if (file !== undefined) await site.machine(node).put(file, block.text);
    else if (block.language === 'console')
      for (const shown of shownIn(block.text)) await ask(site, node, block, shown);
    else
      await site
        .machine(node)
        .do(block.text)
        .catch((error: Error) => {
          throw new Error(`${block.page}, line ${block.line}: ${error.message}`, { cause: error });
        });
  }
}

/** Does what a page says, from its beginning to its end, and before it what it builds on. */
export async function runPage(site: Site, { page, kind, after }: PageRun): Promise<void> {
  if (after !== undefined)
    for (const block of runnable(after.page, after.kind))
      if (block.language !== 'console' && !block.marks.has('later'))
        await runBlock(site, block, (node) => after.nodes.includes(node));
  for (const block of runnable(page, kind)) await runBlock(site, block);
}
