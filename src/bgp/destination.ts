import type { EvpnNlri, Family, PathAttributes, Route } from '../wire/index.js';
import { acceptedOrBetter, type Multipath, selectBest } from './decision.js';
import { isRejected } from './import-policy.js';
import type { RibRules } from './latest-pair.js';
import type { Destination, Path, PathSource } from './route.js';
import type { TableEntry } from './table.js';

/** A neighbor, as far as its paths need it: one whose epoch is not the neighbor's is stale. */
export interface Teller {
  readonly epoch: number;
  /** Its paths of epochs before this one are kept for long (RFC 9494). */
  readonly agedBefore: number;
}

/** When and from whom: one object for all the paths that a neighbor brings within a millisecond. */
export class Arrival {
  constructor(
    readonly neighbor: Teller,
    readonly source: PathSource,
    readonly receivedAt: number,
    /** The neighbor's epoch then. */
    readonly epoch: number,
  ) {}
}

/** Of a destination whose last path went. */
const NEVER = new Arrival({ epoch: 0, agedBefore: 0 }, { neighbor: '', routerId: 0, internal: false }, 0, 0);

/** A path as the RIB holds it. Its attributes may change in its place: nobody keeps one over a turn of the event loop. */
export interface RibPath<Nlri extends Route = EvpnNlri> extends Path<Nlri> {
  arrival: Arrival;
}

/** What a neighbor announced, but for the NLRI. */
abstract class Told {
  constructor(
    public arrival: Arrival,
    public attributes: PathAttributes,
  ) {}

  get source(): PathSource {
    return this.arrival.source;
  }
  get receivedAt(): number {
    return this.arrival.receivedAt;
  }
  get stale(): boolean {
    return this.arrival.epoch !== this.arrival.neighbor.epoch;
  }
  get isLongLived(): boolean {
    return this.arrival.epoch < this.arrival.neighbor.agedBefore;
  }
}

/** The path of a neighbor behind the first. */
class LaterPath<Nlri extends Route> extends Told implements RibPath<Nlri> {
  next: LaterPath<Nlri> | undefined = undefined;

  constructor(
    arrival: Arrival,
    attributes: PathAttributes,
    public nlri: Nlri,
  ) {
    super(arrival, attributes);
  }
}

/**
 * A destination, and in the same object the path of the neighbor that spoke first: most have one path or two, and what a
 * table of a hundred thousand costs is the garbage collector's carrying its objects about. Paths of others form a chain.
 */
export abstract class RibDestination<Nlri extends Route = EvpnNlri>
  extends Told
  implements Destination<Nlri>, RibPath<Nlri>, TableEntry<RibDestination<Nlri>, Nlri>
{
  chained: RibDestination<Nlri> | undefined = undefined;
  best: RibPath<Nlri> | undefined = undefined;
  notes: object | undefined = undefined;
  /** A bit for each reader in whose dirty set it is. */
  dirty = 0;
  #later: LaterPath<Nlri> | undefined = undefined;

  /** As the first path's neighbor sent it. */
  abstract get nlri(): Nlri;

  /** The NLRI of the first path is this one from now on, which has the same key. */
  protected abstract takeOver(nlri: Nlri): void;

  /** The NLRI, as an object that stays as it is now. */
  protected abstract get copyOfNlri(): Nlri;

  /** True where also what is not in the key is equal. */
  protected abstract same(a: Nlri, b: Nlri): boolean;

  /** False once the last path went. */
  get hasPath(): boolean {
    return this.arrival !== NEVER;
  }

  get paths(): readonly RibPath<Nlri>[] {
    if (!this.hasPath) return [];
    const second = this.#later;
    if (second === undefined) return [this];
    const paths: RibPath<Nlri>[] = [this, second];
    for (let path = second.next; path !== undefined; path = path.next) paths.push(path);
    return paths;
  }

  get chosen(): readonly RibPath<Nlri>[] {
    return this.best === undefined ? [] : [this.best];
  }

  /** The path behind the first. */
  protected get second(): RibPath<Nlri> | undefined {
    return this.#later;
  }

  protected get hasMoreThanTwo(): boolean {
    return this.#later?.next !== undefined;
  }

  pathOf(neighbor: Teller): RibPath<Nlri> | undefined {
    if (this.arrival.neighbor === neighbor) return this;
    let path = this.#later;
    while (path !== undefined && path.arrival.neighbor !== neighbor) path = path.next;
    return path;
  }

  /**
   * Enters a path in the place of `old`, its neighbor's last, or behind all others. True where `old` is of another NLRI now,
   * beside its key.
   */
  put(arrival: Arrival, attributes: PathAttributes, nlri: Nlri, old: RibPath<Nlri> | undefined): boolean {
    if (old === this || !this.hasPath) {
      this.arrival = arrival;
      this.attributes = attributes;
      return this.announceAs(nlri);
    }
    // One object for equal NLRI of all neighbors
    const announced = this.same(this.nlri, nlri) ? this.nlri : nlri;
    if (old instanceof LaterPath) {
      const differs = !this.same(old.nlri, announced);
      old.arrival = arrival;
      old.attributes = attributes;
      old.nlri = announced;
      return differs;
    }
    this.link(undefined, new LaterPath(arrival, attributes, announced));
    return false;
  }

  /** Takes the path away. True where the destination itself is of another path's NLRI now, which differs beside the key. */
  remove(path: RibPath<Nlri>): boolean {
    if (path instanceof LaterPath) {
      this.link(path, path.next);
      return false;
    }
    const next = this.#later;
    if (next === undefined) {
      this.arrival = NEVER;
      return false;
    }
    this.#later = next.next;
    this.arrival = next.arrival;
    this.attributes = next.attributes;
    if (this.best === next) this.best = this;
    return this.announceAs(next.nlri);
  }

  /** The decision process's choice; no list is built for one path or two. */
  choose(rules: RibRules<Path<Nlri>>, _multipath?: Multipath): RibPath<Nlri> | undefined {
    const later = this.#later;
    if (later === undefined) return this.hasPath && !isRejected(this.attributes) ? this : undefined;
    return later.next === undefined
      ? acceptedOrBetter<RibPath<Nlri>>(this, later, rules)
      : selectBest(this.paths, rules);
  }

  /** Chooses what stands beside `best`; true where what is chosen differs from before. */
  chooseSeveral(_rules: RibRules<Path<Nlri>>, _multipath: Multipath | undefined): boolean {
    return false;
  }

  // With a `#` the next two would cost each object a word, which says that it has them

  /** True where the first path's NLRI is another one now. */
  private announceAs(nlri: Nlri): boolean {
    if (this.same(this.nlri, nlri)) return false;
    const before = this.copyOfNlri;
    for (let path = this.#later; path !== undefined; path = path.next)
      if (path.nlri === this.nlri) path.nlri = before;
    this.takeOver(nlri);
    return true;
  }

  /** Lets what leads to `to`, or to the end, lead to `path`. */
  private link(to: LaterPath<Nlri> | undefined, path: LaterPath<Nlri> | undefined): void {
    if (this.#later === to) {
      this.#later = path;
      return;
    }
    let before = this.#later;
    while (before !== undefined && before.next !== to) before = before.next;
    if (before !== undefined) before.next = path;
  }
}

/** The destination of a route that is an object beside it. */
export class PlainDestination<Nlri extends Route> extends RibDestination<Nlri> {
  readonly #family: Family<Nlri>;
  #nlri: Nlri;

  constructor(arrival: Arrival, attributes: PathAttributes, nlri: Nlri, family: Family<Nlri>) {
    super(arrival, attributes);
    this.#family = family;
    this.#nlri = nlri;
  }

  override get nlri(): Nlri {
    return this.#nlri;
  }

  protected override takeOver(nlri: Nlri): void {
    this.#nlri = nlri;
  }

  protected override get copyOfNlri(): Nlri {
    return this.#nlri;
  }

  protected override same(a: Nlri, b: Nlri): boolean {
    return this.#family.same(a, b);
  }
}
