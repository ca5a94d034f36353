import type { Hop, OtherRoutes } from '../dataplane/index.js';
import { type Ip, isMartian, needsZone, type PrefixKey, prefixLength, prefixOf } from '../types/index.js';
import { keyOf, type NextHop, type Reach } from './reach.js';
import {
  ByAddress,
  isSameHop,
  type Resolution,
  type Resolver,
  sameResolution,
  TrackedNextHop,
  type Unreachable,
} from './tracked.js';

/** BGP routes over which a next hop is followed, one behind the other. */
const DEEPEST = 8;
/** Next hops that are looked at for one: rings may be looked at from many sides. */
const MOST_STEPS = 256;
/** Next hops without a route that are kept: a neighbor may give any number. */
const MOST_SPARE = 4096;

/** Routes of BGP's, as far as they show how a next hop is reached. */
export interface BgpRoutes {
  /** The lengths of their prefixes of the address's family, the longest first. */
  lengths(ip: Ip): readonly number[];
  /** The next hops of the route to the very prefix; undefined where there is none that is to be installed. */
  nextHopsOf(prefix: PrefixKey): readonly NextHop[] | undefined;
}

/** What a next hop is looked up in. */
export interface RouteSources {
  readonly others: Pick<OtherRoutes, 'at' | 'lengths'>;
  readonly bgp: BgpRoutes;
  /** The metric of our routes: the kernel takes the lower one of two to a prefix. */
  readonly metric: number;
}

interface Visit {
  readonly tracked: TrackedNextHop;
  readonly uses: Set<TrackedNextHop>;
}

/**
 * How BGP next hops are reached (RFC 4271 §5.1.3, §9.1.2.1): by the longest match over the networks that the machine is in, routes of other
 * programs in the main table, and routes of BGP, whose own next hops are followed. A route through which a next hop would
 * be reached by itself, directly or in a ring, is passed over for the next shorter one, as is one that leads nowhere: that is the way
 * which packets take without it. Each next hop is resolved once, and again when something changes that it depends on.
 */
export class NextHopTable {
  readonly #known = new Map<Ip | string, TrackedNextHop>();
  readonly #sorted = new ByAddress();
  #spare = 0;
  readonly #changed = new Set<TrackedNextHop>();
  /** Those that are being resolved, each for the one before. */
  readonly #visits: Visit[] = [];
  /** The lowest of the visits that was met again: what was found above it holds for it alone. */
  #metAgain = Number.POSITIVE_INFINITY;
  #steps = 0;

  constructor(
    private reach: Reach,
    readonly sources: RouteSources,
    private viaDefault: boolean,
  ) {}

  /** Called when next hops may be reached otherwise: `tell` is due. */
  onStale: (() => void) | undefined;

  /** Returns how the next hop is reached now. */
  resolve(nextHop: NextHop): Resolution {
    return this.#resolutionOf(this.#track(nextHop));
  }

  /** True for a next hop of which it is known that it is reached now; false also where that is still to be found out. */
  isReached(ip: Ip, zone: string): boolean {
    const resolution = this.#known.get(zone === '' ? ip : keyOf({ ip, zone }))?.resolution;
    return resolution !== undefined && resolution.why === undefined;
  }

  /** The next hop is of interest until it is released as often: `tell` names it when it is reached otherwise. */
  hold(nextHop: NextHop): void {
    const tracked = this.#track(nextHop);
    if (tracked.holds++ === 0) this.#spare--;
    tracked.told ??= this.#resolutionOf(tracked);
  }

  release(nextHop: NextHop): void {
    const tracked = this.#known.get(keyOf(nextHop));
    if (tracked && --tracked.holds === 0) this.#spare++;
  }

  /** The neighbors over which some next hops are reached together, and which of those are not reached. */
  hopsOf(nextHops: readonly NextHop[]): {
    readonly hops: readonly Hop[];
    readonly unreachable: readonly { readonly nextHop: NextHop; readonly why: Unreachable }[];
  } {
    const unreachable: { nextHop: NextHop; why: Unreachable }[] = [];
    const sum = new Sum();
    for (const nextHop of nextHops) {
      const tracked = this.#track(nextHop);
      const resolution = this.#resolutionOf(tracked);
      if (resolution.why !== undefined) unreachable.push({ nextHop, why: resolution.why });
      sum.add(resolution, tracked.isLeaving);
    }
    return { hops: sum.hops, unreachable };
  }

  /** Whether whoever is this next hop is about to go: it is used where there is no other alone. */
  setLeaving(nextHop: NextHop, isLeaving: boolean): void {
    const tracked = this.#track(nextHop);
    if (tracked.isLeaving === isLeaving) return;
    tracked.isLeaving = isLeaving;
    this.#forgetUsers(tracked);
  }

  /** Devices or their networks are others now. */
  reachChanged(reach: Reach): void {
    this.reach = reach;
    this.#forgetAll();
  }

  /** Whether the default route counts. */
  set resolvesViaDefault(viaDefault: boolean) {
    if (viaDefault === this.viaDefault) return;
    this.viaDefault = viaDefault;
    this.#forgetAll();
  }

  /** A route of BGP's or of another program's to the prefix came, went or leads elsewhere. */
  routeChanged(prefix: PrefixKey): void {
    const length = prefixLength(prefix);
    for (const tracked of this.#sorted.within(prefix))
      if (tracked.resolution === undefined || tracked.least <= length) this.#forget(tracked);
  }

  /** Returns those of the next hops held that are reached otherwise than when they were told last, with how they were. */
  tell(): { readonly nextHop: NextHop; readonly before: Resolution; readonly after: Resolution }[] {
    const told: { nextHop: NextHop; before: Resolution; after: Resolution }[] = [];
    for (const tracked of this.#changed) {
      const { told: before, nextHop } = tracked;
      if (tracked.holds === 0 || before === undefined) {
        tracked.told = undefined;
        continue;
      }
      const after = this.#resolutionOf(tracked);
      tracked.told = after;
      if (!sameResolution(before, after)) told.push({ nextHop, before, after });
    }
    this.#changed.clear();
    return told;
  }

  #track(nextHop: NextHop): TrackedNextHop {
    const key = keyOf(nextHop);
    let tracked = this.#known.get(key);
    if (tracked) return tracked;
    if (this.#spare >= MOST_SPARE && this.#visits.length === 0) this.#dropSpare();
    tracked = new TrackedNextHop(key, nextHop);
    this.#known.set(key, tracked);
    this.#spare++;
    if (nextHop.zone === '') this.#sorted.add(tracked);
    return tracked;
  }

  #dropSpare(): void {
    for (const [key, tracked] of this.#known) {
      if (tracked.holds > 0 || tracked.usedBy.size > 0 || tracked.isLeaving) continue;
      for (const each of tracked.uses) each.usedBy.delete(tracked);
      this.#known.delete(key);
      this.#changed.delete(tracked);
      this.#sorted.remove(tracked);
    }
    this.#spare = 0;
    for (const { holds } of this.#known.values()) if (holds === 0) this.#spare++;
  }

  #forgetAll(): void {
    for (const tracked of this.#known.values()) this.#forget(tracked);
  }

  /** How the next hop is reached, and those that depend on it, is to be found anew. */
  #forget(tracked: TrackedNextHop): void {
    tracked.resolution = undefined;
    if (this.#changed.size === 0) this.onStale?.();
    this.#changed.add(tracked);
    this.#forgetUsers(tracked);
  }

  #forgetUsers(tracked: TrackedNextHop): void {
    // What is not resolved has no user by itself: those on the way to it use all that it uses
    for (const user of tracked.usedBy) if (user.resolution) this.#forget(user);
  }

  #resolutionOf(tracked: TrackedNextHop): Resolution {
    if (tracked.resolution) return tracked.resolution;
    this.#steps = 0;
    this.#metAgain = Number.POSITIVE_INFINITY;
    return this.#visit(tracked);
  }

  /** Resolves it as a step on the way to those that are being resolved. */
  #visit(tracked: TrackedNextHop): Resolution {
    const visits = this.#visits;
    const again = visits.findIndex((visit) => visit.tracked === tracked);
    if (again >= 0) {
      this.#metAgain = Math.min(this.#metAgain, again);
      return unreached('loop');
    }
    if (tracked.resolution && !this.#dependsOnVisits(tracked)) return tracked.resolution;
    if (++this.#steps > MOST_STEPS) {
      // What lies deeper from there may not from elsewhere
      this.#metAgain = 0;
      return unreached('too-deep');
    }
    const depth = visits.length;
    const uses = new Set<TrackedNextHop>();
    const metBefore = this.#metAgain;
    this.#metAgain = Number.POSITIVE_INFINITY;
    visits.push({ tracked, uses });
    const { resolution, least } = this.#find(tracked.nextHop, uses);
    visits.pop();
    if (this.#metAgain >= depth) {
      tracked.settle(resolution, least, uses);
      this.#metAgain = metBefore;
    } else {
      const { tracked: user, uses: others } = visits[depth - 1];
      for (const each of uses) if (each !== user) others.add(each);
      this.#metAgain = Math.min(this.#metAgain, metBefore);
    }
    return resolution;
  }

  /** True where it is reached by one of those that are being resolved. */
  #dependsOnVisits(tracked: TrackedNextHop): boolean {
    if (tracked.uses.size === 0) return false;
    const seen = new Set<TrackedNextHop>();
    const left = [tracked];
    for (let next = left.pop(); next !== undefined; next = left.pop())
      for (const used of next.uses) {
        if (this.#visits.some((visit) => visit.tracked === used)) return true;
        if (!seen.has(used)) {
          seen.add(used);
          left.push(used);
        }
      }
    return false;
  }

  #find(nextHop: NextHop, uses: Set<TrackedNextHop>): { resolution: Resolution; least: number } {
    const { ip, zone } = nextHop;
    const { reach } = this;
    if (isMartian(ip)) return { resolution: unreached('martian'), least: 0 };
    if (reach.isOurs(nextHop)) return { resolution: unreached('our-own-address'), least: 0 };
    if (needsZone(ip)) {
      const ifindex = reach.deviceOf(zone);
      const hops = ifindex === undefined ? undefined : [{ ifindex, gateway: ip }];
      return {
        resolution: hops ? reached(hops, 'connected', undefined) : unreached('no-route'),
        least: 0,
      };
    }
    let why: Unreachable = 'no-route';
    for (const length of this.#lengths(ip)) {
      if (length === 0 && !this.viaDefault) {
        if (why === 'no-route') why = 'default-route';
        continue;
      }
      const found = this.#at(nextHop, prefixOf(ip, length), uses);
      if (found === undefined) continue;
      if (found.why === undefined || found.why === 'discarded') return { resolution: found, least: length };
      if (why === 'no-route') why = found.why;
    }
    return { resolution: unreached(why), least: 0 };
  }

  /** What the kernel would take for the very prefix, the lowest metric first; undefined where there is nothing. */
  #at({ ip }: NextHop, prefix: PrefixKey, uses: Set<TrackedNextHop>): Resolution | undefined {
    const { reach, sources } = this;
    const network = reach.networkOf(prefix);
    if (network !== undefined) return reached([{ ifindex: network, gateway: ip }], 'connected', prefix);
    let bgp: Resolution | undefined;
    let isAsked = false;
    for (const { metric, ways } of sources.others.at(prefix)) {
      if (metric > sources.metric && !isAsked) {
        isAsked = true;
        bgp = this.#atBgp(prefix, uses);
        if (bgp && bgp.why === undefined) return bgp;
      }
      if (ways.length === 0) return unreached('discarded');
      const hops: Hop[] = [];
      for (const { ifindex, gateway } of ways)
        if (reach.isRunning(ifindex)) hops.push({ ifindex, gateway: gateway ?? ip });
      if (hops.length > 0) return reached(hops, 'kernel', prefix);
    }
    return isAsked ? bgp : this.#atBgp(prefix, uses);
  }

  #atBgp(prefix: PrefixKey, uses: Set<TrackedNextHop>): Resolution | undefined {
    const nextHops = this.sources.bgp.nextHopsOf(prefix);
    if (nextHops === undefined) return undefined;
    const sum = new Sum();
    for (const nextHop of nextHops) {
      const tracked = this.#track(nextHop);
      if (this.#visits.at(-1)?.tracked !== tracked) uses.add(tracked);
      const found = this.#visit(tracked);
      sum.add(found.depth < DEEPEST ? found : unreached('too-deep'), tracked.isLeaving);
    }
    const { hops, depth } = sum;
    return hops.length > 0 ? reached(hops, 'bgp', prefix, depth + 1) : unreached(sum.why);
  }

  /** The lengths of all prefixes that may hold the address, the longest first. */
  #lengths(ip: Ip): readonly number[] {
    const { others, bgp } = this.sources;
    const lists = [this.reach.lengths(ip), others.lengths(ip), bgp.lengths(ip)].filter(
      (list) => list.length > 0,
    );
    if (lists.length < 2) return lists[0] ?? [];
    return [...new Set(lists.flat())].sort((a, b) => b - a);
  }
}

/** Over which neighbors several next hops are reached together. */
class Sum {
  readonly #hops: Hop[] = [];
  /** Those whose neighbor is about to go. */
  readonly #leaving: Hop[] = [];
  depth = 0;
  why: Unreachable = 'no-route';

  add({ hops, why, depth }: Resolution, isLeaving: boolean): void {
    const into = isLeaving ? this.#leaving : this.#hops;
    for (const hop of hops) if (!into.some((each) => isSameHop(each, hop))) into.push(hop);
    if (why !== undefined) this.why = why;
    else this.depth = Math.max(this.depth, depth);
  }

  get hops(): readonly Hop[] {
    return this.#hops.length > 0 ? this.#hops : this.#leaving;
  }
}

function reached(
  hops: readonly Hop[],
  kind: Resolver['kind'],
  prefix: PrefixKey | undefined,
  depth = 0,
): Resolution {
  return { hops, why: undefined, by: { kind, prefix }, depth };
}

function unreached(why: Unreachable): Resolution {
  return { hops: [], why, by: undefined, depth: 0 };
}
