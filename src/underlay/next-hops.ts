import { nextHopAddress, nextHopZone, type Path } from '../bgp/index.js';
import type { Hop, HopGroup, KernelRoutes } from '../dataplane/index.js';
import { type Clock, compareIp, formatIp, type Ip, type PrefixKey, type Timer } from '../types/index.js';
import type { Prefix } from '../wire/index.js';
import type { NextHopTable } from './next-hop-table.js';
import { keyOf, type NextHop, nextHopOf } from './reach.js';
import { isSameHop, type Unreachable } from './tracked.js';

/** A set of BGP next hops that some routes have in common, and the group of the kernel's that it is. */
export interface NextHops {
  readonly key: string;
  readonly nextHops: readonly NextHop[];
  /** Other sets that lead over the same hops now may have it too. */
  group: HopGroup;
  /** Of the next hops, those that are of no use now. */
  unreachable: readonly { readonly nextHop: NextHop; readonly why: Unreachable }[];
  routes: number;
  /** To which the latest route with the set leads, or led. */
  latest: PrefixKey | undefined;
}

/** Sets without a route that are kept, for so many milliseconds: while a table comes or goes, routes have the same sets again and again. */
const MOST_SPARE = 64;
const SPARE_MS = 1_000;

/** Sets that were asked for last, each with its next hops as they were asked for. */
const RECENT = 4;

/**
 * The sets of BGP next hops, each of which is resolved once for all routes that have it. Sets that lead over the same hops have
 * one group: where all routes of a set lose one of its next hops, they lead where they should as soon as the group does, and
 * none of them is written.
 */
export class NextHopSets {
  readonly #sets = new Map<string, NextHops>();
  #recent: { readonly nextHops: readonly NextHop[]; readonly set: NextHops }[] = [];
  /** Of each group the sets that have it. */
  readonly #users = new Map<HopGroup, Set<NextHops>>();
  /** Groups by their hops. */
  readonly #byHops = new Map<string, HopGroup>();
  /** Groups to which routes may lead of sets that have another one by now. */
  readonly #left = new Set<HopGroup>();
  /** Of each next hop the sets that have it. */
  readonly #having = new Map<Ip | string, Set<NextHops>>();
  readonly #spare = new Set<NextHops>();
  #spareTimer: Timer | undefined;

  constructor(
    readonly routes: Pick<KernelRoutes, 'addGroup' | 'changeGroup' | 'removeGroup'>,
    readonly table: NextHopTable,
    readonly clock: Clock,
  ) {}

  /** Called when routes have got a set that leads nowhere. */
  onDeadEnd: ((set: NextHops) => void) | undefined;

  /** Called when sets have got other groups than their routes lead to: all are to be looked at again, and then `looked` is due. */
  onMoved: (() => void) | undefined;

  get size(): number {
    return this.#sets.size - this.#spare.size;
  }

  /** Those that routes have. */
  *values(): Iterable<NextHops> {
    for (const set of this.#sets.values()) if (set.routes > 0) yield set;
  }

  /** The set of the next hops of these paths, one or more, one route more of which has it: that to `prefix`. */
  hold(paths: readonly Path<Prefix>[], prefix: PrefixKey): NextHops {
    const set = this.#recentOf(paths) ?? this.#setOf(paths.map(nextHopOf));
    set.latest = prefix;
    if (set.routes++ === 0) {
      this.#spare.delete(set);
      if (set.group.hops.length === 0) this.onDeadEnd?.(set);
    }
    return set;
  }

  /** One route fewer has the set. */
  release(set: NextHops): void {
    if (--set.routes > 0) return;
    if (this.#spare.size === MOST_SPARE) {
      this.#drop(set);
      return;
    }
    this.#spare.add(set);
    this.#spareTimer ??= this.clock.after(SPARE_MS, () => this.#dropSpare());
  }

  close(): void {
    this.#spareTimer?.cancel();
  }

  #dropSpare(): void {
    this.#spareTimer?.cancel();
    this.#spareTimer = undefined;
    for (const set of this.#spare) this.#drop(set);
    this.#spare.clear();
  }

  #drop(set: NextHops): void {
    this.#sets.delete(set.key);
    this.#leave(set);
    for (const nextHop of set.nextHops) {
      const key = keyOf(nextHop);
      const having = this.#having.get(key);
      having?.delete(set);
      if (having?.size === 0) this.#having.delete(key);
      this.table.release(nextHop);
    }
  }

  /** The sets that have the next hop. */
  having(nextHop: NextHop): Iterable<NextHops> {
    return this.#having.get(keyOf(nextHop)) ?? [];
  }

  /** These next hops are reached otherwise than before: the sets that have one lead elsewhere, and no other is looked at. */
  changed(nextHops: Iterable<NextHop>): void {
    // A set that no route has would keep a group of its own over the hops that others come to have: their routes would be written again
    this.#dropSpare();
    const groups = new Set<HopGroup>();
    for (const nextHop of nextHops) for (const { group } of this.having(nextHop)) groups.add(group);
    this.#resolveAnew(groups);
  }

  /** Every route has been looked at since the sets got their groups. */
  looked(): void {
    for (const group of this.#left) if (!this.#users.has(group)) this.routes.removeGroup(group);
    this.#left.clear();
  }

  /** Most routes in a row have one of a few sets: these are found without garbage. */
  #recentOf(paths: readonly Path<Prefix>[]): NextHops | undefined {
    for (const { nextHops, set } of this.#recent)
      if (isOf(paths, nextHops) && this.#sets.get(set.key) === set) return set;
    return undefined;
  }

  #setOf(nextHops: readonly NextHop[]): NextHops {
    const sorted = [...nextHops].sort(compareNextHops);
    const key = sorted.map(({ ip, zone }) => `${ip}%${zone}`).join(' ');
    let set = this.#sets.get(key);
    if (!set) {
      for (const nextHop of sorted) this.table.hold(nextHop);
      const { hops, unreachable } = this.table.hopsOf(sorted);
      set = { key, nextHops: sorted, group: this.#groupOf(hops), unreachable, routes: 0, latest: undefined };
      this.#sets.set(key, set);
      this.#join(set);
      for (const nextHop of sorted) {
        const having = this.#having.get(keyOf(nextHop));
        if (having) having.add(set);
        else this.#having.set(keyOf(nextHop), new Set([set]));
      }
    }
    this.#recent = [{ nextHops, set }, ...this.#recent.slice(0, RECENT - 1)];
    return set;
  }

  #resolveAnew(groups: Iterable<HopGroup>): void {
    let moved = false;
    for (const group of groups) {
      const users = this.#users.get(group) ?? [];
      const ways = new Map<
        string,
        { readonly hops: readonly Hop[]; readonly sets: NextHops[]; routes: number }
      >();
      for (const set of users) {
        const { hops, unreachable } = this.table.hopsOf(set.nextHops);
        set.unreachable = unreachable;
        const key = keyOfHops(hops);
        const way = ways.get(key) ?? { hops, sets: [], routes: 0 };
        ways.set(key, way);
        way.sets.push(set);
        way.routes += set.routes;
      }
      const [most, ...others] = [...ways.values()].sort((a, b) => b.routes - a.routes);
      if (!most) continue;
      this.#change(group, most.hops);
      for (const { hops, sets } of others) {
        moved = true;
        this.#left.add(group);
        for (const set of sets) {
          this.#leave(set);
          set.group = this.#groupOf(hops);
          this.#join(set);
        }
      }
    }
    if (moved) this.onMoved?.();
  }

  #change(group: HopGroup, hops: readonly Hop[]): void {
    if (sameHops(hops, group.hops)) return;
    this.#forget(group);
    this.routes.changeGroup(group, hops);
    this.#note(group);
  }

  /** A group of these hops; one that leads nowhere is a set's own, since its routes are none until it leads somewhere. */
  #groupOf(hops: readonly Hop[]): HopGroup {
    const known = hops.length === 0 ? undefined : this.#byHops.get(keyOfHops(hops));
    if (known) return known;
    const group = this.routes.addGroup(hops);
    this.#note(group);
    return group;
  }

  #join(set: NextHops): void {
    const users = this.#users.get(set.group);
    if (users) users.add(set);
    else this.#users.set(set.group, new Set([set]));
  }

  #leave(set: NextHops): void {
    const { group } = set;
    const users = this.#users.get(group);
    users?.delete(set);
    if (users === undefined || users.size > 0) return;
    this.#users.delete(group);
    this.#forget(group);
    if (!this.#left.has(group)) this.routes.removeGroup(group);
  }

  #note(group: HopGroup): void {
    if (group.hops.length > 0) this.#byHops.set(keyOfHops(group.hops), group);
  }

  #forget(group: HopGroup): void {
    const key = keyOfHops(group.hops);
    if (this.#byHops.get(key) === group) this.#byHops.delete(key);
  }
}

/** A next hop as people write it. */
export function formatNextHop({ ip, zone }: NextHop): string {
  return zone === '' ? formatIp(ip) : `${formatIp(ip)}%${zone}`;
}

/** True where the paths have these next hops, in this order. */
function isOf(paths: readonly Path<Prefix>[], nextHops: readonly NextHop[]): boolean {
  if (paths.length !== nextHops.length) return false;
  for (let n = 0; n < paths.length; n++)
    if (nextHopAddress(paths[n]) !== nextHops[n].ip || nextHopZone(paths[n]) !== nextHops[n].zone)
      return false;
  return true;
}

function compareNextHops(a: NextHop, b: NextHop): number {
  return compareIp(a.ip, b.ip) || (a.zone < b.zone ? -1 : a.zone > b.zone ? 1 : 0);
}

function keyOfHops(hops: readonly Hop[]): string {
  return hops
    .map(({ ifindex, gateway }) => `${ifindex} ${gateway}`)
    .sort()
    .join();
}

function sameHops(a: readonly Hop[], b: readonly Hop[]): boolean {
  return a.length === b.length && a.every((hop) => b.some((other) => isSameHop(hop, other)));
}
