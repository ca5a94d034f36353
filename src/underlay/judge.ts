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

  /** True where all routes are to be looked at again, as they are now; `sets` are those that routes have. */
  takeOutdated(sets: Iterable<NextHops>): boolean {
    if (!this.#isOutdated(sets)) return false;
    this.#before = this.#now;
    this.#refused.clear();
    return true;
  }

  #isOutdated(sets: Iterable<NextHops>): boolean {
    if (this.#refused.size === MOST && this.#before !== this.#now) return true;
    for (const nextHop of this.#refused.values()) if (isReached(this.#now, nextHop)) return true;
    // Routes whose last way has gone may have a worse path that leads somewhere
    for (const { group, nextHops } of sets)
      if (group.hops.length === 0 && nextHops.some((nextHop) => isReached(this.#before, nextHop)))
        return true;
    return false;
  }
}

function isReached(reach: Reach, nextHop: NextHop): boolean {
  return typeof reach.resolve(nextHop) !== 'string';
}
