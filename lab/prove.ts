/**
 * Builds the fabric whose `FabricSpec` is given as JSON, waits until it has converged, and prints as JSON what every
 * leaf's daemon put into its kernel: `{"leaf1": [row, …], …}`. Progress goes to standard error. It is what runs inside
 * user-mode-linux when only the outcome matters.
 *
 *   node build/lab/prove.js '{"leaves":[{"engine":"frr"},{"engine":"frr"}]}'
 */
import { waitUntilConverged } from './converge.js';
import { Fabric } from './fabric.js';
import type { FabricSpec } from './plan.js';

const started = performance.now();
const progress = (step: string): void => {
  process.stderr.write(`[${((performance.now() - started) / 1_000).toFixed(1)} s] ${step}\n`);
};

const fabric = await Fabric.create(JSON.parse(process.argv[2] ?? '{}') as FabricSpec, progress);
try {
  await waitUntilConverged(fabric, progress, 40_000);
  const rows: Record<string, string[]> = {};
  for (const leaf of fabric.plan.leaves) rows[leaf.name] = await fabric.installedRows(leaf.name);
  process.stdout.write(JSON.stringify(rows));
} finally {
  await fabric.remove();
}
