/** Rows of attacks: what an orderly neighbor, an orderly host and an orderly client feel while somebody is hostile. */
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { restGet } from '../lab/index.js';
import { type Arena, PATIENCE } from './arena.js';
import { ATTACKS, type Attack, type Outcome } from './attacks.js';
import { cpuSeconds, peakMemory, percentile } from './measure.js';
import { announce, type Goal, type Measured, type Row, speaker } from './row.js';
import { now } from './rpc.js';
import { firstOf, macAt, type Routes } from './workload.js';

/** Milliseconds between two routes, two hosts, two questions. */
const EVERY = 20;
/** How long the orderly ones go on after the attack. */
const AFTERMATH = 2_000;
/** Patience with what has not come when all is over, in milliseconds. */
const LATE = 30_000;
/** Who measures must not wait for a processor, and who attacks is another machine in truth. */
const MEASURES = -15;
const ATTACKS_AT = 5;

/** Asks /livez again and again until it is ended, which tells how long the answers took, in milliseconds. */
function askLivez(socket: string): () => Promise<Measured> {
  const times: number[] = [];
  let failures = 0;
  let asking = true;
  const asked = (async () => {
    while (asking) {
      const at = now();
      const answered = await restGet(socket, '/livez', LATE).catch(() => undefined);
      times.push(now() - at);
      if (answered?.status !== 200) failures++;
      await delay(EVERY);
    }
  })();
  return async () => {
    asking = false;
    await asked;
    return { liveP99Ms: percentile(times, 0.99), liveMaxMs: Math.max(...times), liveFailures: failures };
  };
}

/** How long each took; what never came has taken until now. */
function durations(sent: Float64Array, arrived: (n: number) => number | undefined): number[] {
  const end = now();
  return Array.from(sent, (at, n) => (arrived(n) ?? end) - at);
}

/** All the hosts again with a higher sequence number than those have that moved to the leaf. */
const MOVED_BACK = { mobility: 2 };

/** Tables of the victim: half stand from the beginning, of which some move to the leaf; the others come one by one. */
const partsOf = (routes: Routes) => ({
  standing: { ...routes, step: 2, offset: 0 },
  coming: { ...routes, step: 2, offset: 1 },
});

async function measureUnder(
  arena: Arena,
  routes: Routes,
  work: () => Promise<Outcome>,
): Promise<{ measured: Measured; failed: string | undefined }> {
  const { standing, coming } = partsOf(routes);
  const { socket, pids } = arena.engine;
  await arena.probe.call('noteMoves', { vtep: 0 });
  await arena.spine.call('forgetArrivals', null);
  const endsBefore = await arena.spine.call('ends', null);
  const cpuBefore = cpuSeconds(pids);
  const started = now();
  const stopAsking = socket === undefined ? async () => ({}) : askLivez(socket);
  await arena.spine.call('trickle', { routes: coming, every: EVERY });
  await arena.probe.call('localTrickle', { routes: standing, every: EVERY });
  let failed: string | undefined;
  const outcome: Outcome = await work().catch((error: Error) => {
    failed = error.message;
    return {};
  });
  const wallMs = now() - started;
  await delay(AFTERMATH);
  const routesSent = await arena.spine.call('trickled', null);
  const hostsCame = await arena.probe.call('localTrickled', null);
  const numbers = firstOf(coming, routesSent.length);
  const hosts = firstOf(standing, hostsCame.length).map(macAt);
  for (const until = now() + LATE; now() < until; await delay(100)) {
    const arrivals = await arena.spine.call('arrivals', null);
    const allHosts = hosts.every((mac) => arrivals.has(mac));
    if (allHosts && (await arena.probe.call('haveMoved', { numbers }))) break;
  }
  const live = await stopAsking();
  const [rows, arrivals] = [await arena.probe.call('moved', null), await arena.spine.call('arrivals', null)];
  const kernel = durations(routesSent, (n) => rows.get(numbers[n]));
  const wire = durations(hostsCame, (n) => arrivals.get(hosts[n]));
  return {
    failed,
    measured: {
      wallMs,
      routeP50Ms: percentile(kernel, 0.5),
      routeP99Ms: percentile(kernel, 0.99),
      routeMaxMs: Math.max(...kernel),
      localP50Ms: percentile(wire, 0.5),
      localP99Ms: percentile(wire, 0.99),
      localMaxMs: Math.max(...wire),
      ...live,
      sessionsLost: (await arena.spine.call('ends', null)) - endsBefore,
      attackerEnded: outcome.ended ? 1 : 0,
      cpuS: cpuSeconds(pids) - cpuBefore,
      peakMiB: peakMemory(pids),
    },
  };
}

function underAttack(attack: Attack): Row['run'] {
  return async (arena, engine, routes, { quick }) => {
    await arena.start(speaker(engine));
    await arena.attacker.call('up', { timeout: PATIENCE });
    await announce(arena, partsOf(routes).standing, true);
    await attack.prepare?.(arena);
    await arena.spine.call('prepare', {
      name: 'back',
      routes: { ...routes, shape: MOVED_BACK },
      packed: true,
      verb: 'announce',
    });
    const before = [process.pid, arena.spine.pid, arena.probe.pid];
    for (const pid of before) setPriority(pid, MEASURES);
    for (const { pid } of [arena.attacker, arena.tenant]) setPriority(pid, ATTACKS_AT);
    try {
      const limit = quick ? 10_000 : attack.limit;
      const work = () => attack.run(arena, { share: quick ? 0.1 : 1, limit });
      const { measured, failed } = await measureUnder(arena, routes, work);
      if (failed !== undefined) throw new Error(failed);
      await arena.spine.call('stream', { name: 'back' });
      const started = now();
      const { missing, stale, wrong } = await arena.compare(routes, 0, LATE);
      return { ...measured, wrongRows: missing + stale + wrong, exactMs: now() - started };
    } finally {
      for (const pid of before) setPriority(pid, 0);
    }
  };
}

/** What an orderly neighbor, host and client are to feel of any attack. */
const GOALS: readonly Goal[] = [
  { figure: 'routeP99Ms', most: 50 },
  { figure: 'localP99Ms', most: 10 },
  { figure: 'liveMaxMs', most: 50 },
  { figure: 'liveFailures', most: 0 },
  { figure: 'sessionsLost', most: 0 },
  { figure: 'wrongRows', most: 0 },
];

export const ATTACK_GROUP = 'attacks';

export const ATTACK_ROWS: readonly Row[] = ATTACKS.map((attack) => ({
  name: `attack-${attack.name}`,
  title: attack.title,
  group: ATTACK_GROUP,
  vnis: 10,
  count: 10_000,
  quickCount: 10_000,
  withSvi: true,
  withIp: false,
  withPorts: true,
  hostile: true,
  engines: attack.alsoFrr ? ['evpnd', 'frr8'] : ['evpnd'],
  goals: GOALS.filter(({ figure }) => !attack.ungoaled?.includes(figure)),
  run: underAttack(attack),
}));

export const isAttack = ({ group }: Row): boolean => group === ATTACK_GROUP;
