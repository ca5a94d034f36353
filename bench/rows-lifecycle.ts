/** Rows of a daemon's life: a restart, an idle minute, questions while it is busy. */
import { setTimeout as delay } from 'node:timers/promises';
import { restGet } from '../lab/index.js';
import { PATIENCE } from './arena.js';
import { cpuSeconds, percentile, residentMemory } from './measure.js';
import { announce, KEEPALIVE_GOAL, type Row, SPEAKERS, speaker, withSilence } from './row.js';
import { now } from './rpc.js';

/** How long a restarted daemon may keep rows that nobody announces any more, in milliseconds. */
const SWEEP_PATIENCE = 5_000;

const restart: Row['run'] = async (arena, engine, routes) => {
  const daemon = await arena.start(speaker(engine));
  await announce(arena, routes, true);
  const kept = { ...routes, step: 2 };
  await arena.spine.call('prepare', { name: 'again', routes: kept, packed: true, verb: 'announce' });
  await daemon.kill();
  await arena.probe.call('countLosses', { routes: kept });
  const started = now();
  await daemon.start();
  await arena.up();
  await arena.spine.call('stream', { name: 'again' });
  await arena.spine.call('endOfRib', null);
  const { missing, stale, wrong } = await arena.compare(kept, 0, SWEEP_PATIENCE);
  const wallMs = now() - started;
  await arena.settle();
  const cpuS = cpuSeconds(arena.engine.pids);
  const { losses, certain } = await arena.probe.call('losses', null);
  if (!certain) throw new Error('the probe lost notifications');
  return { wallMs, cpuS, staleRows: stale, missingRows: missing + wrong, rowsLostMeanwhile: losses };
};

const idle: Row['run'] = async (arena, engine, routes, { quick }) => {
  await arena.start(speaker(engine));
  await announce(arena, routes, true);
  await delay(2_000);
  const { pids } = arena.engine;
  const before = cpuSeconds(pids);
  const seconds = quick ? 10 : 60;
  await delay(seconds * 1_000);
  return { cpuMsPerMinute: ((cpuSeconds(pids) - before) * 60_000) / seconds, restMiB: residentMemory(pids) };
};

interface LoopDelays {
  readonly p999Ms: number;
  readonly longestMs: number;
}

/** What evpnd says of its event loop since it was first asked; undefined at the first question. */
async function loopDelays(socket: string): Promise<LoopDelays | undefined> {
  const { status, body } = await restGet<{ delays: LoopDelays | null }>(socket, '/api/v1/event-loop', 30_000);
  if (status !== 200) throw new Error(`GET /api/v1/event-loop: status ${status}`);
  return body.delays ?? undefined;
}

/** Asks evpnd's API all the while that a table arrives. */
const rest: Row['run'] = async (arena, engine, routes) => {
  if (engine !== 'evpnd') throw new Error('only evpnd has a REST API');
  const { socket } = await arena.start(speaker(engine));
  if (socket === undefined) throw new Error('no socket');
  const live: number[] = [];
  const page: number[] = [];
  let loading = true;
  const ask = async (path: string, times: number[]) => {
    while (loading) {
      const at = now();
      const { status } = await restGet(socket, path, 30_000);
      if (status !== 200) throw new Error(`GET ${path}: status ${status}`);
      times.push(now() - at);
      await delay(2);
    }
  };
  const { keepaliveGapMs, wallMs, delays } = await withSilence(arena, async () => {
    await arena.spine.call('prepare', { name: 'load', routes, packed: true, verb: 'announce' });
    await arena.probe.call('expect', { routes, verb: 'come', timeout: PATIENCE });
    await loopDelays(socket);
    const asking = [ask('/livez', live), ask('/api/v1/vnis/10001/macs?limit=100', page)];
    const { started } = await arena.spine.call('stream', { name: 'load' });
    const wallMs = (await arena.probe.call('done', null)) - started;
    const delays = await loopDelays(socket);
    loading = false;
    await Promise.all(asking);
    return { wallMs, delays };
  });
  await arena.verify(routes);
  if (!delays) throw new Error('evpnd ceased to watch its event loop: the load took longer than a minute');
  return {
    wallMs,
    loopP999Ms: delays.p999Ms,
    loopMaxMs: delays.longestMs,
    keepaliveGapMs,
    liveP50Ms: percentile(live, 0.5),
    liveP999Ms: percentile(live, 0.999),
    liveMaxMs: Math.max(...live),
    pageP50Ms: percentile(page, 0.5),
    pageP99Ms: percentile(page, 0.99),
  };
};

export const LIFECYCLE_ROWS: readonly Row[] = [
  {
    name: 'restart-100k',
    title: 'kill -9 and restart with 100k rows, half not announced again',
    vnis: 100,
    count: 100_000,
    engines: SPEAKERS,
    goals: [
      { figure: 'wallMs', frr: 1 },
      { figure: 'rowsLostMeanwhile', most: 0 },
      { figure: 'staleRows', most: 0 },
      { figure: 'missingRows', most: 0 },
    ],
    run: restart,
  },
  {
    name: 'idle-100k',
    title: 'idle with 100k routes',
    vnis: 100,
    count: 100_000,
    engines: SPEAKERS,
    goals: [{ figure: 'cpuMsPerMinute', frr: 1 }],
    run: idle,
  },
  {
    name: 'rest-250k',
    title: 'REST while 250k routes arrive',
    vnis: 100,
    count: 250_000,
    engines: ['evpnd'],
    goals: [{ figure: 'loopP999Ms', most: 20 }, KEEPALIVE_GOAL, { figure: 'pageP99Ms', most: 50 }],
    run: rest,
  },
];
