import {
  type Esi,
  type Ip,
  type Mac,
  macFromParts,
  macHigh16,
  macLow32,
  type RouteDistinguisher,
} from '../types/index.js';
import { type EvpnNlri, type MacIpAdvertisement, type PathAttributes, RouteType } from '../wire/index.js';
import { better, selectBest, type Usable } from './decision.js';
import type { Destination, Path, PathSource } from './route.js';
import { sameNlri } from './route-key.js';
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
export interface RibPath extends Path {
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
class LaterPath extends Told implements RibPath {
  next: LaterPath | undefined = undefined;

  constructor(
    arrival: Arrival,
    attributes: PathAttributes,
    public nlri: EvpnNlri,
  ) {
    super(arrival, attributes);
  }
}

/**
 * A destination, and in the same object the path of the neighbour that spoke first: most have one path or two, and what a
 * table of a hundred thousand costs is the garbage collector's carrying its objects about. Paths of others form a chain.
 */
export abstract class RibDestination
  extends Told
  implements Destination, RibPath, TableEntry<RibDestination>
{
  chained: RibDestination | undefined = undefined;
  best: RibPath | undefined = undefined;
  note: object | undefined = undefined;
  /** It is in the RIB's dirty set. */
  dirty = false;
  #later: LaterPath | undefined = undefined;

  /** As the first path's neighbour sent it. */
  abstract get nlri(): EvpnNlri;

  /** The NLRI of the first path is this one from now on, which has the same key. */
  protected abstract takeOver(nlri: EvpnNlri): void;

  /** The NLRI, as an object that stays as it is now. */
  protected abstract get copyOfNlri(): EvpnNlri;

  /** False once the last path went. */
  get hasPath(): boolean {
    return this.arrival !== NEVER;
  }

  get paths(): readonly RibPath[] {
    const paths: RibPath[] = this.hasPath ? [this] : [];
    for (let path = this.#later; path !== undefined; path = path.next) paths.push(path);
    return paths;
  }

  pathOf(neighbor: Teller): RibPath | undefined {
    if (this.arrival.neighbor === neighbor) return this;
    let path = this.#later;
    while (path !== undefined && path.arrival.neighbor !== neighbor) path = path.next;
    return path;
  }

  /**
   * Enters a path in the place of `old`, its neighbour's last, or behind all others. True where `old` is of another NLRI now,
   * beside its key.
   */
  put(arrival: Arrival, attributes: PathAttributes, nlri: EvpnNlri, old: RibPath | undefined): boolean {
    if (old === this || !this.hasPath) {
      this.arrival = arrival;
      this.attributes = attributes;
      return this.#say(nlri);
    }
    // One object for all who say the same
    const said = sameNlri(this.nlri, nlri) ? this.nlri : nlri;
    if (old instanceof LaterPath) {
      const differs = !sameNlri(old.nlri, said);
      old.arrival = arrival;
      old.attributes = attributes;
      old.nlri = said;
      return differs;
    }
    this.#link(undefined, new LaterPath(arrival, attributes, said));
    return false;
  }

  /** Takes the path away. True where the destination itself is of another path's NLRI now, which differs beside the key. */
  remove(path: RibPath): boolean {
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
  choose(usable: Usable | undefined): RibPath | undefined {
    const later = this.#later;
    if (later === undefined) return this.hasPath ? this : undefined;
    return later.next === undefined ? better<RibPath>(this, later, usable) : selectBest(this.paths, usable);
  }

  /** True where the first path's NLRI is another one now. */
  #say(nlri: EvpnNlri): boolean {
    if (sameNlri(this.nlri, nlri)) return false;
    const before = this.copyOfNlri;
    for (let path = this.#later; path !== undefined; path = path.next)
      if (path.nlri === this.nlri) path.nlri = before;
    this.takeOver(nlri);
    return true;
  }

  /** Lets what leads to `to`, or to the end, lead to `path`. */
  #link(to: LaterPath | undefined, path: LaterPath | undefined): void {
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
}

/** The destination of a route of which there are few. */
class OtherDestination extends RibDestination {
  #nlri: EvpnNlri;

  constructor(arrival: Arrival, attributes: PathAttributes, nlri: EvpnNlri) {
    super(arrival, attributes);
    this.#nlri = nlri;
  }

  override get nlri(): EvpnNlri {
    return this.#nlri;
  }

  protected override takeOver(nlri: EvpnNlri): void {
    this.#nlri = nlri;
  }

  protected override get copyOfNlri(): EvpnNlri {
    return this.#nlri;
  }
}

/** A destination with its first path. */
export function destinationOf(arrival: Arrival, attributes: PathAttributes, nlri: EvpnNlri): RibDestination {
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT
    ? new MacIpDestination(arrival, attributes, nlri)
    : new OtherDestination(arrival, attributes, nlri);
}
