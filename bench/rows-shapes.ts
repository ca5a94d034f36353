/** Rows of the same bulk in other shapes: other numbers of VNIs, VTEPs and attribute sets, other UPDATEs. */
import { announce, type Goal, type Row, SPEAKERS, speaker, takeAway } from './row.js';
import type { Routes, Spread } from './workload.js';

/** Loads, withdraws, and loads again in the same session. */
function twice(packed: boolean): Row['run'] {
  return async (arena, engine, routes) => {
    await arena.start(speaker(engine));
    const first = await announce(arena, routes, packed);
    const gone = await takeAway(arena, routes, packed ? 'packed' : 'single');
    const again = await announce(arena, routes, packed);
    return {
      wallMs: first.wallMs,
      cpuS: first.cpuS,
      goneMs: gone.wallMs,
      goneCpuS: gone.cpuS,
      againMs: again.wallMs,
      againCpuS: again.cpuS,
      peakMiB: again.peakMiB,
      restMiB: again.restMiB,
    };
  };
}

const GOALS: readonly Goal[] = [
  { figure: 'wallMs', frr: 0.5 },
  { figure: 'cpuS', frr: 0.4 },
  { figure: 'goneMs', frr: 0.5 },
  { figure: 'goneCpuS', frr: 0.4 },
  { figure: 'againMs', frr: 0.5 },
  { figure: 'againCpuS', frr: 0.4 },
];

/** Every VTEP in every VNI. */
const everywhere = (vteps: number): Spread => ({ vteps, perVni: vteps });

interface Shape {
  readonly name: string;
  readonly title: string;
  readonly vnis: number;
  readonly quickVnis?: number;
  readonly vteps: number;
  readonly packed: boolean;
  readonly routes?: Pick<Routes, 'order' | 'shape'>;
}

const inTurn = (sets: number): Shape => ({
  name: `sets-${sets}`,
  title: `100k remote MACs, one NLRI an UPDATE, ${sets.toLocaleString('en')} attribute sets in turn`,
  vnis: 100,
  vteps: sets / 100,
  packed: false,
  routes: { order: 'in turn' },
});

const packed = (vnis: number, vteps: number, quickVnis?: number): Shape => ({
  name: `shape-${vnis}x${vteps}`,
  title: `100k remote MACs, ${vnis.toLocaleString('en')} VNIs with ${vteps} VTEPs each, packed`,
  vnis,
  quickVnis,
  vteps,
  packed: true,
});

const PLAIN = { vnis: 100, vteps: 16, packed: true };

const SHAPES: readonly Shape[] = [
  inTurn(400),
  inTurn(1_600),
  inTurn(10_000),
  packed(10, 2),
  packed(10, 250),
  packed(1_000, 2, 100),
  packed(1_000, 50, 100),
  { ...PLAIN, name: 'shape-mp-first', title: '100k remote MACs, 16 VTEPs, MP_REACH first' },
  {
    ...PLAIN,
    name: 'shape-mp-last',
    title: '100k remote MACs, 16 VTEPs, MP_REACH last',
    routes: { shape: { mpReachLast: true } },
  },
  {
    ...PLAIN,
    name: 'shape-as-path',
    title: '100k remote MACs, 16 VTEPs, AS paths of 1 to 6',
    routes: { shape: { asPath: 6 } },
  },
  {
    ...PLAIN,
    name: 'shape-mobility',
    title: '100k remote MACs, 16 VTEPs, all with MAC mobility',
    routes: { shape: { mobility: 1 } },
  },
];

export const SHAPE_ROWS: readonly Row[] = SHAPES.map(({ vteps, packed, ...shape }) => ({
  ...shape,
  group: 'shapes',
  spread: everywhere(vteps),
  count: 100_000,
  engines: SPEAKERS,
  goals: GOALS,
  run: twice(packed),
}));
