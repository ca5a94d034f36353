import {
  type Esi,
  type Ip,
  type Mac,
  macFromParts,
  macHigh16,
  macLow32,
  type RouteDistinguisher,
} from '../types/index.js';
import {
  EVPN,
  type EvpnNlri,
  type Family,
  type MacIpAdvertisement,
  type PathAttributes,
  type Route,
  RouteType,
  sameNlri,
} from '../wire/index.js';
import { better, decideSeveral, selectBest, type Usable } from './decision.js';
import type { Destination, Path, PathSource } from './route.js';
import type { TableEntry } from './table.js';

/** A neighbour, as far as its paths need it: one whose epoch is not the neighbour's is stale. */
export interface Teller {
  readonly epoch: number;
}

/** When and from whom: one object for all the paths that a neighbour brings within a millisecond. */
export class Arrival {
  constructor(
    readonly neighbor: Teller,
    readonly source: PathSource,
    readonly receivedAt: number,
    /** The neighbour's epoch then. */
    readonly epoch: number,
  ) {}
}

/** Of a destination whose last path went. */
const NEVER = new Arrival({ epoch: 0 }, { neighbor: '', routerId: 0, internal: false }, 0, 0);

/** A path as the RIB holds it. What it says may change in its place: nobody keeps one over a turn of the event loop. */
export interface RibPath<Nlri extends Route = EvpnNlri> extends Path<Nlri> {
  arrival: Arrival;
}

/** What a neighbour said, but for the NLRI. */
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
}

/** The path of a neighbour behind the first. */
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
 * A destination, and in the same object the path of the neighbour that spoke first: most have one path or two, and what a
 * table of a hundred thousand costs is the garbage collector's carrying its objects about. Paths of others form a chain.
 */
export abstract class RibDestination<Nlri extends Route = EvpnNlri>
  extends Told
  implements Destination<Nlri>, RibPath<Nlri>, TableEntry<RibDestination<Nlri>, Nlri>
{
  chained: RibDestination<Nlri> | undefined = undefined;
  best: RibPath<Nlri> | undefined = undefined;
  note: object | undefined = undefined;
  /** It is in the RIB's dirty set. */
  dirty = false;
  #later: LaterPath<Nlri> | undefined = undefined;

  /** As the first path's neighbour sent it. */
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
    const paths: RibPath<Nlri>[] = this.hasPath ? [this] : [];
    for (let path = this.#later; path !== undefined; path = path.next) paths.push(path);
    return paths;
  }

  get chosen(): readonly RibPath<Nlri>[] {
    return this.best === undefined ? [] : [this.best];
  }

  pathOf(neighbor: Teller): RibPath<Nlri> | undefined {
    if (this.arrival.neighbor === neighbor) return this;
    let path = this.#later;
    while (path !== undefined && path.arrival.neighbor !== neighbor) path = path.next;
    return path;
  }

  /**
   * Enters a path in the place of `old`, its neighbour's last, or behind all others. True where `old` is of another NLRI now,
   * beside its key.
   */
  put(arrival: Arrival, attributes: PathAttributes, nlri: Nlri, old: RibPath<Nlri> | undefined): boolean {
    if (old === this || !this.hasPath) {
      this.arrival = arrival;
      this.attributes = attributes;
      return this.#say(nlri);
    }
    // One object for all who say the same
    const said = this.same(this.nlri, nlri) ? this.nlri : nlri;
    if (old instanceof LaterPath) {
      const differs = !this.same(old.nlri, said);
      old.arrival = arrival;
      old.attributes = attributes;
      old.nlri = said;
      return differs;
    }
    this.#link(undefined, new LaterPath(arrival, attributes, said));
    return false;
  }

  /** Takes the path away. True where the destination itself is of another path's NLRI now, which differs beside the key. */
  remove(path: RibPath<Nlri>): boolean {
    if (path instanceof LaterPath) {
      this.#link(path, path.next);
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
    return this.#say(next.nlri);
  }

  /** The decision process's choice; no list is built for one path or two. */
  choose(usable: Usable<Nlri> | undefined): RibPath<Nlri> | undefined {
    const later = this.#later;
    if (later === undefined) return this.hasPath ? this : undefined;
    return later.next === undefined
      ? better<RibPath<Nlri>>(this, later, usable)
      : selectBest(this.paths, usable);
  }

  /** Chooses what stands beside the best path; true where what is chosen differs from before. */
  chooseSeveral(_usable: Usable<Nlri> | undefined): boolean {
    return false;
  }

  /** True where the first path's NLRI is another one now. */
  #say(nlri: Nlri): boolean {
    if (this.same(this.nlri, nlri)) return false;
    const before = this.copyOfNlri;
    for (let path = this.#later; path !== undefined; path = path.next)
      if (path.nlri === this.nlri) path.nlri = before;
    this.takeOver(nlri);
    return true;
  }

  /** Lets what leads to `to`, or to the end, lead to `path`. */
  #link(to: LaterPath<Nlri> | undefined, path: LaterPath<Nlri> | undefined): void {
    if (this.#later === to) {
      this.#later = path;
      return;
    }
    let before = this.#later;
    while (before !== undefined && before.next !== to) before = before.next;
    if (before !== undefined) before.next = path;
  }
}

/** What MAC/IP routes of one VNI mostly have in common. */
type Commons = Pick<MacIpAdvertisement, 'esi' | 'ethernetTag' | 'label1' | 'label2'>;

/** The latest of each remainder of the label. */
const LATEST_COMMONS = new Array<Commons>(64).fill({
  esi: '' as Esi,
  ethernetTag: 0,
  label1: 0,
  label2: undefined,
});

function commonsOf({ esi, ethernetTag, label1, label2 }: MacIpAdvertisement): Commons {
  const place = label1 % LATEST_COMMONS.length;
  const latest = LATEST_COMMONS[place];
  if (
    latest.label1 === label1 &&
    latest.esi === esi &&
    latest.ethernetTag === ethernetTag &&
    latest.label2 === label2
  )
    return latest;
  LATEST_COMMONS[place] = { esi, ethernetTag, label1, label2 };
  return LATEST_COMMONS[place];
}

/** The destination of a MAC/IP route is its own NLRI. The MAC stands in two small numbers: as one it were an object itself. */
class MacIpDestination extends RibDestination implements MacIpAdvertisement {
  readonly rd: RouteDistinguisher;
  readonly ip: Ip | undefined;
  readonly #macHigh: number;
  /** Signed. */
  readonly #macLow: number;
  #commons: Commons;

  constructor(arrival: Arrival, attributes: PathAttributes, nlri: MacIpAdvertisement) {
    super(arrival, attributes);
    this.rd = nlri.rd;
    this.ip = nlri.ip;
    this.#macHigh = macHigh16(nlri.mac);
    this.#macLow = macLow32(nlri.mac) | 0;
    this.#commons = commonsOf(nlri);
  }

  get type(): typeof RouteType.MAC_IP_ADVERTISEMENT {
    return RouteType.MAC_IP_ADVERTISEMENT;
  }
  get mac(): Mac {
    return macFromParts(this.#macHigh, this.#macLow >>> 0);
  }
  get esi(): Esi {
    return this.#commons.esi;
  }
  get ethernetTag(): number {
    return this.#commons.ethernetTag;
  }
  get label1(): number {
    return this.#commons.label1;
  }
  get label2(): number | undefined {
    return this.#commons.label2;
  }

  override get nlri(): MacIpAdvertisement {
    return this;
  }

  protected override takeOver(nlri: EvpnNlri): void {
    if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) this.#commons = commonsOf(nlri);
  }

  protected override get copyOfNlri(): MacIpAdvertisement {
    const { type, rd, mac, ip } = this;
    return { type, rd, mac, ip, ...this.#commons };
  }

  protected override same(a: EvpnNlri, b: EvpnNlri): boolean {
    return sameNlri(a, b);
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

/** A path that was chosen, and what it said then. */
interface Choice<Nlri extends Route> {
  readonly path: RibPath<Nlri>;
  readonly attributes: PathAttributes;
  readonly nlri: Nlri;
}

/** A destination for which several equally good paths are chosen. */
export class MultipathDestination<Nlri extends Route> extends PlainDestination<Nlri> {
  readonly #most: number;
  #chosen: readonly Choice<Nlri>[] = [];

  constructor(
    arrival: Arrival,
    attributes: PathAttributes,
    nlri: Nlri,
    family: Family<Nlri>,
    /** Paths that may be chosen. */
    most: number,
  ) {
    super(arrival, attributes, nlri, family);
    this.#most = most;
  }

  override get chosen(): readonly RibPath<Nlri>[] {
    return this.#chosen.map(({ path }) => path);
  }

  override chooseSeveral(usable: Usable<Nlri> | undefined): boolean {
    const before = this.#chosen;
    const chosen = decideSeveral(this.paths, this.#most, usable);
    this.#chosen = chosen.map((path) => ({ path, attributes: path.attributes, nlri: path.nlri }));
    return (
      chosen.length !== before.length ||
      chosen.some(
        ({ attributes, nlri }, n) => attributes !== before[n].attributes || !this.same(nlri, before[n].nlri),
      )
    );
  }
}

/** An EVPN destination with its first path: of all but MAC/IP routes there are few. */
export function evpnDestination(
  arrival: Arrival,
  attributes: PathAttributes,
  nlri: EvpnNlri,
): RibDestination {
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT
    ? new MacIpDestination(arrival, attributes, nlri)
    : new PlainDestination(arrival, attributes, nlri, EVPN);
}
