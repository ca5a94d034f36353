import type { Histogram } from '../../events/index.js';
import type { Rooms } from '../rooms/rooms.js';

/** A value and the values of the metric's labels, in their order. */
export type Sample = readonly [value: number, ...labels: string[]];

/** A histogram and the values of its labels, in their order. */
export type HistogramSample = readonly [histogram: Histogram, ...labels: string[]];

/** What all kinds of metrics have. */
interface Named {
  /** `evpnd_`, the subsystem, what is counted, and its unit; `_total` where it only grows. */
  readonly name: string;
  readonly help: string;
  /** Never one whose values hosts or strangers can make up, such as a MAC. */
  readonly labels: readonly string[];
}

/** One metric of /metrics: what it is called, and how its samples are read when somebody asks. */
export interface Metric extends Named {
  /** A counter starts again at 0 with the process; all else is a gauge. */
  readonly type: 'counter' | 'gauge';
  /** Must not throw, and may walk neighbors and VNIs, but no table of routes or rows. */
  readonly samples: (rooms: Rooms) => Iterable<Sample> | Promise<Iterable<Sample>>;
}

/** The same of values that are counted by bounds, in seconds. */
export interface HistogramMetric extends Named {
  readonly type: 'histogram';
  /** Must not throw. */
  readonly samples: (rooms: Rooms) => Iterable<HistogramSample>;
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
