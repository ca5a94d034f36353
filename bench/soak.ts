/** A long run with churn: memory and latency must stay flat. */
import { setTimeout as delay } from 'node:timers/promises';
import { restGet } from '../lab/index.js';
import { Arena, PATIENCE, PLAIN_PLACE } from './arena.js';
import { cpuSeconds, median, percentile, residentMemory } from './measure.js';
import { now } from './rpc.js';
import type { Routes } from './workload.js';

const ROUTES: Routes = { count: 50_000, vnis: 50, withIp: false };
const STEP_SECONDS = 15;

/** Shorter ones are for trying. */
export const FULL_SOAK_MINUTES = 30;
/** Fewer steps than this say nothing about growth. */
const FEWEST_STEPS = 8;

/** What one step measured: changes are each of half of the routes, come or gone. */
interface Step {
  readonly [figure: string]: number;
  readonly step: number;
  readonly changes: number;
  readonly changeP50Ms: number;
  readonly changeMaxMs: number;
  readonly apiMaxMs: number;
  readonly restMiB: number;
  readonly cpuS: number;
}

/** How much larger a figure of the last quarter may be than the same of the second, once all is warm. */
const FLAT = [
  { figure: 'restMiB', title: 'memory', unit: 'MiB', most: 1.2 },
  { figure: 'changeP50Ms', title: 'the median change', unit: 'ms', most: 1.5 },
];

/**
 * Announces and withdraws half of the routes in turn for `minutes`, and gives each step to `record`: how long the kernel
 * took, how much memory is resident, and how the API answers meanwhile. Throws when memory or latency grew.
 */
export async function soak(
  minutes: number,
  say: (line: string) => void,
  record: (work: () => Promise<Step>) => Promise<unknown>,
): Promise<void> {
  const arena = await Arena.create({ ...PLAIN_PLACE, vnis: ROUTES.vnis });
  const steps: Step[] = [];
  try {
    const { socket, pids } = await arena.start('evpnd');
    if (socket === undefined) throw new Error('no socket');
    const half: Routes = { ...ROUTES, step: 2 };
    const prepare = (name: string, routes: Routes, verb: 'announce' | 'withdraw') =>
      arena.spine.call('prepare', { name, routes, packed: false, verb });
    await prepare('all', ROUTES, 'announce');
    await prepare('half', half, 'announce');
    await prepare('withdraw', half, 'withdraw');
    const change = async (name: string, routes: Routes, verb: 'come' | 'go') => {
      await arena.probe.call('expect', { routes, verb, timeout: PATIENCE });
      const { started } = await arena.spine.call('stream', { name });
      return (await arena.probe.call('done', null)) - started;
    };
    const oneStep = async (): Promise<Step> => {
      const before = cpuSeconds(pids);
      const until = now() + STEP_SECONDS * 1_000;
      const changes: number[] = [];
      const answers: number[] = [];
      while (now() < until) {
        changes.push(await change('withdraw', half, 'go'));
        const asked = now();
        await restGet(socket, '/api/v1/vnis/10001/macs?limit=100', 30_000);
        answers.push(now() - asked);
        changes.push(await change('half', half, 'come'));
        await delay(200);
      }
      const step = {
        step: steps.length + 1,
        changes: changes.length,
        changeP50Ms: percentile(changes, 0.5),
        changeMaxMs: Math.max(...changes),
        apiMaxMs: Math.max(...answers),
        restMiB: residentMemory(pids),
        cpuS: cpuSeconds(pids) - before,
      };
      steps.push(step);
      return step;
    };
    await change('all', ROUTES, 'come');
    for (const end = now() + minutes * 60_000; now() < end; ) {
      await record(oneStep);
      say(`  ${describe(steps[steps.length - 1])}`);
    }
    await arena.verify(ROUTES);
    say('  the kernel holds every row at the end, and nothing else');
    if (steps.length >= FEWEST_STEPS) mustBeFlat(steps);
  } finally {
    await arena.remove();
  }
}

function describe({ step, changes, changeP50Ms, changeMaxMs, apiMaxMs, restMiB, cpuS }: Step): string {
  return [
    `step ${step}: ${changes} changes of ${ROUTES.count / 2} routes`,
    `median ${changeP50Ms.toFixed(0)} ms, longest ${changeMaxMs.toFixed(0)} ms`,
    `API longest ${apiMaxMs.toFixed(0)} ms`,
    `${restMiB.toFixed(0)} MiB`,
    `CPU ${cpuS.toFixed(1)} s`,
  ].join('; ');
}

function mustBeFlat(steps: readonly Step[]): void {
  const quarter = steps.length >> 2;
  for (const { figure, title, unit, most } of FLAT) {
    const of = (some: readonly Step[]) => median(some.map((step) => step[figure]));
    const early = of(steps.slice(quarter, 2 * quarter));
    const late = of(steps.slice(-quarter));
    if (late > early * most)
      throw new Error(`${title} grew from ${early.toFixed(0)} to ${late.toFixed(0)} ${unit}`);
  }
}
