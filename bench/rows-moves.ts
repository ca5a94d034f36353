/** Rows of single moves: how long each takes. */
import { PATIENCE } from './arena.js';
import { cpuSeconds, percentile } from './measure.js';
import { announce, type Measured, type Row, SPEAKERS, speaker, WITH_STOCK } from './row.js';
import { firstOf, macAt } from './workload.js';

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

/** Every second host moves to another remote leaf, the others to the leaf's own ports, each kind half as often. */
function movesMixed(rate: number): Row['run'] {
  return async (arena, engine, routes) => {
    await arena.start(speaker(engine));
    await announce(arena, routes, true);
    const local = { ...routes, step: 2, offset: 0 };
    const remote = { ...routes, step: 2, offset: 1 };
    const count = routes.count / 2;
    await arena.probe.call('noteMoves', { vtep: 1 });
    await arena.spine.call('forgetArrivals', null);
    const { pids } = arena.engine;
    const before = cpuSeconds(pids);
    const [came, moved] = await Promise.all([
      arena.probe.call('localMoves', { routes: local, count, rate: rate / 2 }),
      arena.spine.call('moves', { routes: remote, count, rate: rate / 2 }),
    ]);
    await arena.spine.call('holds', { macs: count, timeout: PATIENCE });
    await arena.settle();
    const cpuS = cpuSeconds(pids) - before;
    const [arrivals, rows] = [
      await arena.spine.call('arrivals', null),
      await arena.probe.call('moved', null),
    ];
    const [ours, theirs] = [firstOf(local, count), firstOf(remote, count)];
    const wire = latencies(came, (n) => arrivals.get(macAt(ours[n])));
    const kernel = latencies(moved, (n) => rows.get(theirs[n]));
    return {
      wireP50Ms: wire.p50Ms,
      wireP99Ms: wire.p99Ms,
      wireMaxMs: wire.maxMs,
      kernelP50Ms: kernel.p50Ms,
      kernelP99Ms: kernel.p99Ms,
      kernelMaxMs: kernel.maxMs,
      cpuS,
    };
  };
}

/** Moves a second, and how many there are of them. */
const MIXED_RATES = [
  { rate: 100, count: 1_000 },
  { rate: 1_000, count: 10_000 },
  { rate: 3_000, count: 20_000 },
];

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
  ...MIXED_RATES.map(
    ({ rate, count }): Row => ({
      name: `moves-mixed-${rate}`,
      title: `${rate.toLocaleString('en')} moves a second, half of them local: event → wire, wire → kernel`,
      group: 'moves-mixed',
      vnis: 100,
      count,
      withPorts: true,
      engines: WITH_STOCK,
      goals: [
        { figure: 'wireP99Ms', frr: 0.1 },
        { figure: 'kernelP99Ms', frr: 1 },
      ],
      run: movesMixed(rate),
    }),
  ),
];
