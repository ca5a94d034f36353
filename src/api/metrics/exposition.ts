import type { Counter, Gauge, Registry } from 'prom-client';
import { BOUNDS } from '../../events/index.js';
import type { Turns } from '../turnstile.js';
import type { HistogramSample, Sample } from './metric.js';

/** A metric whose samples are of one evpnd. */
export interface BoundMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  samples(): Iterable<Sample> | Promise<Iterable<Sample>>;
}

/** The same of a histogram. */
export interface BoundHistogram {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  samples(): Iterable<HistogramSample>;
}

/** What is written for Prometheus, and its content type. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/**
 * Writes metrics in Prometheus' text format. The library and what it measures of Node.js (CPU, memory, collections, delays of
 * the event loop) begin with the first request: a leaf that nobody scrapes does not pay for them.
 */
export class Exposer {
  readonly #metrics: readonly BoundMetric[];
  #registry: Promise<Registry> | undefined;

  constructor(
    metrics: readonly BoundMetric[],
    readonly histograms: readonly BoundHistogram[] = [],
  ) {
    this.#metrics = metrics;
  }

  /** Writes each metric in a turn that is given to it. */
  async write(turns: Turns): Promise<Exposition> {
    this.#registry ??= this.#begin();
    const registry = await this.#registry;
    const parts: string[] = [];
    for (const { name } of registry.getMetricsAsArray()) {
      await turns.next();
      const began = performance.now();
      parts.push(await registry.getSingleMetricAsString(name));
      turns.owe(performance.now() - began);
    }
    for (const histogram of this.histograms) {
      await turns.next();
      parts.push(turns.timed(() => histogramText(histogram)));
    }
    return { contentType: registry.contentType, text: `${parts.join('\n\n')}\n` };
  }

  async #begin(): Promise<Registry> {
    const { default: prometheus } = await import('prom-client');
    const registry = new prometheus.Registry();
    for (const { name, help, labels, type, samples } of this.#metrics) {
      const made = type === 'counter' ? prometheus.Counter : prometheus.Gauge;
      new made({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        async collect(this: Counter | Gauge) {
          const read = await samples();
          this.reset();
          for (const [value, ...values] of read) this.inc(labelled(labels, values), value);
        },
      });
    }
    prometheus.collectDefaultMetrics({ register: registry });
    return registry;
  }
}

/** The library's histograms take single values alone; ours have been counted. */
function histogramText({ name, help, labels, samples }: BoundHistogram): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const [{ counts, sum, count }, ...values] of samples()) {
    const own = labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`);
    const braced = (more: readonly string[]) => (more.length > 0 ? `{${more.join(',')}}` : '');
    let below = 0;
    for (const [i, bound] of [...BOUNDS, '+Inf'].entries()) {
      below += counts[i];
      lines.push(`${name}_bucket${braced([...own, `le="${bound}"`])} ${below}`);
    }
    lines.push(`${name}_sum${braced(own)} ${sum}`, `${name}_count${braced(own)} ${count}`);
  }
  return lines.join('\n');
}

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
