/** The benchmarks, a row of the table each. */
import { setTimeout as delay } from 'node:timers/promises';
import { restGet } from '../lab/index.js';
import { type Arena, PATIENCE } from './arena.js';
import type { EngineName } from './engines.js';
import { cpuSeconds, kernelSeconds, peakMemory, percentile, residentMemory } from './measure.js';
import { now } from './rpc.js';
import { localMacAt, macAt, type Routes } from './workload.js';

/** What a run measured; every number's name says its unit. */
export interface Measured {
  [figure: string]: number;
}

/** A figure with its goal: the ratio to the faster FRR and, where there is one, to the floor. */
export interface Goal {
  readonly figure: string;
  /** At most so many times the faster FRR's. */
  readonly frr?: number;
  /** At most so many times the floor's. */
  readonly floor?: number;
  /** At most this, by itself. */
  readonly most?: number;
  /** Against FRR 8.4 or 10.3 alone, where the goal names them. */
  readonly frr8?: number;
  readonly frr10?: number;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly vnis: number;
  readonly withSvi?: boolean;
  readonly withPorts?: boolean;
  readonly engines: readonly EngineName[];
  readonly goals: readonly Goal[];
  /** Routes at full size; --quick takes a tenth. */
  readonly count: number;
  run(arena: Arena, engine: EngineName, routes: Routes, options: RunOptions): Promise<Measured>;
}

export interface RunOptions {
  readonly quick: boolean;
}

const FRRS: readonly EngineName[] = ['evpnd', 'frr8', 'frr10'];
const ALL: readonly EngineName[] = [...FRRS, 'floor'];

type Work = () => Promise<{ started: number; ended: number; written?: number }>;

/** Runs work of the daemon: wall clock, CPU until it is idle again, memory. */
async function measure(arena: Arena, work: Work): Promise<Measured> {
  const { pids } = arena.engine;
  await arena.settle();
  const before = cpuSeconds(pids);
  const kernelBefore = kernelSeconds(pids);
  const { started, ended, written } = await work();
  await arena.settle();
  const measured: Measured = {
    wallMs: ended - started,
    cpuS: cpuSeconds(pids) - before,
    kernelS: kernelSeconds(pids) - kernelBefore,
    peakMiB: peakMemory(pids),
    restMiB: residentMemory(pids),
  };
  if (written !== undefined) measured.streamMs = written - started;
  return measured;
}

async function announce(arena: Arena, routes: Routes, packed: boolean): Promise<Measured> {
  await arena.spine.call('prepare', { name: 'load', routes, vtep: 0, packed, verb: 'announce' });
  const measured = await measure(arena, async () => {
    await arena.probe.call('expect', { routes, verb: 'come', timeout: PATIENCE });
    const { started, written } = await arena.spine.call('stream', { name: 'load' });
    return { started, written, ended: await arena.probe.call('done', null) };
  });
  await arena.verify(routes);
  return measured;
}

function remote(packed: boolean): Row['run'] {
  return async (arena, engine, routes) => {
    if (engine === 'floor') return floor(arena, routes, 'add');
    await arena.start(engine);
    return announce(arena, routes, packed);
  };
}

/** Rows of the kernel without any daemon. */
async function floor(arena: Arena, routes: Routes, verb: 'add' | 'delete'): Promise<Measured> {
  if (verb === 'delete') await arena.probe.call('program', { routes, verb: 'add' });
  const { ms, cpuSeconds: cpuS } = await arena.probe.call('program', { routes, verb });
  return { wallMs: ms, cpuS };
}

function withdraw(how: 'packed' | 'single' | 'loss'): Row['run'] {
  return async (arena, engine, routes) => {
    if (engine === 'floor') return floor(arena, routes, 'delete');
    await arena.start(engine);
    await announce(arena, routes, true);
    const packed = how === 'packed';
    await arena.spine.call('prepare', { name: 'withdraw', routes, vtep: 0, packed, verb: 'withdraw' });
    const measured = await measure(arena, async () => {
      await arena.probe.call('expect', { routes, verb: 'go', timeout: PATIENCE });
      if (how === 'loss') {
        const started = await arena.spine.call('cut', null);
        return { started, ended: await arena.probe.call('done', null) };
      }
      const { started, written } = await arena.spine.call('stream', { name: 'withdraw' });
      return { started, written, ended: await arena.probe.call('done', null) };
    });
    await arena.verify(undefined);
    return measured;
  };
}

function local(gone: boolean): Row['run'] {
  return async (arena, engine, { count }) => {
    const hosts = (verb: 'add' | 'delete') => arena.probe.call('local', { count, vnis: arena.vnis, verb });
    if (engine === 'floor') {
      if (gone) await hosts('add');
      const { ms } = await hosts(gone ? 'delete' : 'add');
      if (!gone) await hosts('delete');
      return { wallMs: ms };
    }
    await arena.start(engine);
    const come = () =>
      measure(arena, async () => {
        const wire = arena.spine.call('holds', { macs: count, timeout: PATIENCE });
        const { started } = await hosts('add');
        return { started, ended: await wire };
      });
    const go = () =>
      measure(arena, async () => {
        const wire = arena.spine.call('holds', { macs: 0, timeout: PATIENCE });
        const { started } = await hosts('delete');
        return { started, ended: await wire };
      });
    const came = await come();
    await verifyHeld(arena, count, localMacAt);
    const went = await go();
    return gone ? went : came;
  };
}

async function verifyHeld(arena: Arena, count: number, macOf: (i: number) => number): Promise<void> {
  const held = new Set(await arena.spine.call('held', null));
  let missing = 0;
  for (let i = 0; i < count; i++) if (!held.has(macOf(i))) missing++;
  if (missing > 0 || held.size !== count)
    throw new Error(`the leaf announces ${held.size} MACs and lacks ${missing} of ${count}`);
}

const MOVES_A_SECOND = 1_000;

function latencies(sent: Float64Array, arrived: (i: number) => number | undefined): Measured {
  const values: number[] = [];
  let missing = 0;
  sent.forEach((at, i) => {
    const end = arrived(i);
    if (end === undefined) missing++;
    else values.push(end - at);
  });
  if (missing > 0) throw new Error(`${missing} of ${sent.length} moves were never seen`);
  return {
    p50Ms: percentile(values, 0.5),
    p99Ms: percentile(values, 0.99),
    maxMs: Math.max(...values),
  };
}

const movesRemote: Row['run'] = async (arena, engine, routes) => {
  if (engine === 'floor') throw new Error('moves have no floor');
  await arena.start(engine);
  await announce(arena, routes, true);
  const count = routes.count / 2;
  await arena.probe.call('noteMoves', { vtep: 1 });
  const { pids } = arena.engine;
  const before = cpuSeconds(pids);
  const sent = await arena.spine.call('moves', { routes, count, rate: MOVES_A_SECOND });
  await arena.settle();
  const cpuS = cpuSeconds(pids) - before;
  const moved = await arena.probe.call('moved', null);
  return { ...latencies(sent, (i) => moved.get(i)), cpuS };
};

const movesLocal: Row['run'] = async (arena, engine, routes) => {
  if (engine === 'floor') throw new Error('moves have no floor');
  await arena.start(engine);
  await announce(arena, routes, true);
  const count = routes.count / 2;
  await arena.spine.call('forgetArrivals', null);
  const { pids } = arena.engine;
  const before = cpuSeconds(pids);
  const sent = await arena.probe.call('localMoves', { routes, count, rate: MOVES_A_SECOND });
  await arena.spine.call('holds', { macs: count, timeout: PATIENCE });
  await arena.settle();
  const cpuS = cpuSeconds(pids) - before;
  const arrivals = await arena.spine.call('arrivals', null);
  return { ...latencies(sent, (i) => arrivals.get(macAt(i))), cpuS };
};

/** How long a restarted daemon may keep rows that nobody announces any more, in milliseconds. */
const SWEEP_PATIENCE = 5_000;

const restart: Row['run'] = async (arena, engine, routes) => {
  if (engine === 'floor') throw new Error('a restart has no floor');
  const daemon = await arena.start(engine);
  await announce(arena, routes, true);
  const kept = { ...routes, step: 2 };
  await arena.spine.call('prepare', { name: 'again', routes: kept, vtep: 0, packed: true, verb: 'announce' });
  await daemon.kill();
  await arena.probe.call('countLosses', { routes: kept });
  const started = now();
  await daemon.start();
  await arena.up();
  await arena.spine.call('stream', { name: 'again' });
  await arena.spine.call('endOfRib', null);
  const { missing, stale, wrong } = await arena.compare(kept, 0, SWEEP_PATIENCE);
  const wallMs = now() - started;
  const { losses, certain } = await arena.probe.call('losses', null);
  if (!certain) throw new Error('the probe lost notifications');
  return { wallMs, staleRows: stale, missingRows: missing + wrong, rowsLostMeanwhile: losses };
};

const idle: Row['run'] = async (arena, engine, routes, { quick }) => {
  if (engine === 'floor') throw new Error('idling has no floor');
  await arena.start(engine);
  await announce(arena, routes, true);
  await delay(2_000);
  const { pids } = arena.engine;
  const before = cpuSeconds(pids);
  const seconds = quick ? 10 : 60;
  await delay(seconds * 1_000);
  return { cpuMsPerMinute: ((cpuSeconds(pids) - before) * 60_000) / seconds, restMiB: residentMemory(pids) };
};

/** Asks evpnd's API all the while that a table arrives. */
const rest: Row['run'] = async (arena, engine, routes) => {
  if (engine !== 'evpnd') throw new Error('only evpnd has a REST API');
  const { socket } = await arena.start(engine);
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
  const asking = [ask('/livez', live), ask(`/api/v1/vnis/10001/macs?limit=100`, page)];
  const { wallMs, cpuS } = await announce(arena, routes, true);
  loading = false;
  await Promise.all(asking);
  return {
    wallMs,
    cpuS,
    liveP50Ms: percentile(live, 0.5),
    liveP999Ms: percentile(live, 0.999),
    liveMaxMs: Math.max(...live),
    pageP50Ms: percentile(page, 0.5),
    pageP99Ms: percentile(page, 0.99),
  };
};

const LOAD_GOALS: readonly Goal[] = [
  { figure: 'wallMs', frr: 0.5 },
  { figure: 'cpuS', frr: 0.4 },
];
const BULK_GOALS: readonly Goal[] = [
  { figure: 'wallMs', frr: 0.5, floor: 1.8 },
  { figure: 'cpuS', frr: 0.4 },
  { figure: 'peakMiB', frr: 0.8 },
];

export const ROWS: readonly Row[] = [
  {
    name: 'remote-100k',
    title: '100k remote MACs, packed UPDATEs',
    vnis: 100,
    count: 100_000,
    engines: ALL,
    goals: BULK_GOALS,
    run: remote(true),
  },
  {
    name: 'remote-100k-10vnis',
    title: '100k remote MACs in 10 VNIs',
    vnis: 10,
    count: 100_000,
    engines: ALL,
    goals: BULK_GOALS,
    run: remote(true),
  },
  {
    name: 'remote-250k',
    title: '250k remote MACs, packed',
    vnis: 100,
    count: 250_000,
    engines: ALL,
    goals: BULK_GOALS,
    run: remote(true),
  },
  {
    name: 'remote-100k-single',
    title: '100k remote MACs, one NLRI an UPDATE',
    vnis: 100,
    count: 100_000,
    engines: ALL,
    goals: [
      { figure: 'wallMs', frr8: 0.4, frr10: 0.05 },
      { figure: 'cpuS', frr: 0.4 },
    ],
    run: remote(false),
  },
  {
    name: 'macip-100k',
    title: '100k MAC/IP routes (FDB and neighbours)',
    vnis: 100,
    count: 100_000,
    withSvi: true,
    engines: ALL,
    goals: LOAD_GOALS,
    run: remote(true),
  },
  {
    name: 'withdraw-100k',
    title: 'withdraw of 100k, packed',
    vnis: 100,
    count: 100_000,
    engines: ALL,
    goals: LOAD_GOALS,
    run: withdraw('packed'),
  },
  {
    name: 'withdraw-100k-single',
    title: 'withdraw of 100k, one NLRI an UPDATE',
    vnis: 100,
    count: 100_000,
    engines: ALL,
    goals: LOAD_GOALS,
    run: withdraw('single'),
  },
  {
    name: 'session-loss-100k',
    title: 'session lost with 100k routes',
    vnis: 100,
    count: 100_000,
    engines: ALL,
    goals: LOAD_GOALS,
    run: withdraw('loss'),
  },
  {
    name: 'local-100k',
    title: '100k local MACs learned → all on the wire',
    vnis: 100,
    count: 100_000,
    withPorts: true,
    engines: ALL,
    goals: LOAD_GOALS,
    run: local(false),
  },
  {
    name: 'local-gone-100k',
    title: '100k local MACs gone → all withdrawn',
    vnis: 100,
    count: 100_000,
    withPorts: true,
    engines: ALL,
    goals: LOAD_GOALS,
    run: local(true),
  },
  {
    name: 'moves-remote',
    title: '1,000 remote moves a second: UPDATE → kernel row',
    vnis: 100,
    count: 10_000,
    engines: FRRS,
    goals: [
      { figure: 'p50Ms', frr: 1 },
      { figure: 'p99Ms', frr: 1 },
      { figure: 'cpuS', frr: 0.4 },
    ],
    run: movesRemote,
  },
  {
    name: 'moves-local',
    title: '1,000 local moves a second: kernel event → UPDATE on the wire',
    vnis: 100,
    count: 10_000,
    withPorts: true,
    engines: FRRS,
    goals: [
      { figure: 'p50Ms', frr: 0.05 },
      { figure: 'p99Ms', frr: 0.1 },
      { figure: 'cpuS', frr: 0.4 },
    ],
    run: movesLocal,
  },
  {
    name: 'restart-100k',
    title: 'kill -9 and restart with 100k rows, half not announced again',
    vnis: 100,
    count: 100_000,
    engines: FRRS,
    goals: [
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
    engines: FRRS,
    goals: [{ figure: 'cpuMsPerMinute', frr: 1 }],
    run: idle,
  },
  {
    name: 'rest-250k',
    title: 'REST while 250k routes arrive',
    vnis: 100,
    count: 250_000,
    engines: ['evpnd'],
    goals: [
      { figure: 'liveP999Ms', most: 20 },
      { figure: 'pageP99Ms', most: 50 },
    ],
    run: rest,
  },
];
