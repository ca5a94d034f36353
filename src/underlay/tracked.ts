import type { Hop } from '../dataplane/index.js';
import { compareIp, type Ip, isWithin, type PrefixKey, prefixAddress, prefixLength } from '../types/index.js';
import type { NextHop } from './reach.js';

/**
 * Why a next hop is of no use. `no-route`: nothing leads there; `default-route`: the default route alone, which does not count;
 * `discarded`: a blackhole route or the like; `loop`: only routes that are reached by it themselves; `too-deep`: over more
 * BGP routes than are followed.
 */
export type Unreachable =
  | 'martian'
  | 'our-own-address'
  | 'no-route'
  | 'default-route'
  | 'discarded'
  | 'loop'
  | 'too-deep';

/** By what a next hop is reached: a network of the machine's, a route of another program's, or one of BGP's. */
export interface Resolver {
  readonly kind: 'connected' | 'kernel' | 'bgp';
  /** Undefined for the link of a link-local address. */
  readonly prefix: PrefixKey | undefined;
}

/** How a next hop is reached. */
export interface Resolution {
  /** Neighbors on links; none where it is not reached. */
  readonly hops: readonly Hop[];
  readonly why: Unreachable | undefined;
  readonly by: Resolver | undefined;
  /** Over how many BGP routes, one behind the other. */
  readonly depth: number;
}

/** A next hop that is known, and what its resolution depends on. */
export class TrackedNextHop {
  /** How many want to hear of it. */
  holds = 0;
  /** Its neighbor goes, and its routes with it: it is used where there is no other alone. */
  isLeaving = false;
  resolution: Resolution | undefined;
  /** The resolution that was told last. */
  told: Resolution | undefined;
  /** Routes with shorter prefixes than this were not looked at. */
  least = 0;
  /** Other next hops on which the resolution depends, and those that depend on this one. */
  uses: ReadonlySet<TrackedNextHop> = new Set();
  readonly usedBy = new Set<TrackedNextHop>();

  constructor(
    readonly key: Ip | string,
    readonly nextHop: NextHop,
  ) {}

  /** The next hop is reached like this from now on. */
  settle(resolution: Resolution, least: number, uses: ReadonlySet<TrackedNextHop>): void {
    for (const each of this.uses) if (!uses.has(each)) each.usedBy.delete(this);
    for (const each of uses) each.usedBy.add(this);
    this.uses = uses;
    this.least = least;
    this.resolution = resolution;
  }
}

const NONE: readonly TrackedNextHop[] = [];

/** Next hops in the order of their addresses, so that those within a prefix are found without a look at the others. */
export class ByAddress {
  readonly #sorted: TrackedNextHop[] = [];

  add(tracked: TrackedNextHop): void {
    this.#sorted.splice(this.#first(tracked.nextHop.ip), 0, tracked);
  }

  remove(tracked: TrackedNextHop): void {
    const at = this.#sorted.indexOf(tracked, this.#first(tracked.nextHop.ip));
    if (at >= 0) this.#sorted.splice(at, 1);
  }

  /** Those within the prefix: mostly none, as is asked for each route that comes and goes. */
  within(prefix: PrefixKey): readonly TrackedNextHop[] {
    const sorted = this.#sorted;
    const address = prefixAddress(prefix);
    const length = prefixLength(prefix);
    const first = this.#first(address);
    let end = first;
    while (end < sorted.length && isWithin(sorted[end].nextHop.ip, address, length)) end++;
    return end === first ? NONE : sorted.slice(first, end);
  }

  /** The place of the first whose address is not before this one. */
  #first(ip: Ip): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIp(this.#sorted[middle].nextHop.ip, ip) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** True where both lead over the same neighbors. */
export function sameResolution(a: Resolution | undefined, b: Resolution): boolean {
  return (
    a !== undefined &&
    a.why === b.why &&
    a.hops.length === b.hops.length &&
    a.hops.every((hop) => b.hops.some((other) => isSameHop(hop, other)))
  );
}

export function isSameHop(a: Hop, b: Hop): boolean {
  return a.ifindex === b.ifindex && a.gateway === b.gateway;
}
