/** Tables of the report: a figure's name, its numbers, a row with its engines and goals. */
import { titleOf } from './engines.js';
import type { RunResult } from './results.js';
import type { Row } from './row.js';
import { type Figure, figureOf, type Verdict, verdicts } from './summary.js';

export interface FigureText {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
}

export const FIGURES: readonly FigureText[] = [
  { name: 'wallMs', title: 'wall clock', unit: 'ms' },
  { name: 'cpuS', title: 'CPU', unit: 's' },
  { name: 'kernelS', title: 'of it in the kernel', unit: 's' },
  { name: 'peakMiB', title: 'peak memory', unit: 'MiB' },
  { name: 'restMiB', title: 'memory at rest', unit: 'MiB' },
  { name: 'bytesPerRoute', title: 'memory a route', unit: 'octets' },
  { name: 'p50Ms', title: 'p50', unit: 'ms' },
  { name: 'p99Ms', title: 'p99', unit: 'ms' },
  { name: 'maxMs', title: 'longest', unit: 'ms' },
  { name: 'wireP50Ms', title: 'event → wire p50', unit: 'ms' },
  { name: 'wireP99Ms', title: 'event → wire p99', unit: 'ms' },
  { name: 'wireMaxMs', title: 'event → wire, longest', unit: 'ms' },
  { name: 'kernelP50Ms', title: 'wire → kernel p50', unit: 'ms' },
  { name: 'kernelP99Ms', title: 'wire → kernel p99', unit: 'ms' },
  { name: 'kernelMaxMs', title: 'wire → kernel, longest', unit: 'ms' },
  { name: 'goneMs', title: 'withdraw', unit: 'ms' },
  { name: 'goneCpuS', title: 'CPU to withdraw', unit: 's' },
  { name: 'againMs', title: 'second table', unit: 'ms' },
  { name: 'againCpuS', title: 'its CPU', unit: 's' },
  { name: 'listenMs', title: 'exec to listening', unit: 'ms' },
  { name: 'routeP50Ms', title: 'a route to the kernel p50', unit: 'ms' },
  { name: 'routeP99Ms', title: 'a route to the kernel p99', unit: 'ms' },
  { name: 'routeMaxMs', title: 'a route to the kernel, longest', unit: 'ms' },
  { name: 'localP50Ms', title: 'a local move to the wire p50', unit: 'ms' },
  { name: 'localP99Ms', title: 'a local move to the wire p99', unit: 'ms' },
  { name: 'localMaxMs', title: 'a local move to the wire, longest', unit: 'ms' },
  { name: 'liveP99Ms', title: '/livez p99', unit: 'ms' },
  { name: 'liveFailures', title: '/livez failures', unit: '' },
  { name: 'sessionsLost', title: "the orderly neighbor's sessions lost", unit: '' },
  { name: 'attackerEnded', title: 'hostile sessions ended by the leaf', unit: '' },
  { name: 'wrongRows', title: "the orderly neighbor's rows wrong at the end", unit: '' },
  { name: 'exactMs', title: 'until they are right', unit: 'ms' },
  { name: 'rowsLostMeanwhile', title: 'rows lost meanwhile', unit: '' },
  { name: 'staleRows', title: 'stale rows left', unit: '' },
  { name: 'missingRows', title: 'rows missing at the end', unit: '' },
  { name: 'cpuMsPerMinute', title: 'CPU a minute', unit: 'ms' },
  { name: 'loopP999Ms', title: 'turn of the event loop p99.9', unit: 'ms' },
  { name: 'loopMaxMs', title: 'longest turn', unit: 'ms' },
  { name: 'liveP50Ms', title: '/livez p50', unit: 'ms' },
  { name: 'liveP999Ms', title: '/livez p99.9', unit: 'ms' },
  { name: 'liveMaxMs', title: '/livez longest', unit: 'ms' },
  { name: 'pageP50Ms', title: 'a page of MACs p50', unit: 'ms' },
  { name: 'pageP99Ms', title: 'a page of MACs p99', unit: 'ms' },
  { name: 'firstUs', title: 'first load', unit: 'µs' },
  { name: 'firstCpuUs', title: 'its CPU', unit: 'µs' },
  { name: 'loadUs', title: 'load', unit: 'µs' },
  { name: 'loadCpuUs', title: 'CPU to load', unit: 'µs' },
  { name: 'withdrawUs', title: 'withdraw', unit: 'µs' },
  { name: 'withdrawCpuUs', title: 'CPU to withdraw', unit: 'µs' },
  { name: 'peakBytesPerRoute', title: 'memory at the peak', unit: 'octets' },
  { name: 'startMs', title: 'start to sessions', unit: 'ms' },
  { name: 'startCpuS', title: 'its CPU', unit: 's' },
  { name: 'startKernelS', title: 'of it in the kernel', unit: 's' },
  { name: 'floodMs', title: 'default destinations', unit: 'ms' },
  { name: 'floodCpuS', title: 'their CPU', unit: 's' },
  { name: 'lossMs', title: 'session loss', unit: 'ms' },
  { name: 'lossCpuS', title: 'its CPU', unit: 's' },
  { name: 'withdrawMs', title: 'all but one withdraw', unit: 'ms' },
  { name: 'withdrawCpuS', title: 'its CPU', unit: 's' },
  { name: 'lastMs', title: 'the last withdraws', unit: 'ms' },
  { name: 'lastCpuS', title: 'its CPU', unit: 's' },
  { name: 'bytesPerPath', title: 'memory a path', unit: 'octets' },
  { name: 'packedKrps', title: 'packed', unit: 'k routes/s' },
  { name: 'packedMBps', title: 'packed', unit: 'MB/s' },
  { name: 'singleKrps', title: 'one an UPDATE', unit: 'k routes/s' },
  { name: 'singleMBps', title: 'one an UPDATE', unit: 'MB/s' },
  { name: 'items', title: 'between the two', unit: '' },
  { name: 'heapBeforeMiB', title: 'heap after a tenth', unit: 'MiB' },
  { name: 'heapAfterMiB', title: 'heap after all', unit: 'MiB' },
  { name: 'grownPercent', title: 'growth', unit: '%' },
  { name: 'bytesPerItem', title: 'growth by each', unit: 'octets' },
  { name: 'keepaliveGapMs', title: 'longest silence in a session', unit: 'ms' },
];

/** Numbers as people read them. */
export function show(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}

/** Median, with minimum and maximum where there were several runs. */
export function cell(figure: Figure | undefined): string {
  if (!figure) return '–';
  return figure.runs === 1
    ? show(figure.median)
    : `${show(figure.median)} (${show(figure.min)}–${show(figure.max)})`;
}

/** A table in Markdown. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}

/** The figures of these names, in this order. */
export function figuresNamed(names: readonly string[]): readonly FigureText[] {
  return names.flatMap((name) => FIGURES.filter((figure) => figure.name === name));
}

/** A figure's name with its unit. */
export function heading({ title, unit }: FigureText): string {
  return unit === '' ? title : `${title}, ${unit}`;
}

export const GOAL_HEAD = ['', 'goal', 'is', ''];

/** A goal with what was reached, for a table headed by `GOAL_HEAD`. */
export function goalCell({ figure, against, wanted, reached, floor, met }: Verdict): readonly string[] {
  const title = FIGURES.find(({ name }) => name === figure)?.title ?? figure;
  const times = against === '' ? '' : ` × ${against}`;
  const alone = floor === undefined ? '' : ` (kernel alone ${show(floor)})`;
  return [
    title,
    `at most ${wanted}${times}`,
    `${show(reached)}${times}${alone}`,
    met ? 'reached' : '**missed**',
  ];
}

/** Of rows of VRFs. */
const IN_MACHINE =
  "In 100 VRFs with an L3VNI each, whose addresses are the same. Where the machine's kernel has no VRFs, all of it runs in QEMU (TCG, Linux 6.12) on one processor whose clock counts instructions, a nanosecond each: milliseconds and seconds are millions and billions of instructions of the programs and the kernel, the compiling of JavaScript among them, without caches and without a second core. Take ratios alone. Routes are compared one by one with what was announced: table, prefix, device, and the leaves that they lead to.";

/** A row of the benchmark with all its engines and goals. */
export function section(row: Row, results: readonly RunResult[]): string {
  const engines = row.engines.filter((engine) => results.some((result) => result.engine === engine));
  const figures = FIGURES.filter(({ name }) => engines.some((engine) => figureOf(results, engine, name)));
  const lines = engines.map((engine) => [
    titleOf(engine),
    ...figures.map(({ name }) => cell(figureOf(results, engine, name))),
  ]);
  const goals = verdicts(row, results).map(goalCell);
  return [
    `## ${row.title}`,
    howOften(row.name, results, row.vnis),
    ...(row.vrfs ? [IN_MACHINE] : []),
    table(['', ...figures.map(heading)], lines),
    ...(goals.length > 0 ? [table(GOAL_HEAD, goals)] : []),
  ].join('\n\n');
}

/** Runs of the engine that had most. */
function runsOf(results: readonly RunResult[]): number {
  const each = new Map<string, number>();
  for (const { engine } of results) each.set(engine, (each.get(engine) ?? 0) + 1);
  return Math.max(...each.values());
}

/** The line below a heading: what repeats it, how often a row was run, and of which commits `all` its rows' runs were. */
export function howOften(name: string, row: readonly RunResult[], vnis: number, all = row): string {
  const runs = runsOf(row);
  const commits = [...new Set(all.map(({ commit }) => commit))];
  return `\`npm run bench -- ${name}\`, ${runs} ${runs === 1 ? 'run' : 'runs'}, ${vnis.toLocaleString('en')} VNIs, at ${commits.join(' and ')}.`;
}
