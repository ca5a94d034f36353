import type { Clock } from '../types/index.js';
import {
  type AnyFamily,
  type Family,
  NO_LLGR,
  type PathAttributes,
  type Route,
  type Update,
} from '../wire/index.js';
import {
  type DecisionSettings,
  decide,
  decideSeveral,
  type MultipathDecision,
  type Usable,
} from './decision.js';
import { Arrival, type RibDestination, type RibPath } from './destination.js';
import { hold, release } from './holdings.js';
import { asReceived, isRejected } from './import-policy.js';
import { type InboundPolicy, NO_POLICY, noRefusals, type RefusalReason, whyRefused } from './inbound.js';
import { LatestPair, type RibRules } from './latest-pair.js';
import {
  type NeighborRouteCounts,
  NeighborRoutes,
  NO_COUNTS,
  type OlderStale,
  type OnRefused,
} from './neighbor-routes.js';
import { isOnOtherLink } from './next-hop-zone.js';
import type { RibReader } from './rib-reader.js';
import { RibReaders } from './rib-readers.js';
import type { Routes } from './rib-routes.js';
import type { Destination, Path, PathSource } from './route.js';
import { memoryOf } from './route-limits.js';
import { Sweeps, type Swept } from './sweeps.js';
import type { RouteTable } from './table.js';

/** Who we are, for loop detection. */
export interface RibIdentity {
  readonly asn: number;
  /** Unsigned 32 bits; also our cluster id. */
  readonly routerId: number;
}

/**
 * The Adj-RIB-In of one family and all neighbors as one table, with the decision process's choice for each destination (RFC 4271
 * §9.1). Its readers are handed what changed as a set of destinations, never as a stream of events: however often a route
 * flaps while nobody looks, it is in the set once, so the memory is bounded by the table.
 */
export class FamilyRib<Nlri extends Route> {
  /** Called when a neighbor is congested no more: readers of sockets may go on. */
  onRelieved: (() => void) | undefined;

  /** Called when the last route with these attributes has gone. */
  onReleased: ((attributes: PathAttributes) => void) | undefined;

  /** Called when the session of a neighbor is over and its routes begin to go; `gone` resolves when they have. */
  onLeaving: ((source: PathSource, gone: Promise<void>) => void) | undefined;

  /** True for a route that this leaf originates: one that comes back is everyday. */
  isOriginated: ((nlri: Nlri) => boolean) | undefined;

  /**
   * Excludes paths from the decision where others are usable; its answer for a path follows from the path and from what
   * changes with `lookAgain` alone.
   */
  get usable(): Usable<Nlri> | undefined {
    return this.#rules.usable;
  }
  set usable(usable: Usable<Nlri> | undefined) {
    this.#rules = { ...this.#rules, usable };
  }

  readonly #latest = new LatestPair();
  #rules: RibRules<Path<Nlri>>;
  readonly #clock: Clock;
  #identity: RibIdentity;
  readonly #routes: Routes<Nlri>;
  readonly #table: RouteTable<Nlri, RibDestination<Nlri>>;
  readonly #neighbors = new Map<string, NeighborRoutes<Nlri>>();
  readonly #readers: RibReaders<Nlri>;
  readonly #sweeps: Sweeps<Nlri>;
  readonly #agings: Sweeps<Nlri>;
  readonly #judgings: Sweeps<Nlri>;
  #memory = 0;

  constructor(clock: Clock, identity: RibIdentity, routes: Routes<Nlri>, decision: DecisionSettings = {}) {
    this.#rules = { ...decision, latest: this.#latest };
    this.#clock = clock;
    this.#identity = identity;
    this.#routes = routes;
    this.#table = routes.table;
    this.#readers = new RibReaders(
      clock,
      routes.table,
      this.#neighbors,
      (destination) => this.#rejudge(destination),
      () => this.onRelieved?.(),
    );
    const sweeps = (take: Swept<Nlri>['take']) =>
      new Sweeps(clock, routes.table, { take, weigh: (neighbor) => this.#weigh(neighbor) });
    this.#sweeps = sweeps((neighbor, destination, path) => this.#removePath(neighbor, destination, path));
    this.#agings = sweeps((neighbor, destination, path) => {
      if (isNotForLong(path.attributes)) this.#removePath(neighbor, destination, path);
      else this.#rejudge(destination);
    });
    this.#judgings = sweeps((neighbor, destination, path) => this.#judge(neighbor, destination, path));
  }

  get family(): Family<Nlri> {
    return this.#routes.family;
  }

  /** To distinguish families. */
  get #anyFamily(): AnyFamily {
    return this.#routes.family as unknown as AnyFamily;
  }

  /** Our AS and router id, from now on; routes that stand are not judged again. */
  setIdentity(identity: RibIdentity): void {
    this.#identity = identity;
  }

  /** Destinations with at least one path, or that some reader has still to take. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * A reader of what changes, which has all that stands to look at again first. Throws RangeError where there are 30 already:
   * what informs others, however many, is one reader.
   */
  subscribe(): RibReader<Nlri> {
    return this.#readers.add();
  }

  /** True while some reader is so far behind with this neighbor's routes that no more should be read from it. */
  isCongested(neighbor: string): boolean {
    const routes = this.#neighbors.get(neighbor);
    return routes !== undefined && this.#readers.isCongested(routes);
  }

  /**
   * Takes in one UPDATE: withdrawals first, then announcements. Routes that loop or that the policy refuses (inbound.ts)
   * are dropped and counted, together with what the neighbor announced before; the reason is returned.
   */
  update(
    source: PathSource,
    update: Update<Nlri>,
    policy: InboundPolicy = NO_POLICY,
  ): RefusalReason | undefined {
    const neighbor = this.#neighborOf(source);
    this.#latest.isWithinUpdate = true;
    try {
      return this.#take(neighbor, source, update, policy);
    } finally {
      this.#latest.isWithinUpdate = false;
      this.#weigh(neighbor);
    }
  }

  #take(
    neighbor: NeighborRoutes<Nlri>,
    source: PathSource,
    update: Update<Nlri>,
    policy: InboundPolicy,
  ): RefusalReason | undefined {
    const { withdrawn, reachable } = update;
    for (let i = 0; i < withdrawn.length; i++) this.#withdraw(neighbor, withdrawn[i]);
    const { attributes } = update;
    if (attributes === undefined) return undefined;
    const { asn, routerId } = this.#identity;
    const refused = whyRefused(attributes, asn, routerId, policy);
    if (refused !== undefined) return this.#refuse(neighbor, refused, attributes, reachable);
    const arrival = this.#arrivalOf(neighbor, source);
    const { routes } = policy;
    for (let i = 0; i < reachable.length; i++) {
      const nlri = reachable[i];
      neighbor.received[nlri.type]++;
      const judged = routes === undefined ? attributes : routes.apply(this.#anyFamily, nlri, attributes);
      this.#announce(neighbor, arrival, judged, nlri);
    }
    return undefined;
  }

  /** The session is over: all the neighbor's routes go, a slice a turn. Resolves when they have gone. */
  neighborDown(source: Pick<PathSource, 'neighbor'>): Promise<void> {
    const neighbor = this.#neighborOf(source);
    neighbor.refreshing = false;
    neighbor.epoch++;
    neighbor.stale = neighbor.held;
    const gone = this.#sweeps.start(neighbor, neighbor.epoch);
    const { arrival, held } = neighbor;
    if (arrival !== undefined && held > 0) this.onLeaving?.(arrival.source, gone);
    return gone;
  }

  /**
   * The neighbor restarts gracefully: its routes stay, as stale. Those that were stale already go (RFC 4724 §4.2), stay as they
   * are (RFC 8538 §4.1), or are kept for long (RFC 9494 §4.2).
   */
  neighborStale(source: Pick<PathSource, 'neighbor'>, older: OlderStale): void {
    const neighbor = this.#neighborOf(source);
    const isUntold = neighbor.refreshing;
    neighbor.refreshing = false;
    neighbor.epoch++;
    neighbor.stale = neighbor.held;
    if (older === 'long-lived') this.#age(neighbor, neighbor.epoch - 1);
    // Routes of an older epoch were left by an earlier restart, or not sent again by a refresh that the session did not live through
    else if (older === 'removed' && !isUntold) this.sweepOlder(source);
  }

  /** Removes what was stale already when the neighbor went last. */
  sweepOlder(source: Pick<PathSource, 'neighbor'>): void {
    const neighbor = this.#neighborOf(source);
    if (neighbor.epoch > 1 && neighbor.held > 0) void this.#sweeps.start(neighbor, neighbor.epoch - 1);
  }

  /**
   * The neighbor begins to send all its routes again (RFC 7313 §4): they stay as they are, and those that it does not send go
   * with `sweepStale`. Where it has begun already it begins anew, and what it has sent since then has to come again.
   */
  neighborRefreshes(source: Pick<PathSource, 'neighbor'>): void {
    const neighbor = this.#neighborOf(source);
    neighbor.refreshing = true;
    neighbor.epoch++;
    neighbor.stale = neighbor.held;
  }

  /** Removes what the neighbor has not announced again since it became stale. Resolves when it has gone. */
  sweepStale(source: Pick<PathSource, 'neighbor'>): Promise<void> {
    const neighbor = this.#neighborOf(source);
    neighbor.refreshing = false;
    return this.#sweeps.start(neighbor, neighbor.epoch);
  }

  /**
   * The neighbor has not come back in time, and what is stale of it stays for long: it is chosen where there is nothing else alone, and
   * goes where its community says so (RFC 9494 §4.2).
   */
  neighborAged(source: Pick<PathSource, 'neighbor'>): void {
    const neighbor = this.#neighborOf(source);
    this.#age(neighbor, neighbor.epoch);
  }

  #age(neighbor: NeighborRoutes<Nlri>, before: number): void {
    neighbor.agedBefore = before;
    void this.#agings.start(neighbor, before);
  }

  /** Another policy counts for the neighbor's routes: those that stand are judged by it as they came, stale or not. */
  judgeAgain(source: Pick<PathSource, 'neighbor'>, policy: InboundPolicy, onRefused?: OnRefused<Nlri>): void {
    const neighbor = this.#neighborOf(source);
    neighbor.inbound = policy;
    neighbor.onRefused = onRefused;
    void this.#judgings.start(neighbor, neighbor.epoch + 1);
  }

  #judge(neighbor: NeighborRoutes<Nlri>, destination: RibDestination<Nlri>, path: RibPath<Nlri>): void {
    const { arrival, attributes, nlri } = path;
    const received = asReceived(attributes);
    const { asn, routerId } = this.#identity;
    const refused = whyRefused(received, asn, routerId, neighbor.inbound);
    if (refused !== undefined) {
      const reason = this.#noteRefusal(neighbor, refused, received, nlri);
      this.#removePath(neighbor, destination, path);
      neighbor.onRefused?.(reason, nlri, received);
      return;
    }
    const judged = neighbor.inbound.routes?.apply(this.#anyFamily, nlri, received) ?? received;
    this.#announce(neighbor, arrival, judged, nlri);
  }

  /** A new session begins: its announcements are counted from zero. */
  neighborUp(source: PathSource): void {
    const neighbor = this.#neighborOf(source);
    neighbor.received.fill(0);
    neighbor.refused = noRefusals();
    neighbor.lastRefusal = undefined;
  }

  /** Forgets the counters of a neighbor that is configured no more; its routes must have gone. */
  forgetNeighbor(address: string): void {
    const neighbor = this.#neighbors.get(address);
    if (neighbor !== undefined && neighbor.held === 0) this.#neighbors.delete(address);
  }

  /** What is usable may have changed. */
  #rejudge(destination: RibDestination<Nlri>): void {
    const { best } = destination;
    if (best === undefined) return;
    const differs = destination.chooseSeveral(this.#rules, this.#routes.multipath);
    if (!differs && best === destination.choose(this.#rules, this.#routes.multipath)) return;
    this.#choose(this.#neighborOf(best.source), destination, best.attributes, best.source, differs);
  }

  /** The decision process's choice of the destination, and by which steps the other paths have lost. */
  decision({ paths }: Destination<Nlri>): MultipathDecision<Path<Nlri>> {
    const { multipath } = this.#routes;
    if (multipath !== undefined) return decideSeveral(paths, multipath, this.#rules);
    const decision = decide(paths, this.#rules);
    return { ...decision, chosen: decision.best === undefined ? [] : [decision.best] };
  }

  /** Every destination that has a path. */
  *destinations(): IterableIterator<Destination<Nlri>> {
    for (const destination of this.#table.entries()) if (destination.hasPath) yield destination;
  }

  /** The destination of this NLRI's key. */
  destination(nlri: Nlri): Destination<Nlri> | undefined {
    const destination = this.#table.get(nlri);
    return destination?.hasPath ? destination : undefined;
  }

  /** Numbers of one neighbor, by its configured address. */
  counts(neighbor: string): NeighborRouteCounts<Nlri> {
    return this.#neighbors.get(neighbor) ?? NO_COUNTS;
  }

  /** Paths of the neighbor that it has not announced since its session before ended; one look, no walk. */
  staleCount(neighbor: string): number {
    return this.#neighbors.get(neighbor)?.stale ?? 0;
  }

  /** Octets of the heap that all routes take, about. */
  get memory(): number {
    return this.#memory;
  }

  /** The neighbor whose routes take most, and how much. */
  get heaviest(): { readonly neighbor: string; readonly memory: number } | undefined {
    let heaviest: { readonly neighbor: string; readonly memory: number } | undefined;
    for (const [neighbor, { memory }] of this.#neighbors)
      if (memory > (heaviest?.memory ?? 0)) heaviest = { neighbor, memory };
    return heaviest;
  }

  #weigh(neighbor: NeighborRoutes<Nlri>): void {
    const memory = memoryOf(neighbor);
    this.#memory += memory - neighbor.memory;
    neighbor.memory = memory;
  }

  #neighborOf(source: Pick<PathSource, 'neighbor'>): NeighborRoutes<Nlri> {
    let neighbor = this.#neighbors.get(source.neighbor);
    if (neighbor === undefined) {
      neighbor = new NeighborRoutes<Nlri>(this.#routes.family.kinds);
      this.#neighbors.set(source.neighbor, neighbor);
    }
    return neighbor;
  }

  #refuse(
    neighbor: NeighborRoutes<Nlri>,
    why: RefusalReason,
    attributes: PathAttributes,
    routes: readonly Nlri[],
  ): RefusalReason {
    let reason = why;
    for (const nlri of routes) {
      neighbor.received[nlri.type]++;
      this.#withdraw(neighbor, nlri);
      reason = this.#noteRefusal(neighbor, why, attributes, nlri);
    }
    return reason;
  }

  #noteRefusal(
    neighbor: NeighborRoutes<Nlri>,
    why: RefusalReason,
    { asPath }: PathAttributes,
    nlri: Nlri,
  ): RefusalReason {
    const reason = why === 'as-path-loop' && this.isOriginated?.(nlri) === true ? 'own-route' : why;
    neighbor.refused[reason]++;
    neighbor.lastRefusal = { reason, nlri, asPath, at: this.#clock.wallTime() };
    return reason;
  }

  #arrivalOf(neighbor: NeighborRoutes<Nlri>, source: PathSource): Arrival {
    const receivedAt = this.#clock.wallTime();
    const { arrival, epoch } = neighbor;
    if (arrival?.receivedAt === receivedAt && arrival.source === source && arrival.epoch === epoch)
      return arrival;
    neighbor.arrival = new Arrival(neighbor, source, receivedAt, epoch);
    return neighbor.arrival;
  }

  #announce(neighbor: NeighborRoutes<Nlri>, arrival: Arrival, attributes: PathAttributes, nlri: Nlri): void {
    const destination = this.#table.get(nlri);
    const old = destination?.pathOf(neighbor);
    if (old === undefined) {
      neighbor.accepted[nlri.type]++;
      neighbor.held++;
    } else if (old.arrival.epoch !== arrival.epoch) neighbor.stale--;
    if (destination === undefined) {
      this.#hold(neighbor, attributes);
      const added = this.#routes.destination(arrival, attributes, nlri);
      this.#table.add(added);
      this.#choose(neighbor, added, undefined, undefined, false);
      return;
    }
    if (
      old?.attributes === attributes &&
      old.source === arrival.source &&
      this.#routes.family.same(old.nlri, nlri)
    ) {
      if (old.arrival.epoch !== arrival.epoch) {
        const { isLongLived } = old;
        old.arrival = arrival;
        if (isLongLived) this.#rejudge(destination);
      }
      return;
    }
    const { best } = destination;
    const bestBefore = best?.attributes;
    const announcer = best?.source;
    const before = old?.attributes;
    if (before !== attributes) {
      this.#hold(neighbor, attributes);
      if (before !== undefined) this.#release(neighbor, before);
    }
    const differs = destination.put(arrival, attributes, nlri, old);
    this.#choose(neighbor, destination, bestBefore, announcer, differs && old === best);
  }

  #withdraw(neighbor: NeighborRoutes<Nlri>, nlri: Nlri): void {
    const destination = this.#table.get(nlri);
    const path = destination?.pathOf(neighbor);
    if (destination !== undefined && path !== undefined) this.#removePath(neighbor, destination, path);
  }

  #removePath(neighbor: NeighborRoutes<Nlri>, destination: RibDestination<Nlri>, path: RibPath<Nlri>): void {
    const { best, nlri } = destination;
    const bestBefore = best?.attributes;
    const announcer = best?.source;
    if (path.arrival.epoch !== neighbor.epoch) neighbor.stale--;
    this.#release(neighbor, path.attributes);
    const differs = destination.remove(path);
    neighbor.accepted[nlri.type]--;
    neighbor.held--;
    this.#choose(neighbor, destination, bestBefore, announcer, differs && path === best);
  }

  /** What a policy made of attributes counts as these, of which the neighbor alone decides. */
  #hold(neighbor: NeighborRoutes<Nlri>, attributes: PathAttributes): void {
    hold(asReceived(attributes), neighbor);
    if (isRejected(attributes)) neighbor.rejected++;
  }

  #release(neighbor: NeighborRoutes<Nlri>, attributes: PathAttributes): void {
    if (isRejected(attributes)) neighbor.rejected--;
    const received = asReceived(attributes);
    if (release(received, neighbor)) this.onReleased?.(received);
  }

  /**
   * After the neighbor's change of the destination's paths. `bestBefore`: the attributes that the best one had before it, and `announcer` who
   * announced it; `differs`: it is of another NLRI than then.
   */
  #choose(
    neighbor: NeighborRoutes<Nlri>,
    destination: RibDestination<Nlri>,
    bestBefore: PathAttributes | undefined,
    announcer: PathSource | undefined,
    differs: boolean,
  ): void {
    const { best } = destination;
    const { multipath } = this.#routes;
    const choice = destination.choose(this.#rules, multipath);
    destination.best = choice;
    const othersDiffer = destination.chooseSeveral(this.#rules, multipath);
    // What a reader of the best path sees is its attributes, its NLRI and the link of its next hop; who announced it matters to the
    // explanation only
    if (
      differs ||
      othersDiffer ||
      choice?.attributes !== bestBefore ||
      (choice !== undefined && announcer !== undefined && isOnOtherLink(choice, announcer)) ||
      (best !== choice &&
        best !== undefined &&
        choice !== undefined &&
        !this.#routes.family.same(best.nlri, choice.nlri))
    )
      this.#readers.mark(neighbor, destination);
    // The last path may be one that was never chosen, whose end no reader hears of
    else this.#readers.taken(destination);
  }
}

/** True where whoever announced the route, or our policy, says that it must not be kept for long (RFC 9494 §4.2). */
function isNotForLong(attributes: PathAttributes): boolean {
  return attributes.communities.includes(NO_LLGR) || asReceived(attributes).communities.includes(NO_LLGR);
}
