/** Rows of the underlay: unicast routes of two spines over both links, in the kernel's main table. */
import { type Arena, PATIENCE } from './arena.js';
import { type Measured, measure, type Row, SPEAKERS, speaker, WITH_FLOOR } from './row.js';

/** Gateways of the routes, as bits. */
const BOTH = 3;
const FIRST = 1;
const NONE = 0;

type Start = () => Promise<{ started: number; written?: number }>;

/** Does what changes all routes, and measures until the kernel has them over these gateways and no other. */
async function until(arena: Arena, count: number, gateways: number, start: Start): Promise<Measured> {
  const wanted = { count, gateways, spines: arena.peers };
  const measured = await measure(arena, async () => {
    await arena.probe.call('expectRoutes', { ...wanted, timeout: PATIENCE });
    return { ...(await start()), ended: await arena.probe.call('done', null) };
  });
  const found = await arena.probe.call('compareRoutes', wanted);
  if (found.missing + found.stale + found.wrong > 0)
    throw new Error(`the kernel's routes differ from what was announced: ${JSON.stringify(found)}`);
  return measured;
}

async function load(arena: Arena, count: number): Promise<Measured> {
  await arena.spine.call('prepareUnicast', { count, verb: 'announce' });
  return until(arena, count, BOTH, () => arena.spine.call('streamUnicast', { verb: 'announce', to: 2 }));
}

/** The second spine's session is cut; its link stays. */
function lose(arena: Arena, count: number): Promise<Measured> {
  return until(arena, count, FIRST, async () => ({
    started: await arena.spine.call('cut', { from: 1 }),
  }));
}

async function withdraw(arena: Arena, count: number): Promise<Measured> {
  await arena.spine.call('prepareUnicast', { count, verb: 'withdraw' });
  return until(arena, count, NONE, () => arena.spine.call('streamUnicast', { verb: 'withdraw', to: 2 }));
}

/** The routes without any daemon. Those that are deleted leave group and nexthops behind: three rows beside 100,000. */
async function floor(arena: Arena, count: number, verb: 'add' | 'delete'): Promise<Measured> {
  const routes = { count, spines: arena.peers };
  if (verb === 'delete') await arena.probe.call('programRoutes', { ...routes, verb: 'add' });
  const { ms, cpuSeconds: cpuS } = await arena.probe.call('programRoutes', { ...routes, verb });
  return { wallMs: ms, cpuS };
}

/** What is measured when the routes stand. */
type Then = (arena: Arena, count: number) => Promise<Measured>;

function after(then?: Then): Row['run'] {
  return async (arena, engine, { count }) => {
    if (engine === 'floor') return floor(arena, count, then ? 'delete' : 'add');
    await arena.start(speaker(engine));
    const { grownMiB, ...loaded } = await load(arena, count);
    if (!then) return { ...loaded, bytesPerRoute: (grownMiB * 2 ** 20) / count };
    const { grownMiB: _, restMiB: __, ...measured } = await then(arena, count);
    return measured;
  };
}

const ROWS: readonly Pick<Row, 'name' | 'title' | 'engines' | 'run'>[] = [
  {
    name: 'underlay-100k',
    title: '100k IPv4 routes over two paths each',
    engines: WITH_FLOOR,
    run: after(),
  },
  {
    name: 'underlay-lost-100k',
    title: 'one of two paths of 100k IPv4 routes lost',
    // The kernel has one group to change
    engines: SPEAKERS,
    run: after(lose),
  },
  {
    name: 'underlay-withdraw-100k',
    title: '100k IPv4 routes withdrawn by both spines',
    engines: WITH_FLOOR,
    run: after(withdraw),
  },
];

export const UNDERLAY_ROWS: readonly Row[] = ROWS.map((row) => ({
  ...row,
  group: 'underlay',
  vnis: 1,
  peers: 2,
  unicast: true,
  count: 100_000,
  goals: [
    { figure: 'wallMs', frr: 0.5 },
    { figure: 'cpuS', frr: 0.5 },
  ],
}));
