/** Rows of VRFs: what other leaves announce of hosts and of prefixes, in the kernel's tables of a hundred VRFs. */
import { type Arena, PATIENCE } from './arena.js';
import { type Measured, measure, type Row, SPEAKERS, speaker } from './row.js';
import type { VrfRoutes } from './vrf-workload.js';

type Shape = Pick<VrfRoutes, 'kind' | 'family' | 'leaves' | 'sharedBlock'>;

/** Does what changes all routes, and measures until the kernel has them as they were announced, or none of them. */
async function until(
  arena: Arena,
  routes: VrfRoutes,
  verb: 'come' | 'go',
  start: () => Promise<{ started: number; written?: number }>,
): Promise<Measured> {
  const measured = await measure(arena, async () => {
    await arena.probe.call('expectVrfs', { routes, verb, timeout: PATIENCE });
    return { ...(await start()), ended: await arena.probe.call('done', null) };
  });
  const found = await arena.probe.call('compareVrfs', { routes, verb });
  if (found.missing + found.stale + found.wrong > 0)
    throw new Error(`the kernel's routes differ from what was announced: ${JSON.stringify(found)}`);
  return measured;
}

/** Loads, withdraws, loads again in the same session, and loses that. */
function run({ vrfs, count, ...shape }: Shape & { vrfs: number; count: number }): Row['run'] {
  return async (arena, engine, { count: size }) => {
    const routes: VrfRoutes = { ...shape, count: size, vrfs: Math.round((vrfs * size) / count) };
    await arena.start(speaker(engine));
    for (const verb of ['announce', 'withdraw'] as const)
      await arena.spine.call('prepareVrfs', { name: verb, routes, verb });
    const load = () => until(arena, routes, 'come', () => arena.spine.call('stream', { name: 'announce' }));
    const { grownMiB, ...first } = await load();
    const gone = await until(arena, routes, 'go', () => arena.spine.call('stream', { name: 'withdraw' }));
    const again = await load();
    const lost = await until(arena, routes, 'go', async () => ({
      started: await arena.spine.call('cut', null),
    }));
    return {
      ...first,
      goneMs: gone.wallMs,
      goneCpuS: gone.cpuS,
      againMs: again.wallMs,
      againCpuS: again.cpuS,
      lossMs: lost.wallMs,
      lossCpuS: lost.cpuS,
      peakMiB: lost.peakMiB,
      bytesPerRoute: (grownMiB * 2 ** 20) / routes.count,
    };
  };
}

const row = (name: string, title: string, shape: Shape): Pick<Row, 'name' | 'title' | 'run'> & Shape => ({
  name,
  title,
  ...shape,
  run: run({ ...shape, vrfs: VRFS, count: COUNT }),
});

const VRFS = 100;
const COUNT = 100_000;

export const VRF_ROWS: readonly Row[] = [
  row('vrf-hosts', '100k IPv4 hosts (Type-2 with both labels) in 100 VRFs, 16 leaves', {
    kind: 'hosts',
    family: 'ipv4',
    leaves: 16,
    sharedBlock: 0,
  }),
  row('vrf-hosts-v6', '100k IPv6 hosts in 100 VRFs, one leaf', {
    kind: 'hosts',
    family: 'ipv6',
    leaves: 1,
    sharedBlock: 0,
  }),
  row('vrf-prefixes', '100k IPv4 prefixes (Type-5) in 100 VRFs, 16 leaves, a quarter behind two', {
    kind: 'prefixes',
    family: 'ipv4',
    leaves: 16,
    sharedBlock: 4,
  }),
  row('vrf-prefixes-v6', '100k IPv6 prefixes in 100 VRFs, 250 leaves', {
    kind: 'prefixes',
    family: 'ipv6',
    leaves: 250,
    sharedBlock: 0,
  }),
].map(({ name, title, run }) => ({
  name,
  title,
  run,
  group: 'vrfs',
  vnis: 1,
  vrfs: VRFS,
  keepalive: 60,
  count: COUNT,
  engines: SPEAKERS,
  goals: ['wallMs', 'cpuS', 'goneMs', 'goneCpuS', 'againMs', 'againCpuS', 'lossMs', 'lossCpuS'].map(
    (figure) => ({ figure, frr: 0.5 }),
  ),
}));
