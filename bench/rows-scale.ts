/** Rows of size: what a route costs when there are many, many VNIs, many VTEPs, many neighbors; and what the spine can. */
import { setTimeout as delay } from 'node:timers/promises';
import { restGet } from '../lab/index.js';
import { type Arena, PATIENCE } from './arena.js';
import { cpuSeconds, kernelSeconds, residentMemory } from './measure.js';
import { announce, bytesPerRoute, KEEPALIVE_GOAL, measure, type Row, takeAway, withSilence } from './row.js';
import { now } from './rpc.js';
import type { Routes } from './workload.js';

/**
 * Loads and withdraws twice: the first time evpnd has just started and its code is not compiled yet, which weighs the
 * more the fewer routes there are. All figures a route.
 */
const scale: Row['run'] = async (arena, _engine, routes) => {
  await arena.start('evpnd');
  const { count } = routes;
  const before = residentMemory(arena.engine.pids);
  const first = await withSilence(arena, () => announce(arena, routes, true));
  await takeAway(arena, routes, 'packed');
  const load = await withSilence(arena, () => announce(arena, routes, true));
  const gone = await takeAway(arena, routes, 'packed');
  return {
    firstUs: (first.wallMs * 1e3) / count,
    firstCpuUs: (first.cpuS * 1e6) / count,
    loadUs: (load.wallMs * 1e3) / count,
    loadCpuUs: (load.cpuS * 1e6) / count,
    withdrawUs: (gone.wallMs * 1e3) / count,
    withdrawCpuUs: (gone.cpuS * 1e6) / count,
    peakBytesPerRoute: ((first.peakMiB - before) * 2 ** 20) / count,
    bytesPerRoute: first.bytesPerRoute,
    peakMiB: gone.peakMiB,
    keepaliveGapMs: Math.max(first.keepaliveGapMs, load.keepaliveGapMs),
  };
};

/** Many VNIs and VTEPs: the default destinations, the hosts behind them, and the loss of all at once. */
const manyVnis: Row['run'] = async (arena, _engine, routes) => {
  const { vnis, spread } = arena.place;
  const started = now();
  await arena.launch('evpnd');
  const startMs = now() - started;
  const { pids } = arena.engine;
  const start = { startMs, startCpuS: cpuSeconds(pids), startKernelS: kernelSeconds(pids) };
  const floods = await measure(arena, async () => {
    await arena.probe.call('expectFloods', { floods: vnis * spread.perVni, timeout: PATIENCE });
    const sent = await arena.announceVteps();
    return { ...sent, ended: await arena.probe.call('done', null) };
  });
  await arena.spine.call('endOfRib', null);
  await arena.verify(undefined, { floods: spread });
  const load = await withSilence(arena, () => announce(arena, routes, true));
  await arena.verify(routes, { floods: spread });
  const lost = await takeAway(arena, routes, 'loss');
  await arena.verify(undefined, { floods: null });
  return {
    ...start,
    floodMs: floods.wallMs,
    floodCpuS: floods.cpuS,
    wallMs: load.wallMs,
    cpuS: load.cpuS,
    lossMs: lost.wallMs,
    lossCpuS: lost.cpuS,
    peakMiB: lost.peakMiB,
    restMiB: load.restMiB,
    keepaliveGapMs: load.keepaliveGapMs,
  };
};

interface NeighborPrefixes {
  readonly items: readonly {
    readonly prefixes: { readonly received: { readonly macIpAdvertisement: number } };
  }[];
}

/** Waits until the leaf has from so many neighbors all the MACs, and none from the others; when that was. */
async function heldBy(arena: Arena, neighbors: number, macs: number): Promise<number> {
  const { socket } = arena.engine;
  if (socket === undefined) throw new Error('no socket');
  const wanted = [...arena.peers.keys()].map((n) => (n < neighbors ? macs : 0)).sort((a, b) => a - b);
  for (const until = now() + PATIENCE; ; await delay(20)) {
    const { status, body } = await restGet<NeighborPrefixes>(
      socket,
      `/api/v1/neighbors?limit=${arena.peers.length}`,
      PATIENCE,
    );
    if (status !== 200) throw new Error(`GET /api/v1/neighbors: status ${status}`);
    const at = now();
    const held = body.items.map(({ prefixes }) => prefixes.received.macIpAdvertisement).sort((a, b) => a - b);
    if (held.every((count, n) => count === wanted[n])) return at;
    if (at > until)
      throw new Error(`the leaf holds ${held.join(' ')} routes of its neighbors after ${PATIENCE} ms`);
  }
}

/** Every neighbor announces the same routes; all but the last withdraw them, which no row may feel; then the last. */
const manyPeers: Row['run'] = async (arena, _engine, routes) => {
  await arena.start('evpnd');
  const peers = arena.peers.length;
  const prepare = (name: string, verb: 'announce' | 'withdraw') =>
    arena.spine.call('prepare', { name, routes, packed: true, verb });
  await prepare('load', 'announce');
  await prepare('withdraw', 'withdraw');
  const stream = (name: string, from: number, to: number, held: number) =>
    measure(arena, async () => {
      const { started, written } = await arena.spine.call('stream', { name, from, to });
      return { started, written, ended: await heldBy(arena, held, routes.count) };
    });
  const load = await withSilence(arena, () => stream('load', 0, peers, peers));
  await arena.verify(routes);
  await arena.probe.call('countLosses', { routes });
  const most = await withSilence(arena, () => stream('withdraw', 0, peers - 1, 1));
  await arena.verify(routes);
  const { losses, certain } = await arena.probe.call('losses', null);
  if (!certain) throw new Error('the probe lost notifications');
  const lastBefore = cpuSeconds(arena.engine.pids);
  await arena.probe.call('expect', { routes, verb: 'go', timeout: PATIENCE });
  const { started } = await arena.spine.call('stream', { name: 'withdraw', from: peers - 1, to: peers });
  const lastMs = (await arena.probe.call('done', null)) - started;
  await arena.settle();
  const lastCpuS = cpuSeconds(arena.engine.pids) - lastBefore;
  await arena.verify(undefined);
  return {
    wallMs: load.wallMs,
    cpuS: load.cpuS,
    withdrawMs: most.wallMs,
    withdrawCpuS: most.cpuS,
    rowsLostMeanwhile: losses,
    lastMs,
    lastCpuS,
    peakMiB: load.peakMiB,
    bytesPerPath: bytesPerRoute(load.grownMiB, peers * routes.count),
    keepaliveGapMs: Math.max(load.keepaliveGapMs, most.keepaliveGapMs),
  };
};

/** The same UPDATEs as in other rows, to a leaf that only reads. */
const spineAlone: Row['run'] = async (arena, _engine, routes) => {
  await arena.sink.call('connect', { address: arena.peers[0] });
  await arena.spine.call('up', { vnis: 0, timeout: PATIENCE });
  const send = async (packed: boolean) => {
    const { octets } = await arena.spine.call('prepare', { name: 'load', routes, packed, verb: 'announce' });
    await arena.sink.call('expect', { octets });
    const { started } = await arena.spine.call('stream', { name: 'load' });
    const seconds = ((await arena.sink.call('done', null)) - started) / 1e3;
    return { routes: routes.count / seconds / 1e3, octets: octets / seconds / 1e6 };
  };
  const packed = await send(true);
  const single = await send(false);
  return {
    packedKrps: packed.routes,
    packedMBps: packed.octets,
    singleKrps: single.routes,
    singleMBps: single.octets,
  };
};

/** The row that proves that the spine is not what bounds the others. */
export const SPINE = 'spine';

const SIZES: readonly Routes['count'][] = [10_000, 30_000, 100_000, 300_000, 1_000_000];

export const SCALE_ROWS: readonly Row[] = [
  ...SIZES.map(
    (count): Row => ({
      name: count < 1_000_000 ? `scale-${count / 1_000}k` : `scale-${count / 1_000_000}m`,
      title: `${count.toLocaleString('en')} remote MACs`,
      family: 'scale',
      vnis: 1_000,
      quickVnis: 100,
      count,
      engines: ['evpnd'],
      goals: [KEEPALIVE_GOAL],
      run: scale,
    }),
  ),
  {
    name: 'scale-peers',
    title: '64 neighbors with the same 10,000 routes each',
    vnis: 100,
    peers: 64,
    count: 10_000,
    engines: ['evpnd'],
    goals: [{ figure: 'rowsLostMeanwhile', most: 0 }, KEEPALIVE_GOAL],
    run: manyPeers,
  },
  {
    name: SPINE,
    title: '100k routes to a leaf that only reads',
    vnis: 100,
    count: 100_000,
    engines: ['sink'],
    goals: [],
    run: spineAlone,
  },
  {
    name: 'scale-vnis',
    title: '4,000 VNIs with 1,000 VTEPs, 40,000 default destinations, 100k MACs',
    vnis: 4_000,
    quickVnis: 400,
    spread: { vteps: 1_000, perVni: 10 },
    count: 100_000,
    engines: ['evpnd'],
    goals: [KEEPALIVE_GOAL],
    run: manyVnis,
  },
];
