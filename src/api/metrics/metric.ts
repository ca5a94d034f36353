import type { Rooms } from '../rooms/rooms.js';

/** A value and the values of the metric's labels, in their order. */
export type Sample = readonly [value: number, ...labels: string[]];

/** One metric of /metrics: what it is called, and how its samples are read when somebody asks. */
export interface Metric {
  /** `evpnd_`, the subsystem, what is counted, and its unit; `_total` where it only grows. */
  readonly name: string;
  readonly help: string;
  /** A counter starts again at 0 with the process; all else is a gauge. */
  readonly type: 'counter' | 'gauge';
  /** Never one whose values hosts or strangers can make up, such as a MAC. */
  readonly labels: readonly string[];
  /** Must not throw, and may walk neighbors and VNIs, but no table of routes or rows. */
  readonly samples: (rooms: Rooms) => Iterable<Sample> | Promise<Iterable<Sample>>;
}

/** Returns a gauge. */
export function gauge(
  name: string,
  help: string,
  labels: readonly string[],
  samples: Metric['samples'],
): Metric {
  return { name, help, type: 'gauge', labels, samples };
}

/** Returns a counter. */
export function counter(
  name: string,
  help: string,
  labels: readonly string[],
  samples: Metric['samples'],
): Metric {
  return { name, help, type: 'counter', labels, samples };
}

/** Returns samples of one value without labels. */
export const one = (value: (rooms: Rooms) => number) => (rooms: Rooms) => [[value(rooms)] as const];
