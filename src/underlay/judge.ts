import type { Path } from '../bgp/index.js';
import type { Ip } from '../types/index.js';
import type { Prefix } from '../wire/index.js';
import type { NextHops } from './next-hops.js';
import { keyOf, type NextHop, nextHopOf, type Reach } from './reach.js';

/** Refused next hops that are remembered; of more, whatever changes may concern one. */
const MOST = 4096;

/**
 * Says which paths lead somewhere (RFC 4271 §9.1.2.1). What is lost counts only when all routes are looked at again: where a link
 * goes that routes have others beside, their group of nexthops does without it, and nothing need be decided anew.
 */
export class PathJudge {
  /** Next hops that led nowhere. */
  readonly #refused = new Map<Ip | string, NextHop>();
  /** As it was when all routes were looked at last. */
  #before: Reach;
  #now: Reach;

  constructor(reach: Reach) {
    this.#before = reach;
    this.#now = reach;
  }

  readonly usable = (path: Path<Prefix>): boolean => {
    const nextHop = nextHopOf(path);
    if (isReached(this.#now, nextHop) || isReached(this.#before, nextHop)) return true;
    if (this.#refused.size < MOST) this.#refused.set(keyOf(nextHop), nextHop);
    return false;
  };

  /** The networks are others now. */
  reachChanged(reach: Reach): void {
    this.#now = reach;
  }

  /** All routes are looked at again, as the networks are now. */
  renew(): void {
    this.#before = this.#now;
    this.#refused.clear();
  }

  /** True where other choices may follow from the networks as they are now; `sets` are those that routes have. */
  isOutdated(sets: Iterable<NextHops>): boolean {
    if (this.#before === this.#now) return false;
    if (this.#refused.size === MOST) return true;
    for (const nextHop of this.#refused.values()) if (isReached(this.#now, nextHop)) return true;
    for (const set of sets) if (this.isMisjudged(set)) return true;
    return false;
  }

  /** True where the set leads nowhere any more: its routes may have worse paths that do. */
  isMisjudged({ group, nextHops }: Pick<NextHops, 'group' | 'nextHops'>): boolean {
    if (this.#before === this.#now || group.hops.length > 0) return false;
    return nextHops.some((nextHop) => isReached(this.#before, nextHop));
  }
}

function isReached(reach: Reach, nextHop: NextHop): boolean {
  return typeof reach.resolve(nextHop) !== 'string';
}
