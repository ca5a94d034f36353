/** What the report says of attacks: one table, an attack a line. */
import { titleOf as engineTitle } from './engines.js';
import { cell, FIGURES, figuresNamed, heading, howOften, show, table } from './report-tables.js';
import type { RunResult } from './results.js';
import type { Row } from './row.js';
import { figureOf, verdicts } from './summary.js';

const COLUMNS = [
  'routeP50Ms',
  'routeP99Ms',
  'routeMaxMs',
  'localP50Ms',
  'localP99Ms',
  'localMaxMs',
  'liveP99Ms',
  'liveMaxMs',
  'sessionsLost',
  'attackerEnded',
  'wrongRows',
  'cpuS',
  'peakMiB',
];

function titleOf(figure: string): string {
  return FIGURES.find(({ name }) => name === figure)?.title ?? figure;
}

/** The goals that were not reached, or that all were. */
function missed(row: Row, results: readonly RunResult[]): string {
  const names = verdicts(row, results)
    .filter(({ met }) => !met)
    .map(({ figure }) => titleOf(figure));
  return names.length === 0 ? 'reached' : `**missed**: ${names.join(', ')}`;
}

/** The table of all attacks that were measured; empty where none was. */
export function attacksTable(rows: readonly Row[], resultsOf: (row: Row) => readonly RunResult[]): string {
  const lines = rows
    .map((row) => ({ row, results: resultsOf(row) }))
    .filter(({ results }) => results.length > 0);
  if (lines.length === 0) return '';
  const columns = figuresNamed(COLUMNS);
  return table(
    ['', ...columns.map(heading), 'goals'],
    lines.flatMap(({ row, results }) =>
      row.engines
        .filter((engine) => results.some((result) => result.engine === engine))
        .map((engine) => [
          engine === 'evpnd' ? row.title : `${row.title}, ${engineTitle(engine)}`,
          ...columns.map(({ name }) => cell(figureOf(results, engine, name))),
          engine === 'evpnd' ? missed(row, results) : '',
        ]),
    ),
  );
}

/** The section of the page. */
export function attacksSection(
  group: string,
  rows: readonly Row[],
  resultsOf: (row: Row) => readonly RunResult[],
): string {
  const measured = rows.filter((row) => resultsOf(row).length > 0);
  if (measured.length === 0) return '';
  const [first] = measured;
  const goals = first.goals.map(({ figure, most }) => `${titleOf(figure)} ${show(most ?? 0)}`);
  return [
    '## Under attack',
    `${howOften(group, resultsOf(first), first.vnis, measured.flatMap(resultsOf))} While a neighbor, a tenant or a client of the REST API is hostile, an orderly neighbor announces a route, a host of another port appears that was behind another leaf, and a client asks for /livez, each 50 times a second. Afterwards the orderly neighbor's 10,000 hosts are compared row by row. At most: ${goals.join(', ')}.`,
    attacksTable(rows, resultsOf),
  ].join('\n\n');
}
