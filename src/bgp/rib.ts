import type { Clock, Timer } from '../types/index.js';
import type { EvpnNlri, PathAttributes, Update } from '../wire/index.js';
import { selectBest } from './decision.js';
import type { Destination, Path, PathSource } from './route.js';
import { EvpnTable, ROUTE_TYPE_SLOTS, sameNlri, type TableEntry, type TableFilter } from './table.js';

/** Who we are, for loop detection. */
export interface RibIdentity {
  readonly asn: number;
  /** Unsigned 32 bits; also our cluster id. */
  readonly routerId: number;
}

/** Routes dropped at entry because they have been here, by the attribute that showed it. */
export interface LoopCounts {
  asPath: number;
  originatorId: number;
  clusterList: number;
}

/** A neighbour's routes in numbers; arrays are indexed by route type. */
export interface NeighborRouteCounts {
  /** Announcements since the session came up. */
  readonly received: readonly number[];
  /** Routes that stand now. */
  readonly accepted: readonly number[];
  readonly loops: Readonly<LoopCounts>;
}

class RibPath implements Path {
  constructor(
    readonly neighbor: NeighborState,
    readonly source: PathSource,
    readonly attributes: PathAttributes,
    readonly nlri: EvpnNlri,
    readonly receivedAt: number,
    /** The neighbour's epoch at the last UPDATE that named it. */
    public epoch: number,
  ) {}

  get stale(): boolean {
    return this.epoch !== this.neighbor.epoch;
  }
}

/** Shared by all destinations without a path, and never added to. */
const NO_PATHS: RibPath[] = [];

class RibDestination implements Destination, TableEntry<RibDestination> {
  chained: RibDestination | undefined = undefined;
  paths: RibPath[] = NO_PATHS;
  best: RibPath | undefined = undefined;
  dirty = false;
  constructor(readonly nlri: EvpnNlri) {}
}

/** All that the RIB knows of one neighbour. A path whose epoch is not the neighbour's is stale. */
class NeighborState {
  epoch = 0;
  readonly received = new Array<number>(ROUTE_TYPE_SLOTS).fill(0);
  readonly accepted = new Array<number>(ROUTE_TYPE_SLOTS).fill(0);
  held = 0;
  readonly loops: LoopCounts = { asPath: 0, originatorId: 0, clusterList: 0 };
  sweep: Sweep | undefined = undefined;
}

/** A walk that removes a neighbour's paths of epochs before `before`, a slice a turn. */
interface Sweep {
  before: number;
  cursor: Iterator<RibDestination>;
  timer: Timer | undefined;
  whenDone: (() => void)[];
}

/** Destinations that one turn of a sweep looks at. */
const SWEEP_SLICE = 4096;
/** Sockets pause above this many dirty destinations, and go on below the other. */
const CONGESTED_ABOVE = 65_536;
const RELIEVED_BELOW = 16_384;
const NO_COUNTS: NeighborRouteCounts = {
  received: new Array<number>(ROUTE_TYPE_SLOTS).fill(0),
  accepted: new Array<number>(ROUTE_TYPE_SLOTS).fill(0),
  loops: { asPath: 0, originatorId: 0, clusterList: 0 },
};

/**
 * The Adj-RIB-In of all neighbours as one table, with the decision process's choice for each destination (RFC 4271
 * §9.1). It hands out what changed as a set of destinations, never as a stream of events: however often a route flaps
 * while nobody looks, it is in the set once, so the memory is bounded by the table.
 */
export class Rib {
  /** Called when the dirty set goes from empty to non-empty. */
  onDirty: (() => void) | undefined;
  /** Called when a congested RIB is so no more: readers of sockets may go on. */
  onRelieved: (() => void) | undefined;

  readonly #clock: Clock;
  #identity: RibIdentity;
  readonly #table = new EvpnTable<RibDestination>();
  readonly #neighbors = new Map<string, NeighborState>();
  /** A queue: taken from `#dirtyHead` on. */
  #dirty: RibDestination[] = [];
  #dirtyHead = 0;
  #congested = false;

  constructor(clock: Clock, identity: RibIdentity) {
    this.#clock = clock;
    this.#identity = identity;
  }

  /** Our AS and router id, from now on; routes that stand are not judged again. */
  setIdentity(identity: RibIdentity): void {
    this.#identity = identity;
  }

  /** Destinations with at least one path or waiting in the dirty set. */
  get size(): number {
    return this.#table.size;
  }

  get dirtyCount(): number {
    return this.#dirty.length - this.#dirtyHead;
  }

  /** True while the reader of the dirty set is so far behind that no more should be read from peers. */
  get congested(): boolean {
    return this.#congested && this.onDirty !== undefined;
  }

  /**
   * Takes in one UPDATE: withdrawals first, then announcements. A route whose AS_PATH, ORIGINATOR_ID or CLUSTER_LIST
   * names us is dropped and counted (RFC 4271 §9.1.2, RFC 4456 §8), together with what the neighbour said before.
   */
  update(source: PathSource, update: Update): void {
    const neighbor = this.#neighborOf(source);
    for (const nlri of update.withdrawn) this.#withdraw(neighbor, nlri);
    const { attributes } = update;
    if (attributes === undefined) return;
    const looped = this.#isLoop(neighbor, attributes, update.reachable.length);
    const receivedAt = this.#clock.wallTime();
    for (const nlri of update.reachable) {
      neighbor.received[nlri.type]++;
      if (looped) this.#withdraw(neighbor, nlri);
      else this.#announce(neighbor, source, attributes, nlri, receivedAt);
    }
  }

  /** The session is over: all the neighbour's routes go, a slice a turn. Resolves when they have gone. */
  neighborDown(source: Pick<PathSource, 'neighbor'>): Promise<void> {
    const neighbor = this.#neighborOf(source);
    neighbor.epoch++;
    return this.#startSweep(neighbor, neighbor.epoch);
  }

  /**
   * The neighbour restarts gracefully: its routes stay, as stale. Those that were stale already go (RFC 4724 §4.2).
   */
  neighborStale(source: Pick<PathSource, 'neighbor'>): void {
    const neighbor = this.#neighborOf(source);
    neighbor.epoch++;
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
    this.#neighborOf(source).received.fill(0);
  }

  /** Forgets the counters of a neighbour that is configured no more; its routes must have gone. */
  forgetNeighbor(address: string): void {
    const neighbor = this.#neighbors.get(address);
    if (neighbor !== undefined && neighbor.held === 0) this.#neighbors.delete(address);
  }

  /** At most `max` destinations that changed, oldest first; each leaves the set. */
  takeDirty(max: number): Destination[] {
    const end = Math.min(this.#dirtyHead + max, this.#dirty.length);
    const taken = this.#dirty.slice(this.#dirtyHead, end);
    for (const destination of taken) {
      destination.dirty = false;
      if (destination.paths.length === 0) this.#table.remove(destination);
    }
    this.#dirtyHead = end;
    if (end === this.#dirty.length) {
      this.#dirty = [];
      this.#dirtyHead = 0;
    } else if (end > 65_536 && end * 2 > this.#dirty.length) {
      this.#dirty = this.#dirty.slice(end);
      this.#dirtyHead = 0;
    }
    if (this.#congested && this.dirtyCount < RELIEVED_BELOW) {
      this.#congested = false;
      this.onRelieved?.();
    }
    return taken;
  }

  /** Puts destinations into the dirty set again, all or those that the filter names. */
  markDirty(filter?: (destination: Destination) => boolean): void {
    for (const destination of this.#table.entries())
      if (filter === undefined || filter(destination)) this.#touch(destination);
  }

  /** Every destination that has a path. */
  destinations(): IterableIterator<Destination> {
    return this.destinationsOf({});
  }

  *destinationsOf(filter: TableFilter): IterableIterator<Destination> {
    for (const destination of this.#table.entries(filter))
      if (destination.paths.length > 0) yield destination;
  }

  /** The destination of this NLRI's key. */
  destination(nlri: EvpnNlri): Destination | undefined {
    const destination = this.#table.get(nlri);
    return destination !== undefined && destination.paths.length > 0 ? destination : undefined;
  }

  /** Numbers of one neighbour, by its configured address. */
  counts(neighbor: string): NeighborRouteCounts {
    return this.#neighbors.get(neighbor) ?? NO_COUNTS;
  }

  #neighborOf(source: Pick<PathSource, 'neighbor'>): NeighborState {
    let neighbor = this.#neighbors.get(source.neighbor);
    if (neighbor === undefined) {
      neighbor = new NeighborState();
      this.#neighbors.set(source.neighbor, neighbor);
    }
    return neighbor;
  }

  #isLoop(neighbor: NeighborState, attributes: PathAttributes, routes: number): boolean {
    const { asn, routerId } = this.#identity;
    for (const { asns } of attributes.asPath) {
      if (asns.includes(asn)) {
        neighbor.loops.asPath += routes;
        return true;
      }
    }
    if (attributes.originatorId === routerId) {
      neighbor.loops.originatorId += routes;
      return true;
    }
    if (attributes.clusterList.includes(routerId)) {
      neighbor.loops.clusterList += routes;
      return true;
    }
    return false;
  }

  #announce(
    neighbor: NeighborState,
    source: PathSource,
    attributes: PathAttributes,
    nlri: EvpnNlri,
    receivedAt: number,
  ): void {
    let destination = this.#table.get(nlri);
    if (destination === undefined) {
      destination = new RibDestination(nlri);
      this.#table.add(destination);
    }
    const { paths } = destination;
    const at = indexOfNeighbor(paths, neighbor);
    if (at >= 0) {
      const old = paths[at];
      if (old.source === source && old.attributes === attributes && sameNlri(old.nlri, nlri)) {
        old.epoch = neighbor.epoch;
        return;
      }
    } else {
      neighbor.accepted[nlri.type]++;
      neighbor.held++;
    }
    const path = new RibPath(neighbor, source, attributes, nlri, receivedAt, neighbor.epoch);
    if (at >= 0) paths[at] = path;
    // An array that push makes grow from nothing takes room for seventeen
    else if (paths.length === 0) destination.paths = [path];
    else if (paths.length === 1) destination.paths = [paths[0], path];
    else paths.push(path);
    this.#choose(destination);
  }

  #withdraw(neighbor: NeighborState, nlri: EvpnNlri): void {
    const destination = this.#table.get(nlri);
    if (destination === undefined) return;
    const at = indexOfNeighbor(destination.paths, neighbor);
    if (at >= 0) this.#removePath(destination, at);
  }

  #removePath(destination: RibDestination, at: number): void {
    const [path] = destination.paths.splice(at, 1);
    path.neighbor.accepted[destination.nlri.type]--;
    path.neighbor.held--;
    this.#choose(destination);
  }

  #choose(destination: RibDestination): void {
    const { best } = destination;
    const choice = selectBest(destination.paths);
    if (choice === best) return;
    destination.best = choice;
    // What a reader of the best path sees is its attributes and its NLRI; who said it matters to the explanation only
    if (
      best === undefined ||
      choice === undefined ||
      best.attributes !== choice.attributes ||
      !sameNlri(best.nlri, choice.nlri)
    )
      this.#touch(destination);
  }

  #touch(destination: RibDestination): void {
    if (destination.dirty) return;
    destination.dirty = true;
    this.#dirty.push(destination);
    const count = this.dirtyCount;
    if (count === 1) this.onDirty?.();
    if (count > CONGESTED_ABOVE) this.#congested = true;
  }

  #startSweep(neighbor: NeighborState, before: number): Promise<void> {
    return new Promise((resolve) => {
      const running = neighbor.sweep;
      running?.timer?.cancel();
      // Begun anew: what the walk has passed may have changed since
      const sweep: Sweep = {
        before: Math.max(before, running?.before ?? 0),
        cursor: this.#table.entries(),
        timer: undefined,
        whenDone: [...(running?.whenDone ?? []), resolve],
      };
      neighbor.sweep = sweep;
      this.#sweepSlice(neighbor, sweep);
    });
  }

  #sweepSlice(neighbor: NeighborState, sweep: Sweep): void {
    for (let n = 0; n < SWEEP_SLICE; n++) {
      const next = neighbor.held > 0 ? sweep.cursor.next() : undefined;
      if (next === undefined || next.done === true) {
        neighbor.sweep = undefined;
        for (const done of sweep.whenDone) done();
        return;
      }
      const destination = next.value;
      const at = indexOfNeighbor(destination.paths, neighbor);
      if (at >= 0 && destination.paths[at].epoch < sweep.before) this.#removePath(destination, at);
    }
    sweep.timer = this.#clock.soon(() => this.#sweepSlice(neighbor, sweep));
  }
}

function indexOfNeighbor(paths: readonly RibPath[], neighbor: NeighborState): number {
  for (let i = 0; i < paths.length; i++) if (paths[i].neighbor === neighbor) return i;
  return -1;
}
