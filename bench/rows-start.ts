/** Rows of a start and of rest: how long from exec to a full table, how much memory a leaf takes that does nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE } from './arena.js';
import { cpuSeconds, peakMemory, residentMemory } from './measure.js';
import { announce, type Row, SPEAKERS, speaker } from './row.js';
import { now } from './rpc.js';

/** The spine sends all it has as soon as the session stands, as one does that has been there before. */
const fromExec: Row['run'] = async (arena, engine, routes) => {
  const { vnis, spread } = arena.place;
  await arena.spine.call('prepareVteps', { name: 'vteps', vnis, spread });
  await arena.spine.call('prepare', { name: 'load', routes, packed: true, verb: 'announce' });
  await arena.probe.call('expect', { routes, verb: 'come', timeout: PATIENCE });
  const started = now();
  const listening = arena.listening(PATIENCE);
  const sent = arena.spine.call('streamWhenUp', { names: ['vteps', 'load'], timeout: PATIENCE });
  const [listens] = await Promise.all([listening, sent, arena.launch(speaker(engine))]);
  const ended = await arena.probe.call('done', null);
  await arena.settle();
  const { pids } = arena.engine;
  const measured = { listenMs: listens - started, wallMs: ended - started, cpuS: cpuSeconds(pids) };
  await arena.verify(routes);
  return { ...measured, peakMiB: peakMemory(pids) };
};

/** Longer than evpnd waits until it gives back what its start took (src/memory-at-rest.ts). */
const REST_SECONDS = 45;

const rest: Row['run'] = async (arena, engine, routes, { quick }) => {
  await arena.start(speaker(engine));
  if (routes.count > 0) await announce(arena, routes, true);
  await delay((quick ? 5 : REST_SECONDS) * 1_000);
  const { pids } = arena.engine;
  return { restMiB: residentMemory(pids), peakMiB: peakMemory(pids) };
};

const fullTable = (name: string, count: number, times: number): Row => ({
  name,
  title: `exec → listening → all ${count.toLocaleString('en')} rows`,
  group: 'start',
  vnis: 100,
  count,
  engines: ['packaged', ...SPEAKERS],
  goals: [{ figure: 'wallMs', frr: times }],
  run: fromExec,
});

const atRest = (name: string, count: number, most?: number): Row => ({
  name,
  title: `memory at rest with ${count.toLocaleString('en')} routes`,
  group: 'memory',
  vnis: 100,
  count,
  engines: SPEAKERS,
  goals: most === undefined ? [] : [{ figure: 'restMiB', most }],
  run: rest,
});

export const START_ROWS: readonly Row[] = [
  fullTable('start-1k', 1_000, 1),
  fullTable('start-100k', 100_000, 0.7),
  atRest('memory-0', 0),
  atRest('memory-1k', 1_000, 90),
  atRest('memory-10k', 10_000),
];
