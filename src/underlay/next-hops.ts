import type { Hop, HopGroup, KernelRoutes } from '../dataplane/index.js';
import { compareIp, formatIp } from '../types/index.js';
import type { NextHop, Reach, Unreachable } from './reach.js';

/** A set of BGP next hops that some routes have in common, and the group of the kernel's that it is. */
export interface NextHops {
  readonly key: string;
  readonly nextHops: readonly NextHop[];
  readonly group: HopGroup;
  /** Of the next hops, those that are of no use now. */
  unreachable: readonly { readonly nextHop: NextHop; readonly why: Unreachable }[];
  routes: number;
}

/** The sets of BGP next hops, each of which is resolved once for all routes that have it. */
export class NextHopSets {
  readonly #sets = new Map<string, NextHops>();

  constructor(
    readonly routes: KernelRoutes,
    public reach: Reach,
  ) {}

  /** Called when routes have got a set that leads nowhere. */
  onDeadEnd: ((set: NextHops) => void) | undefined;

  get size(): number {
    return this.#sets.size;
  }

  values(): Iterable<NextHops> {
    return this.#sets.values();
  }

  /** The set of these next hops, one route more of which has it. */
  hold(nextHops: readonly NextHop[]): NextHops {
    const sorted = [...nextHops].sort(compareNextHops);
    const key = sorted.map(({ ip, zone }) => `${ip}%${zone}`).join(' ');
    let set = this.#sets.get(key);
    if (!set) {
      const { hops, unreachable } = this.#resolve(sorted);
      set = { key, nextHops: sorted, group: this.routes.addGroup(hops), unreachable, routes: 0 };
      this.#sets.set(key, set);
      if (hops.length === 0) this.onDeadEnd?.(set);
    }
    set.routes++;
    return set;
  }

  /** One route fewer has the set. */
  release(set: NextHops): void {
    if (--set.routes > 0) return;
    this.#sets.delete(set.key);
    this.routes.removeGroup(set.group);
  }

  /** Resolves all sets anew. */
  reachChanged(reach: Reach): void {
    this.reach = reach;
    for (const set of this.#sets.values()) {
      const { hops, unreachable } = this.#resolve(set.nextHops);
      set.unreachable = unreachable;
      if (!sameHops(hops, set.group.hops)) this.routes.changeGroup(set.group, hops);
    }
  }

  #resolve(nextHops: readonly NextHop[]): Pick<NextHops, 'unreachable'> & { hops: Hop[] } {
    const hops: Hop[] = [];
    const unreachable: { nextHop: NextHop; why: Unreachable }[] = [];
    for (const nextHop of nextHops) {
      const found = this.reach.resolve(nextHop);
      if (typeof found === 'string') unreachable.push({ nextHop, why: found });
      else if (!hops.some((hop) => isSame(hop, found))) hops.push(found);
    }
    return { hops, unreachable };
  }
}

/** A next hop as people write it. */
export function formatNextHop({ ip, zone }: NextHop): string {
  return zone === '' ? formatIp(ip) : `${formatIp(ip)}%${zone}`;
}

function compareNextHops(a: NextHop, b: NextHop): number {
  return compareIp(a.ip, b.ip) || (a.zone < b.zone ? -1 : a.zone > b.zone ? 1 : 0);
}

function isSame(a: Hop, b: Hop): boolean {
  return a.ifindex === b.ifindex && a.gateway === b.gateway;
}

function sameHops(a: readonly Hop[], b: readonly Hop[]): boolean {
  return a.length === b.length && a.every((hop) => b.some((other) => isSame(hop, other)));
}
