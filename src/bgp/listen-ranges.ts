import { formatPrefix, longestMatch } from '../types/index.js';
import { addressOf } from './address.js';
import type { ListenRange, NeighborConfig } from './config.js';

/**
 * The settings of a neighbor at `address`, canonical, by the range of the longest prefix that holds it, and that range's
 * limit; undefined where none does. Such a neighbor is never connected to.
 */
export function inListenRange(
  ranges: readonly ListenRange[],
  address: string,
  /** By which it comes. */
  device: string | undefined,
): { readonly config: NeighborConfig; readonly limit: number } | undefined {
  const here = ranges.filter(({ neighbor }) => neighbor.device === device);
  const range = longestMatch(here, addressOf(address));
  if (range === undefined) return undefined;
  const { neighbor, prefix, limit } = range;
  return {
    config: { ...neighbor, address, passive: true, listenRange: formatPrefix(prefix) },
    limit,
  };
}
