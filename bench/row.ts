/** What a benchmark is: a row of the table, and the steps that rows share. */
import { type Arena, PATIENCE } from './arena.js';
import type { EngineName, SpeakerName } from './engines.js';
import { cpuSeconds, kernelSeconds, peakMemory, residentMemory } from './measure.js';
import { type Routes, routeCount, type Spread } from './workload.js';

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
  /** With --quick; `vnis` where it is absent. */
  readonly quickVnis?: number;
  readonly spread?: Spread;
  /** Neighbors of the leaf's; 1 where it is absent. */
  readonly peers?: number;
  /** Rows of one family are run by its name, too, and share a table. */
  readonly family?: string;
  readonly withSvi?: boolean;
  /** Seconds between KEEPALIVEs; 3 where it is absent. */
  readonly keepalive?: number;
  /** What else there is to say of its routes. */
  readonly routes?: Pick<Routes, 'order' | 'bothKinds' | 'shape'>;
  /** Rows of one group are run by its name, too. */
  readonly group?: string;
  readonly withPorts?: boolean;
  /** Hosts have IPs; as `withSvi` where it is absent. */
  readonly withIp?: boolean;
  /** There are a hostile neighbor and a hostile tenant. */
  readonly hostile?: boolean;
  /** Unicast routes of two spines, beside EVPN. */
  readonly unicast?: boolean;
  /** VRFs with an L3VNI each; --quick has a tenth. Runs in QEMU where the kernel has none. */
  readonly vrfs?: number;
  /** The daemon's heap can be asked for. */
  readonly collected?: boolean;
  readonly engines: readonly EngineName[];
  readonly goals: readonly Goal[];
  /** Routes at full size; --quick takes a tenth, or `quickCount`. */
  readonly count: number;
  readonly quickCount?: number;
  run(arena: Arena, engine: EngineName, routes: Routes, options: RunOptions): Promise<Measured>;
}

export interface RunOptions {
  readonly quick: boolean;
}

/** The daemons, and with them the kernel alone. */
export const SPEAKERS: readonly SpeakerName[] = ['evpnd', 'frr8', 'frr10'];
export const WITH_FLOOR: readonly EngineName[] = [...SPEAKERS, 'floor'];
/** Where what FRR's experts set makes a difference of more than percents. */
export const WITH_STOCK: readonly SpeakerName[] = [...SPEAKERS, 'frr8stock', 'frr10stock'];

type Work = () => Promise<{ started: number; ended: number; written?: number }>;

/** Runs work of the daemon: wall clock, CPU until it is idle again, memory and what it grew by. */
export async function measure(arena: Arena, work: Work): Promise<Measured> {
  const { pids } = arena.engine;
  await arena.settle();
  const before = cpuSeconds(pids);
  const kernelBefore = kernelSeconds(pids);
  const restBefore = residentMemory(pids);
  const { started, ended, written } = await work();
  await arena.settle();
  const measured: Measured = {
    wallMs: ended - started,
    cpuS: cpuSeconds(pids) - before,
    kernelS: kernelSeconds(pids) - kernelBefore,
    peakMiB: peakMemory(pids),
    restMiB: residentMemory(pids),
    grownMiB: residentMemory(pids) - restBefore,
  };
  if (written !== undefined) measured.streamMs = written - started;
  return measured;
}

/** Octets a route, of memory at rest that grew by so much. */
export function bytesPerRoute(grownMiB: number, routes: number): number {
  return (grownMiB * 2 ** 20) / routes;
}

/** Loads a table and verifies it. */
export async function announce(arena: Arena, routes: Routes, packed: boolean): Promise<Measured> {
  await arena.spine.call('prepare', { name: 'load', routes, packed, verb: 'announce' });
  const { grownMiB, ...measured } = await measure(arena, async () => {
    await arena.probe.call('expect', { routes, verb: 'come', timeout: PATIENCE });
    const { started, written } = await arena.spine.call('stream', { name: 'load' });
    return { started, written, ended: await arena.probe.call('done', null) };
  });
  await arena.verify(routes);
  return { ...measured, bytesPerRoute: bytesPerRoute(grownMiB, routeCount(routes)) };
}

/** Takes a table away, by UPDATEs or by cutting the session, and verifies that nothing is left. */
export async function takeAway(
  arena: Arena,
  routes: Routes,
  how: 'packed' | 'single' | 'loss',
): Promise<Measured> {
  const packed = how === 'packed';
  await arena.spine.call('prepare', { name: 'withdraw', routes, packed, verb: 'withdraw' });
  const { grownMiB: _, ...measured } = await measure(arena, async () => {
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
}

/** The engines that speak BGP; throws for those that do not. */
export function speaker(engine: EngineName): SpeakerName {
  if (engine === 'floor' || engine === 'sink') throw new Error(`${engine} cannot do this row's work`);
  return engine;
}

/** The leaf sends a KEEPALIVE every 3 seconds; a tenth more is how late it may be. */
export const KEEPALIVE_GOAL: Goal = { figure: 'keepaliveGapMs', most: 3_300 };

/** Runs work and adds how long the leaf kept silent at most meanwhile. */
export async function withSilence<M extends object>(
  arena: Arena,
  work: () => Promise<M>,
): Promise<M & { keepaliveGapMs: number }> {
  await arena.spine.call('forgetSilence', null);
  const measured = await work();
  return { ...measured, keepaliveGapMs: await arena.spine.call('longestSilence', null) };
}
