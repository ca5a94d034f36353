/** Rows of single moves: how long each takes. */
import { PATIENCE } from './arena.js';
import { cpuSeconds, percentile } from './measure.js';
import { announce, type Measured, type Row, SPEAKERS, speaker, WITH_STOCK } from './row.js';
import { macAt } from './workload.js';

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
  await arena.start(speaker(engine));
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
  await arena.start(speaker(engine));
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

export const MOVE_ROWS: readonly Row[] = [
  {
    name: 'moves-remote',
    title: '1,000 remote moves a second: UPDATE → kernel row',
    vnis: 100,
    count: 10_000,
    engines: WITH_STOCK,
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
    engines: SPEAKERS,
    goals: [
      { figure: 'p50Ms', frr: 0.05 },
      { figure: 'p99Ms', frr: 0.1 },
      { figure: 'cpuS', frr: 0.4 },
    ],
    run: movesLocal,
  },
];
