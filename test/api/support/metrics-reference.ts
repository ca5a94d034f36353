import { HISTOGRAMS, METRICS } from '../../../src/api/metrics/index.js';

/** The table of docs/metrics.md. */
export function metricsReference(): string {
  return [
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...[...METRICS, ...HISTOGRAMS].map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    ),
  ].join('\n');
}
