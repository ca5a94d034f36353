/**
 * Metrics for Prometheus at /metrics, in its text format. A file for each kind of thing, with a table of what is measured:
 * nothing is kept for it where routes change but how long some of them took; all else is read when it is asked for.
 * docs/metrics.md is written from the tables. Not here: series by MAC or IP.
 */
import { CONVERGENCE_METRICS } from './convergence-metrics.js';
import { LEAF_METRICS } from './leaf-metrics.js';
import type { HistogramMetric, Metric } from './metric.js';
import { NEIGHBOR_METRICS } from './neighbor-metrics.js';
import { VNI_METRICS } from './vni-metrics.js';

export type { HistogramMetric, HistogramSample, Metric, Sample } from './metric.js';

/** Every metric of ours; those of the process and of Node.js stand beside them. */
export const METRICS: readonly Metric[] = [...LEAF_METRICS, ...NEIGHBOR_METRICS, ...VNI_METRICS];

export const HISTOGRAMS: readonly HistogramMetric[] = CONVERGENCE_METRICS;
