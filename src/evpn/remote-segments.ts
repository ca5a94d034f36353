import type { Destination } from '../bgp/index.js';
import { compareIp, type Esi, type Ip, isIpv4, type Mac, macLow32 } from '../types/index.js';
import {
  type EthernetAutoDiscovery,
  ExtendedCommunityType,
  ExtendedCommunityValue,
  extendedCommunityType,
  MAX_ETHERNET_TAG,
  type PathAttributes,
} from '../wire/index.js';
import { type Few, listOf, withItem, withoutItem } from './few.js';

/** Leaves of a segment that are remembered without a route, until there is one more. */
const MOST_LOST = 64;

/** A leaf of a remote Ethernet segment, as its Ethernet A-D routes in the VNI show it. */
export class SegmentLeaf {
  /** Its Ethernet A-D per ES routes: while one stands, the leaf reaches the segment (RFC 7432 §8.2). */
  perEs: Few<Destination> = undefined;
  /** Its Ethernet A-D per EVI routes: it takes frames for every MAC of the segment, its own or not (RFC 7432 §8.4). */
  perEvi: Few<Destination> = undefined;
  /**
   * Those of its Ethernet A-D per ES routes by which only one leaf at a time reaches the segment (RFC 7432 §7.5). A leaf
   * with several should set the same flag in each; where it does not, one is enough, whichever came last.
   */
  #singles: Few<Destination> = undefined;
  readonly #seed: number;

  constructor(readonly vtep: Ip) {
    this.#seed = seedOf(vtep);
  }

  get singleActive(): boolean {
    return this.#singles !== undefined;
  }

  addPerEs(destination: Destination, singleActive: boolean): void {
    this.perEs = withItem(this.perEs, destination);
    this.#singles = (singleActive ? withItem : withoutItem)(this.#singles, destination);
  }

  deletePerEs(destination: Destination): void {
    this.perEs = withoutItem(this.perEs, destination);
    this.#singles = withoutItem(this.#singles, destination);
  }

  /** Returns what the choice of a leaf depends on, as one number to compare. */
  get state(): number {
    return (
      (this.perEs === undefined ? 0 : 1) + (this.perEvi === undefined ? 0 : 2) + (this.singleActive ? 4 : 0)
    );
  }

  /** None of its routes is left. */
  get isLost(): boolean {
    return this.perEs === undefined && this.perEvi === undefined;
  }

  /** It takes frames for MACs of the segment that `claimant` announces (RFC 7432 §8.4, §9.2.2). */
  takesFor(claimant: Ip): boolean {
    return this.perEs !== undefined && (this.perEvi !== undefined || this.vtep === claimant);
  }

  /** The leaf with the highest one has the MAC: one that comes takes only its share, one that goes gives only its own. */
  share(mac: Mac): number {
    return mixed(macLow32(mac) ^ this.#seed);
  }
}

/**
 * An Ethernet segment that other leaves have in a VNI, and who reaches it. A MAC/IP route of the segment counts while some
 * leaf does (RFC 7432 §8.2, §8.4): its own originator, or another that announces so for the whole segment.
 */
class RemoteSegment {
  /**
   * By address. One that lost its routes stays listed for a while: a MAC that leaves it for another has not moved.
   */
  leaves: readonly SegmentLeaf[] = [];
  /** How many of them lost their routes. */
  #lost = 0;
  /** Imported MAC/IP routes that name the segment. */
  readonly routes = new Set<Destination>();
  #walk: Iterator<Destination> | undefined = undefined;

  constructor(readonly esi: Esi) {}

  /** No route names it any more. */
  get isEmpty(): boolean {
    return this.routes.size === 0 && this.#lost === this.leaves.length;
  }

  get singleActive(): boolean {
    return this.leaves.some(({ perEs, singleActive }) => perEs !== undefined && singleActive);
  }

  hasLeaf(vtep: Ip): boolean {
    return this.leaves[this.#placeOf(vtep)]?.vtep === vtep;
  }

  /** Takes in an Ethernet A-D route of the leaf; true where the choice of a leaf may be another now. */
  add(destination: Destination, vtep: Ip, attributes: PathAttributes): boolean {
    const leaf = this.#leafOf(vtep);
    const before = leaf.state;
    if (leaf.isLost) this.#lost--;
    if (isPerEs(destination)) leaf.addPerEs(destination, isSingleActive(attributes));
    else leaf.perEvi = withItem(leaf.perEvi, destination);
    return leaf.state !== before;
  }

  /** Takes an Ethernet A-D route of the leaf away; true where the choice of a leaf may be another now. */
  delete(destination: Destination, vtep: Ip): boolean {
    const leaf = this.leaves[this.#placeOf(vtep)];
    if (leaf?.vtep !== vtep || leaf.isLost) return false;
    const before = leaf.state;
    if (isPerEs(destination)) leaf.deletePerEs(destination);
    else leaf.perEvi = withoutItem(leaf.perEvi, destination);
    if (leaf.isLost && ++this.#lost > MOST_LOST) this.#forgetLost();
    return leaf.state !== before;
  }

  /** Its MACs and IPs are to be looked at, from the first on. */
  beginWalk(): void {
    this.#walk = this.routes.values();
  }

  /** Goes on with the walk over at most `max` routes; returns how many of `max` are left over, undefined while there are more routes. */
  walk(max: number, visit: (destination: Destination) => void): number | undefined {
    for (let left = max; left > 0; left--) {
      const next = this.#walk?.next();
      if (next === undefined || next.done === true) {
        this.#walk = undefined;
        return left;
      }
      visit(next.value);
    }
    return undefined;
  }

  /** Each Ethernet A-D route. */
  *discoveries(): IterableIterator<Destination> {
    for (const { perEs, perEvi } of this.leaves) {
      yield* listOf(perEs);
      yield* listOf(perEvi);
    }
  }

  #leafOf(vtep: Ip): SegmentLeaf {
    const place = this.#placeOf(vtep);
    const known = this.leaves[place];
    if (known?.vtep === vtep) return known;
    const leaf = new SegmentLeaf(vtep);
    this.leaves = this.leaves.toSpliced(place, 0, leaf);
    this.#lost++;
    return leaf;
  }

  /** Returns where the leaf is among the others, or would be. */
  #placeOf(vtep: Ip): number {
    let first = 0;
    let end = this.leaves.length;
    while (first < end) {
      const middle = (first + end) >>> 1;
      if (compareIp(this.leaves[middle].vtep, vtep) < 0) first = middle + 1;
      else end = middle;
    }
    return first;
  }

  #forgetLost(): void {
    this.leaves = this.leaves.filter(({ isLost }) => !isLost);
    this.#lost = 0;
  }
}

/** The remote Ethernet segments of a VNI, and which of them are to be looked at. */
export class RemoteSegments {
  readonly #segments = new Map<Esi, RemoteSegment>();
  readonly #dirty = new Set<RemoteSegment>();

  get(esi: Esi): RemoteSegment | undefined {
    return this.#segments.get(esi);
  }

  values(): IterableIterator<RemoteSegment> {
    return this.#segments.values();
  }

  get hasDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** A MAC/IP route names another segment than before; undefined for none. */
  move(destination: Destination, from: Esi | undefined, to: Esi | undefined): void {
    const left = from === undefined ? undefined : this.#segments.get(from);
    if (to !== undefined) this.#make(to).routes.add(destination);
    if (!left) return;
    left.routes.delete(destination);
    this.#prune(left);
  }

  /** An Ethernet A-D route of a segment came, or its attributes changed. */
  discover(destination: Destination, esi: Esi, attributes: PathAttributes): void {
    const segment = this.#make(esi);
    if (segment.add(destination, attributes.nextHop, attributes)) this.#mark(segment);
  }

  /** An Ethernet A-D route of a segment went from the leaf. */
  undiscover(destination: Destination, esi: Esi, vtep: Ip): void {
    const segment = this.#segments.get(esi);
    if (!segment) return;
    if (segment.delete(destination, vtep)) this.#mark(segment);
    this.#prune(segment);
  }

  /**
   * Visits at most `max` routes of the segments that changed, however many there are: who reaches a segment is one change
   * for all its MACs. Returns how many of `max` are left over.
   */
  visitDirty(max: number, visit: (destination: Destination) => void): number {
    let left = max;
    for (const segment of this.#dirty) {
      const rest = segment.walk(left, visit);
      if (rest === undefined) return 0;
      this.#dirty.delete(segment);
      left = rest;
    }
    return left;
  }

  #mark(segment: RemoteSegment): void {
    segment.beginWalk();
    this.#dirty.add(segment);
  }

  #make(esi: Esi): RemoteSegment {
    let segment = this.#segments.get(esi);
    if (!segment) {
      segment = new RemoteSegment(esi);
      this.#segments.set(esi, segment);
    }
    return segment;
  }

  #prune(segment: RemoteSegment): void {
    if (!segment.isEmpty) return;
    this.#segments.delete(segment.esi);
    this.#dirty.delete(segment);
  }
}

function isPerEs({ nlri }: Destination): boolean {
  return (nlri as EthernetAutoDiscovery).ethernetTag === MAX_ETHERNET_TAG;
}

function isSingleActive({ extendedCommunities }: PathAttributes): boolean {
  return extendedCommunities.some(
    (value) =>
      extendedCommunityType(value) === ExtendedCommunityType.ESI_LABEL &&
      ExtendedCommunityValue.singleActive(value),
  );
}

/** Not hashNumber: a restart must choose as the process before it did. */
function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function seedOf(vtep: Ip): number {
  if (isIpv4(vtep)) return mixed(vtep);
  let seed = 0;
  for (let i = 0; i < vtep.length; i++) seed = mixed(seed ^ vtep.charCodeAt(i));
  return seed;
}
