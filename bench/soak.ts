/** A long run with churn: memory and latency must stay flat. */
import { setTimeout as delay } from 'node:timers/promises';
import { restGet } from '../lab/index.js';
import { Arena, PATIENCE } from './arena.js';
import { cpuSeconds, percentile, residentMemory } from './measure.js';
import { now } from './rpc.js';
import type { Routes } from './workload.js';

const ROUTES: Routes = { count: 50_000, vnis: 50, withIp: false };
const STEP_SECONDS = 15;

/**
 * Announces and withdraws half of the routes in turn for `minutes`, and says of each step how long the kernel took, how
 * much memory is resident, and how the API answers meanwhile. Throws when the last quarter needs a fifth more memory
 * than the second one.
 */
export async function soak(minutes: number, say: (line: string) => void): Promise<void> {
  const arena = await Arena.create(ROUTES.vnis, false, false);
  const memory: number[] = [];
  try {
    const { socket, pids } = await arena.start('evpnd');
    if (socket === undefined) throw new Error('no socket');
    const half: Routes = { ...ROUTES, step: 2 };
    const prepare = (name: string, routes: Routes, verb: 'announce' | 'withdraw') =>
      arena.spine.call('prepare', { name, routes, vtep: 0, packed: false, verb });
    await prepare('all', ROUTES, 'announce');
    await prepare('half', half, 'announce');
    await prepare('withdraw', half, 'withdraw');
    const change = async (name: string, routes: Routes, verb: 'come' | 'go') => {
      await arena.probe.call('expect', { routes, verb, timeout: PATIENCE });
      const { started } = await arena.spine.call('stream', { name });
      return (await arena.probe.call('done', null)) - started;
    };
    await change('all', ROUTES, 'come');
    const end = now() + minutes * 60_000;
    for (let step = 1; now() < end; step++) {
      const before = cpuSeconds(pids);
      const until = now() + STEP_SECONDS * 1_000;
      const went: number[] = [];
      const answers: number[] = [];
      while (now() < until) {
        went.push(await change('withdraw', half, 'go'));
        const asked = now();
        await restGet(socket, '/api/v1/vnis/10001/macs?limit=100', 30_000);
        answers.push(now() - asked);
        went.push(await change('half', half, 'come'));
        await delay(200);
      }
      memory.push(residentMemory(pids));
      say(
        `  step ${step}: ${went.length} changes of ${ROUTES.count / 2} routes, median ${percentile(went, 0.5).toFixed(0)} ms, longest ${Math.max(...went).toFixed(0)} ms; ` +
          `API longest ${Math.max(...answers).toFixed(0)} ms; ${memory.at(-1)?.toFixed(0)} MiB; CPU ${(cpuSeconds(pids) - before).toFixed(1)} s`,
      );
    }
    await arena.verify(ROUTES);
    const quarter = Math.max(1, memory.length >> 2);
    const early = percentile(memory.slice(quarter, 2 * quarter), 0.5);
    const late = percentile(memory.slice(-quarter), 0.5);
    if (memory.length >= 8 && late > early * 1.2)
      throw new Error(`memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MiB`);
    say('  the kernel holds every row at the end, and nothing else');
  } finally {
    await arena.remove();
  }
}
