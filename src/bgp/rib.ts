import type { Clock, Timer } from '../types/index.js';
import type { EvpnNlri, Family, PathAttributes, Route, Update } from '../wire/index.js';
import { type Decision, decide, type Usable } from './decision.js';
import {
  Arrival,
  MultipathDestination,
  PlainDestination,
  type RibDestination,
  type RibPath,
} from './destination.js';
import { DirtySet, DirtyShare } from './dirty-set.js';
import { type Holder, hold, release } from './holdings.js';
import {
  type InboundPolicy,
  NO_POLICY,
  noRefusals,
  type Refusal,
  type RefusalCounts,
  type RefusalReason,
  whyRefused,
} from './inbound.js';
import { KeyedTable } from './keyed-table.js';
import type { Destination, Path, PathSource } from './route.js';
import { memoryOf } from './route-limits.js';
import { ROUTE_TYPE_SLOTS, type RouteTable } from './table.js';

/** Who we are, for loop detection. */
export interface RibIdentity {
  readonly asn: number;
  /** Unsigned 32 bits; also our cluster id. */
  readonly routerId: number;
}

/** A neighbour's routes of one family in numbers; arrays are indexed by the kind of the route. */
export interface NeighborRouteCounts<Nlri extends Route = EvpnNlri> {
  /** Announcements since the session came up. */
  readonly received: readonly number[];
  /** Routes that stand now. */
  readonly accepted: readonly number[];
  /** Announcements refused since the session came up. */
  readonly refused: Readonly<RefusalCounts>;
  readonly lastRefusal: Refusal<Nlri> | undefined;
  /** Routes that stand, of every type. */
  readonly held: number;
  /** Those of them that the neighbor has not announced since its session before ended. */
  readonly stale: number;
  /** Distinct attribute sets of the routes that stand, and the octets that are kept of them. */
  readonly sets: number;
  readonly octets: number;
}

/** All that the RIB knows of one neighbour. A path whose epoch is not the neighbour's is stale. */
class NeighborState<Nlri extends Route> implements Holder {
  epoch = 0;
  readonly received: number[];
  readonly accepted: number[];
  held = 0;
  sets = 0;
  octets = 0;
  /** Of memoryOf, when the neighbor was last looked at. */
  memory = 0;
  /** Paths among those held that are stale. */
  stale = 0;
  /** Of the latest UPDATE with routes. */
  arrival: Arrival | undefined = undefined;
  refused = noRefusals();
  lastRefusal: Refusal<Nlri> | undefined = undefined;
  sweep: Sweep<Nlri> | undefined = undefined;
  readonly dirty = new DirtyShare<Nlri>();

  constructor(kinds: number) {
    this.received = new Array<number>(kinds).fill(0);
    this.accepted = new Array<number>(kinds).fill(0);
  }
}

/** A walk that removes a neighbour's paths of epochs before `before`, a slice a turn. */
interface Sweep<Nlri extends Route> {
  before: number;
  cursor: Iterator<RibDestination<Nlri>>;
  timer: Timer | undefined;
  whenDone: (() => void)[];
}

/** Destinations that one turn of a sweep looks at: no more than are decided on in a turn, while the cache has them. */
const SWEEP_SLICE = 512;
const NO_COUNTS: NeighborRouteCounts<never> = {
  received: new Array<number>(ROUTE_TYPE_SLOTS).fill(0),
  accepted: new Array<number>(ROUTE_TYPE_SLOTS).fill(0),
  refused: noRefusals(),
  lastRefusal: undefined,
  held: 0,
  stale: 0,
  sets: 0,
  octets: 0,
};

/** A family as its RIB needs it: where its routes stand, and as what. */
export interface Routes<Nlri extends Route> {
  readonly family: Family<Nlri>;
  readonly table: RouteTable<Nlri, RibDestination<Nlri>>;
  destination(arrival: Arrival, attributes: PathAttributes, nlri: Nlri): RibDestination<Nlri>;
}

/** Of a family that needs nothing of its own; `most`: how many equally good paths of a destination may be chosen. */
export function plainRoutes<Nlri extends Route>(family: Family<Nlri>, most = 1): Routes<Nlri> {
  return {
    family,
    table: new KeyedTable<Nlri, RibDestination<Nlri>>(family),
    destination: (arrival, attributes, nlri) =>
      most === 1
        ? new PlainDestination(arrival, attributes, nlri, family)
        : new MultipathDestination(arrival, attributes, nlri, family, most),
  };
}

/**
 * The Adj-RIB-In of one family and all neighbours as one table, with the decision process's choice for each destination (RFC 4271
 * §9.1). It hands out what changed as a set of destinations, never as a stream of events: however often a route flaps
 * while nobody looks, it is in the set once, so the memory is bounded by the table.
 */
export class FamilyRib<Nlri extends Route> {
  /** Called when the dirty set goes from empty to non-empty. */
  onDirty: (() => void) | undefined;
  /** Called when a neighbor is congested no more: readers of sockets may go on. */
  onRelieved: (() => void) | undefined;

  /** Called when the last route with these attributes has gone. */
  onReleased: ((attributes: PathAttributes) => void) | undefined;

  /** True for a route that this leaf originates: one that comes back is everyday. */
  isOriginated: ((nlri: Nlri) => boolean) | undefined;

  /**
   * Excludes paths from the decision where others are usable; what it says of a path follows from the path and from what
   * changes with `lookAgain` alone.
   */
  usable: Usable<Nlri> | undefined;

  readonly #clock: Clock;
  #identity: RibIdentity;
  readonly #routes: Routes<Nlri>;
  readonly #table: RouteTable<Nlri, RibDestination<Nlri>>;
  readonly #neighbors = new Map<string, NeighborState<Nlri>>();
  readonly #dirty = new DirtySet<Nlri>();
  #memory = 0;
  /** A walk over all destinations, to be looked at again. */
  #again: Iterator<RibDestination<Nlri>, undefined> | undefined = undefined;

  constructor(clock: Clock, identity: RibIdentity, routes: Routes<Nlri>) {
    this.#clock = clock;
    this.#identity = identity;
    this.#routes = routes;
    this.#table = routes.table;
  }

  get family(): Family<Nlri> {
    return this.#routes.family;
  }

  /** Our AS and router id, from now on; routes that stand are not judged again. */
  setIdentity(identity: RibIdentity): void {
    this.#identity = identity;
  }

  /** Destinations with at least one path or waiting in the dirty set. */
  get size(): number {
    return this.#table.size;
  }

  /** True while takeDirty or takeAgain has something to give. */
  get hasDirty(): boolean {
    return this.#dirty.size > 0 || this.#again !== undefined;
  }

  /** Destinations that changed and were not taken yet. */
  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** True while the reader of the dirty set is so far behind with what this neighbor said that no more should be read from it. */
  isCongested(neighbor: string): boolean {
    return this.onDirty !== undefined && this.#neighbors.get(neighbor)?.dirty.congested === true;
  }

  /**
   * Takes in one UPDATE: withdrawals first, then announcements. Routes that loop or that the policy refuses (inbound.ts)
   * are dropped and counted, together with what the neighbour said before; the reason is returned.
   */
  update(
    source: PathSource,
    update: Update<Nlri>,
    policy: InboundPolicy = NO_POLICY,
  ): RefusalReason | undefined {
    const neighbor = this.#neighborOf(source);
    const refused = this.#take(neighbor, source, update, policy);
    this.#weigh(neighbor);
    return refused;
  }

  #take(
    neighbor: NeighborState<Nlri>,
    source: PathSource,
    update: Update<Nlri>,
    policy: InboundPolicy,
  ): RefusalReason | undefined {
    for (const nlri of update.withdrawn) this.#withdraw(neighbor, nlri);
    const { attributes } = update;
    if (attributes === undefined) return undefined;
    const { asn, routerId } = this.#identity;
    const refused = whyRefused(attributes, asn, routerId, policy);
    if (refused !== undefined) return this.#refuse(neighbor, refused, attributes, update.reachable);
    const arrival = this.#arrivalOf(neighbor, source);
    for (const nlri of update.reachable) {
      neighbor.received[nlri.type]++;
      this.#announce(neighbor, arrival, attributes, nlri);
    }
    return undefined;
  }

  /** The session is over: all the neighbour's routes go, a slice a turn. Resolves when they have gone. */
  neighborDown(source: Pick<PathSource, 'neighbor'>): Promise<void> {
    const neighbor = this.#neighborOf(source);
    neighbor.epoch++;
    neighbor.stale = neighbor.held;
    return this.#startSweep(neighbor, neighbor.epoch);
  }

  /**
   * The neighbour restarts gracefully: its routes stay, as stale. Those that were stale already go (RFC 4724 §4.2).
   */
  neighborStale(source: Pick<PathSource, 'neighbor'>): void {
    const neighbor = this.#neighborOf(source);
    neighbor.epoch++;
    neighbor.stale = neighbor.held;
    // Only an earlier restart can have left routes of an older epoch
    if (neighbor.epoch > 1 && neighbor.held > 0) void this.#startSweep(neighbor, neighbor.epoch - 1);
  }

  /** Removes what the neighbour has not announced again since it became stale. Resolves when it has gone. */
  sweepStale(source: Pick<PathSource, 'neighbor'>): Promise<void> {
    const neighbor = this.#neighborOf(source);
    return this.#startSweep(neighbor, neighbor.epoch);
  }

  /** A new session begins: its announcements are counted from zero. */
  neighborUp(source: PathSource): void {
    const neighbor = this.#neighborOf(source);
    neighbor.received.fill(0);
    neighbor.refused = noRefusals();
    neighbor.lastRefusal = undefined;
  }

  /** Forgets the counters of a neighbour that is configured no more; its routes must have gone. */
  forgetNeighbor(address: string): void {
    const neighbor = this.#neighbors.get(address);
    if (neighbor !== undefined && neighbor.held === 0) this.#neighbors.delete(address);
  }

  /**
   * At most `max` destinations that changed, the oldest of each neighbor in turn, each of which leaves the set; `sparse`:
   * only of neighbors of whom few wait.
   */
  takeDirty(max: number, sparse = false): Destination<Nlri>[] {
    const taken: RibDestination<Nlri>[] = [];
    while (taken.length < max) {
      const destination = sparse ? this.#dirty.takeSparse(this.#relieved) : this.#dirty.take(this.#relieved);
      if (destination === undefined) break;
      if (!destination.hasPath) this.#table.remove(destination);
      taken.push(destination);
    }
    return taken;
  }

  readonly #relieved = (): void => this.onRelieved?.();

  /** Every destination is to be judged and looked at again, by takeAgain: a large table is not queued in one go. */
  lookAgain(): void {
    const hadDirty = this.hasDirty;
    this.#again = this.#table.entries();
    if (!hadDirty) this.onDirty?.();
  }

  /** At most `max` destinations that are to be looked at again though they did not change; takeDirty has those that did. */
  takeAgain(max: number): Destination<Nlri>[] {
    const taken: RibDestination<Nlri>[] = [];
    while (taken.length < max && this.#again !== undefined) {
      const next = this.#again.next();
      if (next.done === true) this.#again = undefined;
      else {
        this.#rejudge(next.value);
        if (!next.value.dirty && next.value.hasPath) taken.push(next.value);
      }
    }
    return taken;
  }

  /** What is usable may have changed. */
  #rejudge(destination: RibDestination<Nlri>): void {
    const { best } = destination;
    if (best === undefined) return;
    const differs = destination.chooseSeveral(this.usable);
    if (!differs && best === destination.choose(this.usable)) return;
    this.#choose(this.#neighborOf(best.source), destination, best.attributes, differs);
  }

  /** The decision process's choice of the destination and its rule. */
  decision({ paths }: Destination<Nlri>): Decision<Path<Nlri>> {
    return decide(paths, this.usable);
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

  /** Numbers of one neighbour, by its configured address. */
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

  #weigh(neighbor: NeighborState<Nlri>): void {
    const memory = memoryOf(neighbor);
    this.#memory += memory - neighbor.memory;
    neighbor.memory = memory;
  }

  #neighborOf(source: Pick<PathSource, 'neighbor'>): NeighborState<Nlri> {
    let neighbor = this.#neighbors.get(source.neighbor);
    if (neighbor === undefined) {
      neighbor = new NeighborState<Nlri>(this.#routes.family.kinds);
      this.#neighbors.set(source.neighbor, neighbor);
    }
    return neighbor;
  }

  #refuse(
    neighbor: NeighborState<Nlri>,
    why: RefusalReason,
    { asPath }: PathAttributes,
    routes: readonly Nlri[],
  ): RefusalReason {
    let reason = why;
    for (const nlri of routes) {
      neighbor.received[nlri.type]++;
      this.#withdraw(neighbor, nlri);
      reason = why === 'as-path-loop' && this.isOriginated?.(nlri) === true ? 'own-route' : why;
      neighbor.refused[reason]++;
      neighbor.lastRefusal = { reason, nlri, asPath, at: this.#clock.wallTime() };
    }
    return reason;
  }

  #arrivalOf(neighbor: NeighborState<Nlri>, source: PathSource): Arrival {
    const receivedAt = this.#clock.wallTime();
    const { arrival, epoch } = neighbor;
    if (arrival?.receivedAt === receivedAt && arrival.source === source && arrival.epoch === epoch)
      return arrival;
    neighbor.arrival = new Arrival(neighbor, source, receivedAt, epoch);
    return neighbor.arrival;
  }

  #announce(neighbor: NeighborState<Nlri>, arrival: Arrival, attributes: PathAttributes, nlri: Nlri): void {
    const destination = this.#table.get(nlri);
    const old = destination?.pathOf(neighbor);
    if (old === undefined) {
      neighbor.accepted[nlri.type]++;
      neighbor.held++;
    } else if (old.arrival.epoch !== arrival.epoch) neighbor.stale--;
    if (destination === undefined) {
      hold(attributes, neighbor);
      const added = this.#routes.destination(arrival, attributes, nlri);
      this.#table.add(added);
      this.#choose(neighbor, added, undefined, false);
      return;
    }
    if (
      old?.attributes === attributes &&
      old.source === arrival.source &&
      this.#routes.family.same(old.nlri, nlri)
    ) {
      if (old.arrival.epoch !== arrival.epoch) old.arrival = arrival;
      return;
    }
    const { best } = destination;
    const told = best?.attributes;
    const before = old?.attributes;
    if (before !== attributes) {
      hold(attributes, neighbor);
      if (before !== undefined) this.#release(neighbor, before);
    }
    const differs = destination.put(arrival, attributes, nlri, old);
    this.#choose(neighbor, destination, told, differs && old === best);
  }

  #withdraw(neighbor: NeighborState<Nlri>, nlri: Nlri): void {
    const destination = this.#table.get(nlri);
    const path = destination?.pathOf(neighbor);
    if (destination !== undefined && path !== undefined) this.#removePath(neighbor, destination, path);
  }

  #removePath(neighbor: NeighborState<Nlri>, destination: RibDestination<Nlri>, path: RibPath<Nlri>): void {
    const { best, nlri } = destination;
    const told = best?.attributes;
    if (path.arrival.epoch !== neighbor.epoch) neighbor.stale--;
    this.#release(neighbor, path.attributes);
    const differs = destination.remove(path);
    neighbor.accepted[nlri.type]--;
    neighbor.held--;
    this.#choose(neighbor, destination, told, differs && path === best);
  }

  #release(neighbor: NeighborState<Nlri>, attributes: PathAttributes): void {
    if (release(attributes, neighbor)) this.onReleased?.(attributes);
  }

  /**
   * After the neighbor's change of the destination's paths. `told`: the attributes that the best one had before it; `differs`: it is of
   * another NLRI than then.
   */
  #choose(
    neighbor: NeighborState<Nlri>,
    destination: RibDestination<Nlri>,
    told: PathAttributes | undefined,
    differs: boolean,
  ): void {
    const { best } = destination;
    const choice = destination.choose(this.usable);
    destination.best = choice;
    const othersDiffer = destination.chooseSeveral(this.usable);
    // What a reader of the best path sees is its attributes and its NLRI; who said it matters to the explanation only
    if (
      differs ||
      othersDiffer ||
      choice?.attributes !== told ||
      (best !== choice &&
        best !== undefined &&
        choice !== undefined &&
        !this.#routes.family.same(best.nlri, choice.nlri))
    )
      this.#touch(neighbor, destination);
  }

  #touch(neighbor: NeighborState<Nlri>, destination: RibDestination<Nlri>): void {
    if (destination.dirty) return;
    this.#dirty.push(neighbor.dirty, destination);
    if (this.#dirty.size === 1) this.onDirty?.();
  }

  #startSweep(neighbor: NeighborState<Nlri>, before: number): Promise<void> {
    return new Promise((resolve) => {
      const running = neighbor.sweep;
      running?.timer?.cancel();
      // Begun anew: what the walk has passed may have changed since
      const sweep: Sweep<Nlri> = {
        before: Math.max(before, running?.before ?? 0),
        cursor: this.#table.entries(),
        timer: undefined,
        whenDone: [...(running?.whenDone ?? []), resolve],
      };
      neighbor.sweep = sweep;
      this.#sweepSlice(neighbor, sweep);
    });
  }

  #sweepSlice(neighbor: NeighborState<Nlri>, sweep: Sweep<Nlri>): void {
    for (let n = 0; n < SWEEP_SLICE; n++) {
      const next = neighbor.held > 0 ? sweep.cursor.next() : undefined;
      if (next === undefined || next.done === true) {
        neighbor.sweep = undefined;
        this.#weigh(neighbor);
        for (const done of sweep.whenDone) done();
        return;
      }
      const destination = next.value;
      const path = destination.pathOf(neighbor);
      if (path !== undefined && path.arrival.epoch < sweep.before)
        this.#removePath(neighbor, destination, path);
    }
    this.#weigh(neighbor);
    sweep.timer = this.#clock.soon(() => this.#sweepSlice(neighbor, sweep));
  }
}
