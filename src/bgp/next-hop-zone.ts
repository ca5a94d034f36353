import { needsZone } from '../types/index.js';
import type { Route } from '../wire/index.js';
import { zoneOf } from './address.js';
import { nextHopAddress, type Path, type PathSource, sourceAddress } from './route.js';

/**
 * The device on which the path's next hop is, by name, where its address does not show it: the neighbor's zone for a
 * link-local next hop (RFC 4007 §6); else empty.
 */
export function nextHopZone(path: Pick<Path<Route>, 'attributes' | 'source'>): string {
  return needsZone(nextHopAddress(path)) ? zoneOf(sourceAddress(path.source)) : '';
}

/** True where the next hop of this path would be on another device if `before` had sent it. */
export function isOnOtherLink(path: Pick<Path<Route>, 'attributes' | 'source'>, before: PathSource): boolean {
  const { source } = path;
  if (source === before || !needsZone(nextHopAddress(path))) return false;
  return zoneOf(sourceAddress(source)) !== zoneOf(sourceAddress(before));
}
