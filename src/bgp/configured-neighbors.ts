import { neighborName } from './address.js';
import type { NeighborConfig, SpeakerConfig } from './config.js';
import type { LocalInterface } from './connected.js';
import { withSource } from './update-source.js';

/**
 * The neighbors of a configuration by what names them, with the addresses that the interfaces of their sessions have now. Throws
 * ParseError for an address that is none, Error for one that is there twice.
 */
export function configuredNeighbors(
  { neighbors }: SpeakerConfig,
  interfaces: readonly LocalInterface[],
): Map<string, NeighborConfig> {
  const configured = new Map<string, NeighborConfig>();
  for (const neighbor of neighbors) {
    const address = neighborName(neighbor);
    if (configured.has(address)) throw new Error(`neighbor ${address} is configured twice; remove one`);
    configured.set(address, withSource({ ...neighbor, address }, interfaces));
  }
  return configured;
}
