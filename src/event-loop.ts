import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { EventLoopDelay } from './api/index.js';
import type { Clock, Timer } from './types/index.js';

/** Milliseconds between two samples: the most by which a figure can be too long. */
const RESOLUTION = 2;
/** Milliseconds after the last request. */
const PATIENCE = 60_000;

/**
 * Measures how late the event loop serves its timers, but only while it is queried: a sample every two milliseconds
 * costs one or two per cent of a core, too much for an idle leaf. A request starts measuring, and a minute without
 * one ends it.
 */
export class EventLoopWatch {
  readonly #clock: Clock;
  #running: { readonly histogram: IntervalHistogram; readonly since: number } | undefined;
  #end: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the figures since measuring began. */
  ask(): EventLoopDelay {
    this.#end?.cancel();
    this.#end = this.#clock.after(PATIENCE, () => this.stop());
    this.#running ??= this.#begin();
    const { histogram, since } = this.#running;
    const { count, max } = histogram;
    const share = (percentile: number) => histogram.percentile(percentile) / 1e6;
    return {
      since,
      samples: count,
      delays:
        count === 0 ? undefined : { p50: share(50), p99: share(99), p999: share(99.9), longest: max / 1e6 },
    };
  }

  /** Stops measuring; no effect if it is not running. */
  stop(): void {
    this.#end?.cancel();
    this.#running?.histogram.disable();
    this.#running = undefined;
  }

  #begin() {
    const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
    histogram.enable();
    return { histogram, since: this.#clock.wallTime() };
  }
}
