import { needsZone } from '../types/index.js';
import type { Route } from '../wire/index.js';
import { zoneOf } from './address.js';
import type { Path, PathSource } from './route.js';

/**
 * The device on which the path's next hop is, by name, where its address does not say so: the neighbor's zone for a
 * link-local next hop (RFC 4007 §6); else empty.
 */
export function nextHopZone({ attributes, source }: Pick<Path<Route>, 'attributes' | 'source'>): string {
  return needsZone(attributes.nextHop) ? zoneOf(source.neighbor) : '';
}

/** True where the next hop of this path would be on another device if `before` had sent it. */
export function isOnOtherLink(path: Pick<Path<Route>, 'attributes' | 'source'>, before: PathSource): boolean {
  const { attributes, source } = path;
  return (
    source !== before && needsZone(attributes.nextHop) && zoneOf(source.neighbor) !== zoneOf(before.neighbor)
  );
}
