/** Writes docs/performance.md and its plots from the results. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type EngineName, titleOf } from './engines.js';
import { barChart, type Group } from './plot.js';
import { type RunResult, readResults } from './results.js';
import type { Row } from './row.js';
import { ROWS } from './rows.js';
import { type Figure, figureOf, type Verdict, verdicts } from './summary.js';

const DOCUMENT = 'docs/performance.md';
const IMAGES = 'docs/images';
/** The newest runs of each row and engine that count. */
const NEWEST = 9;

const COLOURS: Readonly<Record<EngineName, string>> = {
  evpnd: '#1b7f5c',
  frr8: '#c9822b',
  frr10: '#e0b05c',
  floor: '#9aa5b1',
  sink: '#9aa5b1',
};

interface FigureText {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
}

const FIGURES: readonly FigureText[] = [
  { name: 'wallMs', title: 'wall clock', unit: 'ms' },
  { name: 'cpuS', title: 'CPU', unit: 's' },
  { name: 'kernelS', title: 'of it in the kernel', unit: 's' },
  { name: 'peakMiB', title: 'peak memory', unit: 'MiB' },
  { name: 'restMiB', title: 'memory at rest', unit: 'MiB' },
  { name: 'p50Ms', title: 'p50', unit: 'ms' },
  { name: 'p99Ms', title: 'p99', unit: 'ms' },
  { name: 'maxMs', title: 'longest', unit: 'ms' },
  { name: 'rowsLostMeanwhile', title: 'rows lost meanwhile', unit: '' },
  { name: 'staleRows', title: 'stale rows left', unit: '' },
  { name: 'missingRows', title: 'rows missing at the end', unit: '' },
  { name: 'cpuMsPerMinute', title: 'CPU a minute', unit: 'ms' },
  { name: 'liveP50Ms', title: '/livez p50', unit: 'ms' },
  { name: 'liveP999Ms', title: '/livez p99.9', unit: 'ms' },
  { name: 'liveMaxMs', title: '/livez longest', unit: 'ms' },
  { name: 'pageP50Ms', title: 'a page of MACs p50', unit: 'ms' },
  { name: 'pageP99Ms', title: 'a page of MACs p99', unit: 'ms' },
];

function show(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}

function cell(figure: Figure | undefined): string {
  if (!figure) return '–';
  return figure.runs === 1
    ? show(figure.median)
    : `${show(figure.median)} (${show(figure.min)}–${show(figure.max)})`;
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}

function goalCell({ figure, against, wanted, reached, met }: Verdict): readonly string[] {
  const title = FIGURES.find(({ name }) => name === figure)?.title ?? figure;
  const times = against === '' ? '' : ` × ${against}`;
  return [title, `at most ${wanted}${times}`, `${show(reached)}${times}`, met ? 'reached' : '**missed**'];
}

function section(row: Row, results: readonly RunResult[]): string {
  const engines = row.engines.filter((engine) => results.some((result) => result.engine === engine));
  const figures = FIGURES.filter(({ name }) => engines.some((engine) => figureOf(results, engine, name)));
  const heads = figures.map(({ title, unit }) => (unit === '' ? title : `${title}, ${unit}`));
  const lines = engines.map((engine) => [
    titleOf(engine),
    ...figures.map(({ name }) => cell(figureOf(results, engine, name))),
  ]);
  const goals = verdicts(row, results).map(goalCell);
  const runs = Math.max(...engines.map((engine) => results.filter((r) => r.engine === engine).length));
  return [
    `## ${row.title}`,
    `\`npm run bench -- ${row.name}\`, ${runs} ${runs === 1 ? 'run' : 'runs'}, ${row.vnis} VNIs.`,
    table(['', ...heads], lines),
    ...(goals.length > 0 ? [table(['', 'goal', 'is', ''], goals)] : []),
  ].join('\n\n');
}

/** The newest runs of a row, engine by engine. */
function newest(all: readonly RunResult[], row: Row): RunResult[] {
  return row.engines.flatMap((engine) =>
    all.filter((result) => result.row === row.name && result.engine === engine).slice(-NEWEST),
  );
}

function plot(file: string, figure: FigureText, all: readonly RunResult[]): string {
  const groups: Group[] = [];
  for (const row of ROWS) {
    const results = newest(all, row);
    const bars = row.engines.flatMap((engine) => {
      const found = figureOf(results, engine, figure.name);
      if (!found) return [];
      const { median: value, min, max } = found;
      return [{ label: titleOf(engine), value, min, max, colour: COLOURS[engine] }];
    });
    if (bars.length > 0) groups.push({ title: row.title.slice(0, 44), bars });
  }
  writeFileSync(`${IMAGES}/${file}`, barChart(figure.title, figure.unit, groups));
  return `![${figure.title}](images/${file})`;
}

function machine(all: readonly RunResult[]): string {
  const [, , kernel] = readFileSync('/proc/version', 'utf8').split(' ');
  const processors = cpus();
  const busy = all.map(({ machine: { busyS } }) => busyS);
  const stolen = all.reduce((sum, { machine: { stolenS } }) => sum + stolenS, 0);
  const commits = [...new Set(all.map(({ commit }) => commit))];
  return [
    `${processors.length} cores (${processors[0].model.trim()}), kernel ${kernel}, Node ${process.version}.`,
    `The machine was busy for ${Math.round(busy.reduce((a, b) => a + b, 0))} CPU seconds during ${all.length} runs,`,
    `of which a hypervisor took ${stolen.toFixed(1)}. Measured at ${commits.join(', ')}.`,
  ].join('\n');
}

/** Returns the path of the document. Throws where there are no results. */
export function writeReport(): string {
  const all = ROWS.flatMap((row) => newest(readResults(), row));
  if (all.length === 0) throw new Error('no results at full size yet: run npm run bench first');
  mkdirSync(IMAGES, { recursive: true });
  const plots = [
    plot('performance-wall.svg', FIGURES[0], all),
    plot('performance-cpu.svg', FIGURES[1], all),
    plot('performance-memory.svg', FIGURES[3], all),
  ];
  const sections = ROWS.flatMap((row) => {
    const results = newest(all, row);
    return results.length > 0 ? [section(row, results)] : [];
  });
  const text = [
    '# Performance',
    '<!-- generated by: npm run bench -- --report; do not edit -->',
    [
      'evpnd, FRR and the kernel alone do the same work in turn on one machine: a synthetic spine streams Type-2 routes',
      'over eBGP to a leaf in a network namespace, and the clock stops when the kernel holds every row of bridge and',
      'VXLAN device. Afterwards the rows are compared one by one with what was announced; a run that differs is a failure',
      'and no result. "Kernel alone" writes the same rows in batches without any BGP. FRR runs at its best settings: no',
      'eBGP policy, no advertisement interval, large netlink buffers. CPU is that of evpnd, and of zebra, bgpd and mgmtd',
      'together, until idle again. Figures are medians, minimum and maximum in parentheses: take ratios, not times.',
    ].join('\n'),
    machine(all),
    'To repeat it, as root: `npm run bench` for all rows, `npm run bench -- --list` for their names, then `npm run bench -- --report` for this page.',
    ...plots,
    ...sections,
    '',
  ].join('\n\n');
  writeFileSync(DOCUMENT, text);
  return DOCUMENT;
}
