/** Medians of a row's runs, and each goal against what was reached. */
import { type EngineName, titleOf } from './engines.js';
import { median } from './measure.js';
import type { RunResult } from './results.js';
import type { Goal, Row } from './row.js';

/** Of one figure of one engine. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function figureOf(
  results: readonly RunResult[],
  engine: EngineName,
  figure: string,
): Figure | undefined {
  const values = results
    .filter((result) => result.engine === engine && figure in result.measured)
    .map(({ measured }) => measured[figure]);
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length };
}

/** One comparison that a goal asks for. */
export interface Verdict {
  readonly figure: string;
  readonly against: string;
  readonly wanted: number;
  readonly reached: number;
  /** What the kernel alone takes, in the same measure and at the same commit: less is nobody's to reach. */
  readonly floor?: number;
  readonly met: boolean;
}

/** The comparisons of a row's goals that the results allow. */
export function verdicts(row: Row, results: readonly RunResult[]): Verdict[] {
  const found: Verdict[] = [];
  for (const goal of row.goals) {
    const engine = isPackagedCurrent(results, goal.figure) ? 'packaged' : 'evpnd';
    const ours = figureOf(results, engine, goal.figure);
    if (!ours) continue;
    const of = (engine: EngineName) => figureOf(results, engine, goal.figure)?.median;
    const newest = (engine: EngineName) => newestOf(results, engine, goal.figure)?.commit;
    // The machine was another one, as far as the kernel's memory goes, when the kernel was measured at another commit
    const alone = newest('floor') === newest(engine) ? of('floor') : undefined;
    const add = (against: string, wanted: number | undefined, base: number | undefined) => {
      if (wanted === undefined || base === undefined) return;
      const reached = ours.median / base;
      const floor = alone === undefined || alone === base ? {} : { floor: alone / base };
      found.push({ figure: goal.figure, against, wanted, reached, ...floor, met: reached <= wanted });
    };
    add(...fasterFrr(goal, of));
    add(titleOf('frr8'), goal.frr8, of('frr8'));
    add(titleOf('frr10'), goal.frr10, of('frr10'));
    add(titleOf('floor'), goal.floor, of('floor'));
    if (goal.most !== undefined)
      found.push({
        figure: goal.figure,
        against: '',
        wanted: goal.most,
        reached: ours.max,
        met: ours.max <= goal.most,
      });
  }
  return found;
}

function newestOf(results: readonly RunResult[], engine: EngineName, figure: string): RunResult | undefined {
  return results.filter((result) => result.engine === engine && figure in result.measured).at(-1);
}

/** What users run is judged, unless a checkout has been measured at another commit since. */
function isPackagedCurrent(results: readonly RunResult[], figure: string): boolean {
  const [packaged, evpnd] = (['packaged', 'evpnd'] as const).map((engine) =>
    newestOf(results, engine, figure),
  );
  if (!packaged || !evpnd) return packaged !== undefined;
  return packaged.commit === evpnd.commit || packaged.at > evpnd.at;
}

function fasterFrr(
  { frr }: Goal,
  of: (engine: EngineName) => number | undefined,
): [string, number | undefined, number | undefined] {
  const present = (['frr8', 'frr10'] as const)
    .map((engine) => ({ engine, value: of(engine) }))
    .filter((each): each is { engine: 'frr8' | 'frr10'; value: number } => each.value !== undefined)
    .sort((a, b) => a.value - b.value);
  return [present.length > 0 ? titleOf(present[0].engine) : '', frr, present[0]?.value];
}

export function formatVerdict({ figure, against, wanted, reached, floor, met }: Verdict): string {
  const times = against === '' ? '' : ' ×';
  const base = against === '' ? '' : ` ${against}`;
  const alone = floor === undefined ? '' : `, kernel alone ${floor.toFixed(2)}${times}`;
  return `${met ? 'reached' : 'MISSED '}  ${figure}: ${reached.toFixed(reached < 10 ? 2 : 0)}${times}${base}, goal at most ${wanted}${times}${alone}`;
}

/** The end of a row's output. */
export function summary(row: Row, results: readonly RunResult[]): string {
  const lines: string[] = [];
  for (const engine of row.engines) {
    const names = new Set(results.filter((r) => r.engine === engine).flatMap((r) => Object.keys(r.measured)));
    if (names.size === 0) continue;
    const parts = [...names].map((name) => {
      const figure = figureOf(results, engine, name) as Figure;
      const digits = figure.median < 10 ? 2 : 0;
      return `${name} ${figure.median.toFixed(digits)} [${figure.min.toFixed(digits)}–${figure.max.toFixed(digits)}]`;
    });
    lines.push(`  median ${titleOf(engine).padEnd(12)} ${parts.join('  ')}`);
  }
  for (const verdict of verdicts(row, results)) lines.push(`  ${formatVerdict(verdict)}`);
  return lines.join('\n');
}
