import type { Rooms } from './api/index.js';
import type { NeighborStatus } from './bgp/index.js';

type Neighbor = Pick<NeighborStatus, 'address' | 'state' | 'shutdown' | 'endOfRibAt'>;

/** How far a start has come. */
export interface Progress {
  readonly kernelKnown: boolean;
  /** The neighbors have sent their routes, or the wait for them has ended. */
  readonly swept: boolean;
  readonly neighbors: readonly Neighbor[];
}

/** Returns whether this leaf is ready, for `/readyz`, and what it waits for. */
export function readinessOf({ kernelKnown, swept, neighbors }: Progress): ReturnType<Rooms['readiness']> {
  const reasons: string[] = [];
  if (!kernelKnown) reasons.push('the kernel is being read');
  const down = neighbors.filter(({ shutdown }) => shutdown !== undefined).length;
  const awaited = awaitedNeighbors(neighbors);
  if (!swept)
    reasons.push(
      awaited.length === 0
        ? 'the first synchronization with the kernel is under way'
        : `waiting for End-of-RIB from ${awaited.join(', ')}${down > 0 ? ` (${down} shut down)` : ''}`,
    );
  if (neighbors.length > 0 && !neighbors.some(({ state }) => state === 'Established'))
    reasons.push(
      `no neighbor has a session (0 of ${neighbors.length}${down > 0 ? `, ${down} shut down` : ''})`,
    );
  return { ready: reasons.length === 0, reasons };
}

/** Returns the addresses of the neighbors that have not sent all their routes yet. */
export function awaitedNeighbors(neighbors: readonly Neighbor[]): string[] {
  return neighbors
    .filter(({ shutdown, endOfRibAt }) => shutdown === undefined && endOfRibAt === undefined)
    .map(({ address }) => address);
}
