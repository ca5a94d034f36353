/** What the report says of size and endurance: the family of scale, the spine alone, hot paths alone, the soak. */
import { writeFileSync } from 'node:fs';
import { titleOf } from './engines.js';
import { median } from './measure.js';
import { lineChart } from './plot.js';
import {
  cell,
  FIGURES,
  GOAL_HEAD,
  goalCell,
  heading,
  howOften,
  section,
  show,
  table,
} from './report-tables.js';
import { CHURN, MICRO, type RunResult, SOAK } from './results.js';
import type { Row } from './row.js';
import { type Figure, figureOf, verdicts } from './summary.js';

/** The newest runs of a row. */
export type Newest = (row: Row) => readonly RunResult[];

const COSTS = [
  { figure: 'firstUs', label: 'first load', colour: '#9aa5b1' },
  { figure: 'loadUs', label: 'load', colour: '#1b7f5c' },
  { figure: 'loadCpuUs', label: 'CPU to load', colour: '#7cc4a8' },
  { figure: 'withdrawUs', label: 'withdraw', colour: '#c9822b' },
  { figure: 'withdrawCpuUs', label: 'CPU to withdraw', colour: '#e0b05c' },
];
/** From this many routes on the cost of a route is to stay the same. */
const FLAT_FROM = 10_000;

/** Rows of one family: a line each, with a plot of a route's cost against the number of routes. */
export function familySection(family: string, rows: readonly Row[], newest: Newest, images: string): string {
  const measured = rows
    .map((row) => ({ row, results: newest(row) }))
    .filter(({ results }) => results.length > 0);
  if (measured.length === 0) return '';
  const all = measured.flatMap(({ results }) => results);
  const figures = FIGURES.filter(({ name }) => figureOf(all, 'evpnd', name));
  const lines = measured.map(({ row, results }) => [
    row.title,
    ...figures.map(({ name }) => cell(figureOf(results, 'evpnd', name))),
  ]);
  const goals = measured.flatMap(({ row, results }) =>
    verdicts(row, results).map((verdict) => {
      const [title, ...cells] = goalCell(verdict);
      return [`${row.title}: ${title}`, ...cells];
    }),
  );
  const points = (figure: string) =>
    measured.flatMap(({ row, results }) => {
      const found = figureOf(results, 'evpnd', figure);
      return found ? [{ x: row.count, ...found }] : [];
    });
  const series = COSTS.map(({ figure, label, colour }) => ({ label, colour, points: points(figure) }));
  const file = `performance-${family}.svg`;
  writeFileSync(`${images}/${file}`, lineChart('Cost of a route', 'µs', 'routes', series));
  const flat = COSTS.flatMap(({ figure, label }) => growth(label, points(figure)));
  return [
    '## Cost of a route, from 10,000 to 1,000,000',
    `${howOften(family, measured[0].results, rows[0].vnis, all)} evpnd alone: each table is loaded and withdrawn twice. "First load" is that of a process that has just started; the other figures are of the second time.`,
    `![Cost of a route against the number of routes](images/${file})`,
    table(['', ...figures.map(heading)], lines),
    ...(goals.length > 0 ? [table(GOAL_HEAD, goals)] : []),
    ...(flat.length > 0 ? [table(['', 'routes', 'a route costs', 'of what it costs at'], flat)] : []),
  ].join('\n\n');
}

function growth(label: string, points: readonly (Figure & { x: number })[]): string[][] {
  const from = points.find(({ x }) => x >= FLAT_FROM);
  const to = points.at(-1);
  if (!from || !to || from === to) return [];
  return [
    [label, to.x.toLocaleString('en'), `${show(to.median / from.median)} ×`, from.x.toLocaleString('en')],
  ];
}

/** The spine alone, against the fastest daemon at the same UPDATEs. */
export function spineSection(row: Row, rows: readonly Row[], newest: Newest): string {
  const results = newest(row);
  if (results.length === 0) return '';
  const compared = [
    { figure: 'packedKrps', against: 'remote-100k' },
    { figure: 'singleKrps', against: 'remote-100k-single' },
  ].flatMap(({ figure, against }) => {
    const other = rows.find(({ name }) => name === against);
    const rate = figureOf(results, 'sink', figure)?.median;
    if (!other || rate === undefined) return [];
    const [fastest] = (['evpnd', 'frr8', 'frr10'] as const)
      .flatMap((engine) => {
        const wall = figureOf(newest(other), engine, 'wallMs')?.median;
        return wall === undefined ? [] : [{ engine, rate: other.count / wall }];
      })
      .sort((a, b) => b.rate - a.rate);
    if (!fastest) return [];
    const by = `${titleOf(fastest.engine)}, ${show(fastest.rate)} k routes/s`;
    return [[other.title, by, `${show(rate / fastest.rate)} times as fast`]];
  });
  return [
    section(row, results),
    'It sends the same UPDATEs as in the other rows. What bounds those is the leaf:',
    ...(compared.length > 0 ? [table(['', 'fastest leaf', 'the spine could send'], compared)] : []),
  ].join('\n\n');
}

/** Hot paths alone: the rounds of the newest commit. */
export function microSection(all: readonly RunResult[]): string {
  const rounds = all.filter(({ row }) => row === MICRO);
  const last = rounds.at(-1);
  if (!last) return '';
  const results = rounds.filter(({ commit }) => commit === last.commit);
  const lines = Object.keys(last.measured).map((name) => [name, cell(figureOf(results, 'evpnd', name))]);
  return [
    '## Hot paths alone',
    `\`npm run bench -- micro\`, ${results.length} rounds in one process, at ${last.commit}.`,
    table(['', 'thousands a second'], lines),
  ].join('\n\n');
}

/** A figure of a step, and its heading. */
type StepFigure = { readonly name: string; readonly title: string; readonly unit: string };

const SOAK_FIGURES: readonly StepFigure[] = [
  { name: 'restMiB', title: 'memory', unit: 'MiB' },
  { name: 'changeP50Ms', title: 'a change, median', unit: 'ms' },
  { name: 'changeMaxMs', title: 'a change, longest', unit: 'ms' },
  { name: 'apiMaxMs', title: 'a page of the API, longest', unit: 'ms' },
  { name: 'cpuS', title: 'CPU a step', unit: 's' },
];

const CHURN_FIGURES: readonly StepFigure[] = [
  { name: 'restMiB', title: 'memory', unit: 'MiB' },
  { name: 'cycles', title: 'VNIs a step', unit: '' },
  { name: 'apiMaxMs', title: 'a change of the configuration, longest', unit: 'ms' },
  { name: 'cpuS', title: 'CPU a step', unit: 's' },
];

/** The newest soak: its quarters side by side. */
export const soakSection = (all: readonly RunResult[]): string =>
  quarters(
    all,
    SOAK,
    'Half an hour of churn',
    SOAK_FIGURES,
    ({ changes }, steps) =>
      `${changes.toLocaleString('en')} changes of 25,000 of 50,000 routes, one NLRI an UPDATE, in ${steps} steps of 15 s`,
  );

/** The newest churn of VNIs, as the soak. */
export const vniChurnSection = (all: readonly RunResult[]): string =>
  quarters(
    all,
    CHURN,
    'Ten minutes of VNIs that come and go',
    CHURN_FIGURES,
    ({ cycles }, steps) =>
      `${cycles.toLocaleString('en')} VNIs made and deleted, by \`ip link\` and by the API, in ${steps} steps of 15 s; afterwards VNIs, configuration and rows are as before`,
  );

/** The newest run of a row that has a line a step: each quarter of it, and in a sentence the sums of all. */
function quarters(
  all: readonly RunResult[],
  name: string,
  title: string,
  figures: readonly StepFigure[],
  sentence: (sums: Readonly<Record<string, number>>, steps: number) => string,
): string {
  const lines = all.filter(({ row }) => row === name);
  const steps = lines.slice(lines.findLastIndex(({ measured }) => measured.step === 1));
  const quarter = steps.length >> 2;
  if (quarter === 0) return '';
  const shown = (from: number, figure: string) => {
    const values = steps.slice(from, from + quarter).map(({ measured }) => measured[figure]);
    return show(/Max/.test(figure) ? Math.max(...values) : median(values));
  };
  const sums = Object.fromEntries(
    Object.keys(steps[0].measured).map((figure) => [
      figure,
      steps.reduce((sum, { measured }) => sum + measured[figure], 0),
    ]),
  );
  return [
    `## ${title}`,
    `\`npm run bench -- ${name}\`: ${sentence(sums, steps.length)}, at ${steps[0].commit}. Medians of the steps in each quarter, or the longest.`,
    table(
      ['', 'first quarter', 'second', 'third', 'last'],
      figures.map((figure) => [
        heading(figure),
        ...[0, quarter, 2 * quarter, steps.length - quarter].map((from) => shown(from, figure.name)),
      ]),
    ),
  ].join('\n\n');
}
