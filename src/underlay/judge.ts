import { nextHopAddress, nextHopZone, type Path } from '../bgp/index.js';
import type { Ip } from '../types/index.js';
import type { Prefix } from '../wire/index.js';
import type { NextHopTable } from './next-hop-table.js';
import type { NextHops } from './next-hops.js';
import { keyOf, type NextHop, nextHopOf } from './reach.js';
import type { Resolution } from './tracked.js';

/** Next hops that were refused, or lost, that are remembered; of more, whatever changes may concern one. */
const MOST = 4096;

/**
 * Says which paths lead somewhere (RFC 4271 §9.1.2.1). What is lost counts only when all routes are looked at again: where a next hop
 * goes that routes have others beside, their group of nexthops does without it, and nothing need be decided anew.
 */
export class PathJudge {
  /** Next hops that led nowhere. */
  readonly #refused = new Map<Ip | string, NextHop>();
  /** Those that led somewhere, and do no more. */
  readonly #lost = new Set<Ip | string>();

  constructor(readonly table: NextHopTable) {}

  readonly usable = (path: Path<Prefix>): boolean => {
    // What is asked several times for each path is mostly answered without garbage
    if (this.table.isReached(nextHopAddress(path), nextHopZone(path))) return true;
    const nextHop = nextHopOf(path);
    if (this.table.resolve(nextHop).why === undefined) return true;
    const key = keyOf(nextHop);
    if (this.#lost.has(key)) return true;
    if (!this.isOverwhelmed && !this.#refused.has(key)) {
      this.#refused.set(key, nextHop);
      this.table.hold(nextHop);
    }
    return false;
  };

  /** The next hop is reached otherwise than before. True where other choices may follow. */
  changed(nextHop: NextHop, before: Resolution, after: Resolution): boolean {
    const key = keyOf(nextHop);
    if (after.why === undefined) {
      this.#lost.delete(key);
      return before.why !== undefined && this.#refused.has(key);
    }
    if (before.why === undefined && this.#lost.size < MOST) this.#lost.add(key);
    return false;
  }

  /** True where more next hops lead nowhere than are remembered: a change may concern one of the others. */
  get isOverwhelmed(): boolean {
    return this.#refused.size === MOST;
  }

  /** All routes are looked at again, as the next hops are now. */
  renew(): void {
    for (const nextHop of this.#refused.values()) this.table.release(nextHop);
    this.#refused.clear();
    this.#lost.clear();
  }

  /** True where the set leads nowhere any more: its routes may have worse paths that do. */
  isMisjudged({ group, nextHops }: Pick<NextHops, 'group' | 'nextHops'>): boolean {
    return group.hops.length === 0 && nextHops.some((nextHop) => this.#lost.has(keyOf(nextHop)));
  }
}
