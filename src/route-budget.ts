import { memoryOfLimits } from './bgp/index.js';
import type { NeighborConfig } from './config/index.js';
import { mebibytes } from './types/index.js';

/** A problem of the leaf, as the API shows it. */
interface RouteBudgetProblem {
  readonly severity: 'info';
  readonly problem: string;
  readonly fix: string;
}

/**
 * What the neighbors may have by their limits may be more than the memory for routes holds: then it is not the limits that
 * end a session, but the lack of memory, and of the neighbor with the most. One without a limit counts as one with nothing.
 */
export function routeBudgetProblem(
  neighbors: readonly Pick<NeighborConfig, 'maxRoutes' | 'maxOctets'>[],
  /** Octets of the heap. */
  routeMemory: number,
): RouteBudgetProblem | undefined {
  const wanted = neighbors.reduce((sum, neighbor) => sum + memoryOfLimits(neighbor), 0);
  if (wanted <= routeMemory) return undefined;
  return {
    severity: 'info',
    problem: `by max-routes and max-octets the neighbors may have routes of ${mebibytes(wanted)} MiB, and this process has ${mebibytes(routeMemory)} MiB for them: beyond that it ends the session of the neighbor with the most`,
    fix: 'lower max-routes or max-octets of the neighbors, or give evpnd more memory: MemoryHigh= and MemoryMax= of its unit, or --max-old-space-size in NODE_OPTIONS',
  };
}
