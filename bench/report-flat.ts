/** What the report says of memory that must be given back: one table, a kind of item a line. */
import { cell, figuresNamed, heading, howOften, table } from './report-tables.js';
import type { RunResult } from './results.js';
import type { Row } from './row.js';
import { figureOf, verdicts } from './summary.js';

const COLUMNS = ['items', 'heapBeforeMiB', 'heapAfterMiB', 'grownPercent', 'bytesPerItem'];

/** The section of the page; empty where nothing was measured. */
export function flatSection(
  group: string,
  rows: readonly Row[],
  resultsOf: (row: Row) => readonly RunResult[],
): string {
  const measured = rows.filter((row) => resultsOf(row).length > 0);
  if (measured.length === 0) return '';
  const [first] = measured;
  const columns = figuresNamed(COLUMNS);
  const lines = measured.map((row) => [
    row.title,
    ...columns.map(({ name }) => cell(figureOf(resultsOf(row), 'evpnd', name))),
    verdicts(row, resultsOf(row)).every(({ met }) => met) ? 'reached' : '**missed**',
  ]);
  return [
    '## Memory after a million',
    `${howOften(group, resultsOf(first), first.vnis, measured.flatMap(resultsOf))} Items come in rounds, stand in the kernel, and go before the next round, which has others. The heap is what evpnd holds when all garbage has been collected: after a tenth of the items, by when tables have their sizes and what is remembered for a while is full, and after all of them. At most: growth of ${first.goals[0].most} %.`,
    table(['', ...columns.map(heading), 'goal'], lines),
  ].join('\n\n');
}
