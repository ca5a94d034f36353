/** Rows of bulk work: whole tables come and go. */
import { type Arena, PATIENCE } from './arena.js';
import {
  announce,
  bytesPerRoute,
  type Goal,
  type Measured,
  measure,
  type Row,
  speaker,
  takeAway,
  WITH_FLOOR,
} from './row.js';
import { localMacAt, type Routes } from './workload.js';

function remote(packed: boolean): Row['run'] {
  return async (arena, engine, routes) => {
    if (engine === 'floor') return floor(arena, routes, 'add');
    await arena.start(speaker(engine));
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
    await arena.start(speaker(engine));
    await announce(arena, routes, true);
    return takeAway(arena, routes, how);
  };
}

function local(gone: boolean): Row['run'] {
  return async (arena, engine, { count }) => {
    const hosts = (verb: 'add' | 'delete') =>
      arena.probe.call('local', { count, vnis: arena.place.vnis, verb });
    if (engine === 'floor') {
      if (gone) await hosts('add');
      const { ms } = await hosts(gone ? 'delete' : 'add');
      if (!gone) await hosts('delete');
      return { wallMs: ms };
    }
    await arena.start(speaker(engine));
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
    const { grownMiB, ...came } = await come();
    await verifyHeld(arena, count, localMacAt);
    const { grownMiB: _, ...went } = await go();
    return gone ? went : { ...came, bytesPerRoute: bytesPerRoute(grownMiB, count) };
  };
}

async function verifyHeld(arena: Arena, count: number, macOf: (i: number) => number): Promise<void> {
  const held = new Set(await arena.spine.call('held', null));
  let missing = 0;
  for (let i = 0; i < count; i++) if (!held.has(macOf(i))) missing++;
  if (missing > 0 || held.size !== count)
    throw new Error(`the leaf announces ${held.size} MACs and lacks ${missing} of ${count}`);
}

const LOAD_GOALS: readonly Goal[] = [
  { figure: 'wallMs', frr: 0.5 },
  { figure: 'cpuS', frr: 0.4 },
];
const SINGLE_GOALS: readonly Goal[] = [
  { figure: 'wallMs', frr8: 0.4 },
  { figure: 'cpuS', frr: 0.4 },
];
const BULK_GOALS: readonly Goal[] = [
  { figure: 'wallMs', frr: 0.5, floor: 1.8 },
  { figure: 'cpuS', frr: 0.4 },
  { figure: 'peakMiB', frr: 0.8 },
];

/** A MAC and a MAC/IP route of each of 50,000 hosts, as FRR and we announce them. */
const BOTH_KINDS = [
  { name: 'both-50k', title: '50k MAC and 50k MAC/IP routes of the same hosts', run: remote(true) },
  { name: 'both-withdraw-50k', title: 'withdraw of both kinds of 50k hosts', run: withdraw('packed') },
  { name: 'both-loss-50k', title: 'session lost with both kinds of 50k hosts', run: withdraw('loss') },
];

export const BULK_ROWS: readonly Row[] = [
  {
    name: 'remote-100k',
    title: '100k remote MACs, packed UPDATEs',
    vnis: 100,
    count: 100_000,
    engines: WITH_FLOOR,
    goals: BULK_GOALS,
    run: remote(true),
  },
  {
    name: 'remote-100k-10vnis',
    title: '100k remote MACs in 10 VNIs',
    vnis: 10,
    count: 100_000,
    engines: WITH_FLOOR,
    goals: BULK_GOALS,
    run: remote(true),
  },
  {
    name: 'remote-250k',
    title: '250k remote MACs, packed',
    vnis: 100,
    count: 250_000,
    engines: WITH_FLOOR,
    goals: BULK_GOALS,
    run: remote(true),
  },
  {
    name: 'remote-100k-single',
    title: '100k remote MACs, one NLRI an UPDATE',
    vnis: 100,
    count: 100_000,
    engines: WITH_FLOOR,
    goals: SINGLE_GOALS,
    run: remote(false),
  },
  {
    name: 'remote-100k-churn',
    title: '100k remote MACs, one NLRI an UPDATE, in any order, KEEPALIVEs every 30 s',
    vnis: 100,
    count: 100_000,
    // FRR 10.3 leaves the last of what it has received until the neighbor's next message: how long depends on this.
    // RFC 4271, section 10, suggests 30 seconds.
    keepalive: 30,
    routes: { order: 'shuffled' },
    engines: WITH_FLOOR,
    goals: [...SINGLE_GOALS, { figure: 'wallMs', frr10: 0.05 }],
    run: remote(false),
  },
  {
    name: 'macip-100k',
    title: '100k MAC/IP routes (FDB and neighbors)',
    vnis: 100,
    count: 100_000,
    withSvi: true,
    engines: WITH_FLOOR,
    goals: LOAD_GOALS,
    run: remote(true),
  },
  {
    name: 'withdraw-100k',
    title: 'withdraw of 100k, packed',
    vnis: 100,
    count: 100_000,
    engines: WITH_FLOOR,
    goals: LOAD_GOALS,
    run: withdraw('packed'),
  },
  {
    name: 'withdraw-100k-single',
    title: 'withdraw of 100k, one NLRI an UPDATE',
    vnis: 100,
    count: 100_000,
    engines: WITH_FLOOR,
    goals: LOAD_GOALS,
    run: withdraw('single'),
  },
  {
    name: 'session-loss-100k',
    title: 'session lost with 100k routes',
    vnis: 100,
    count: 100_000,
    engines: WITH_FLOOR,
    goals: LOAD_GOALS,
    run: withdraw('loss'),
  },
  ...BOTH_KINDS.map(
    ({ name, title, run }): Row => ({
      name,
      title,
      group: 'both',
      vnis: 100,
      count: 50_000,
      withSvi: true,
      routes: { bothKinds: true },
      engines: WITH_FLOOR,
      goals: LOAD_GOALS,
      run,
    }),
  ),
  {
    name: 'local-100k',
    title: '100k local MACs learned → all on the wire',
    vnis: 100,
    count: 100_000,
    withPorts: true,
    engines: WITH_FLOOR,
    goals: LOAD_GOALS,
    run: local(false),
  },
  {
    name: 'local-gone-100k',
    title: '100k local MACs gone → all withdrawn',
    vnis: 100,
    count: 100_000,
    withPorts: true,
    engines: WITH_FLOOR,
    goals: LOAD_GOALS,
    run: local(true),
  },
];
