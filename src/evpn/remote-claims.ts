import type { Destination, LocalRib } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import { compareIp, type Esi, type Ip, isReservedEsi } from '../types/index.js';
import { type MacIpAdvertisement, NdFlag, type PathAttributes, RouteType } from '../wire/index.js';
import { type Few, isSeveral } from './few.js';
import type { MacVrf } from './mac-vrf.js';
import { type Claim, compareClaims } from './mobility.js';
import { type Pin, Rule } from './rules.js';
import { labelReason, leafOfSegment, vtepReason } from './unused.js';

/** The best word on a MAC or IP from elsewhere, and the route that says it. One is made for each look: it reads, and copies nothing. */
export class RemoteClaim implements Claim {
  /** The leaf of its Ethernet segment that was chosen; undefined where it names none, or none reaches it. */
  chosen: Ip | undefined = undefined;

  constructor(
    readonly destination: Destination,
    readonly route: MacIpAdvertisement,
    readonly attributes: PathAttributes,
  ) {}

  get sequence(): number {
    return this.attributes.macMobility?.sequence ?? 0;
  }
  get sticky(): boolean {
    return this.attributes.macMobility?.sticky ?? false;
  }
  /** Who says it. */
  get vtep(): Ip {
    return this.attributes.nextHop;
  }
  /** The VTEP that frames go to. */
  get leaf(): Ip {
    return this.chosen ?? this.attributes.nextHop;
  }
  get segment(): Esi | undefined {
    return isReservedEsi(this.route.esi) ? undefined : this.route.esi;
  }
  get router(): boolean {
    return ((this.attributes.ndFlags ?? 0) & NdFlag.ROUTER) !== 0;
  }
  get pin(): Pin | undefined {
    if (this.sticky) return Rule.STICKY;
    if (this.attributes.defaultGateway) return Rule.GATEWAY;
    return this.immutable ? Rule.IMMUTABLE : undefined;
  }
  /** All that binds it, of which `pin` is the first. */
  get pins(): Pin[] {
    const pins: Pin[] = [];
    if (this.sticky) pins.push(Rule.STICKY);
    if (this.attributes.defaultGateway) pins.push(Rule.GATEWAY);
    if (this.immutable) pins.push(Rule.IMMUTABLE);
    return pins;
  }
  /** RFC 9047 §3.1, the I flag. */
  get immutable(): boolean {
    return ((this.attributes.ndFlags ?? 0) & NdFlag.IMMUTABLE) !== 0;
  }
}

/**
 * compareClaims, and where a leaf says two things with one number, the lower MAC, then the lower route distinguisher,
 * Ethernet tag and IP: that is all of a route's key, so what is chosen never hangs on which route came first.
 */
export function compareRemoteClaims(a: RemoteClaim, b: RemoteClaim): number {
  return compareClaims(a, b) || compareKeys(a.route, b.route);
}

function compareKeys(a: MacIpAdvertisement, b: MacIpAdvertisement): number {
  return (
    a.mac - b.mac ||
    a.rd.high - b.rd.high ||
    a.rd.low - b.rd.low ||
    a.ethernetTag - b.ethernetTag ||
    Number(a.ip !== undefined) - Number(b.ip !== undefined) ||
    (a.ip !== undefined && b.ip !== undefined ? compareIp(a.ip, b.ip) : 0)
  );
}

/** Which claims count, beside those that the VNI cannot use. */
export type Counting = (claim: RemoteClaim) => boolean;

/**
 * Finds the best of the imported routes by compareRemoteClaims, one after the other; routes that the VNI cannot use (unused.ts)
 * do not count, nor do those of an Ethernet segment that no leaf reaches (RFC 7432 §7.7 names one leaf as the right one;
 * the lower VTEP wins among leaves that say the same). Where `counts` is given, it decides of each of the others, too.
 */
export class ClaimSearch {
  #best: RemoteClaim | undefined = undefined;
  #elsewhere: RemoteClaim | undefined = undefined;

  constructor(
    readonly vrf: MacVrf,
    readonly topology: Topology,
    readonly counts: Counting | undefined,
    /** Claims on an IP: one whose MAC is elsewhere comes before one whose MAC is here or nowhere, which cannot be right. */
    readonly ofIp: boolean,
  ) {}

  see(destination: Destination): void {
    const { vrf, counts } = this;
    const claim = usableClaim(destination, vrf, this.topology);
    if (!claim || (counts && !counts(claim))) return;
    if (isBetter(claim, this.#best)) this.#best = claim;
    if (this.ofIp && isBetter(claim, this.#elsewhere) && isMacElsewhere(claim, vrf)) this.#elsewhere = claim;
  }

  /** The best of what was seen. */
  get found(): RemoteClaim | undefined {
    return this.#elsewhere ?? this.#best;
  }
}

/** The best of the imported routes of a MAC, as ClaimSearch finds it. */
export function bestClaim(
  destinations: Few<Destination>,
  vrf: MacVrf,
  topology: Topology,
  counts?: Counting,
): RemoteClaim | undefined {
  return bestOf(destinations, vrf, topology, counts, false);
}

/** The best of those of an IP. */
export function bestIpClaim(
  destinations: Few<Destination>,
  vrf: MacVrf,
  topology: Topology,
  counts?: Counting,
): RemoteClaim | undefined {
  return bestOf(destinations, vrf, topology, counts, true);
}

function bestOf(
  destinations: Few<Destination>,
  vrf: MacVrf,
  topology: Topology,
  counts: Counting | undefined,
  ofIp: boolean,
): RemoteClaim | undefined {
  if (destinations === undefined) return undefined;
  if (!isSeveral(destinations)) {
    const claim = usableClaim(destinations, vrf, topology);
    return claim && counts && !counts(claim) ? undefined : claim;
  }
  const search = new ClaimSearch(vrf, topology, counts, ofIp);
  for (const destination of destinations) search.see(destination);
  return search.found;
}

function isBetter(claim: RemoteClaim, than: RemoteClaim | undefined): boolean {
  return than === undefined || compareRemoteClaims(claim, than) < 0;
}

function isMacElsewhere({ route }: RemoteClaim, vrf: MacVrf): boolean {
  return vrf.macs.get(route.mac)?.ownership.owner === 'remote';
}

function usableClaim(destination: Destination, vrf: MacVrf, topology: Topology): RemoteClaim | undefined {
  const claim = claimOf(destination);
  if (!claim || labelReason(claim.route, claim.attributes, vrf) !== undefined) return undefined;
  if (isReservedEsi(claim.route.esi))
    return vtepReason(claim.vtep, vrf, topology) === undefined ? claim : undefined;
  chooseLeaf(claim, vrf, topology);
  return claim.chosen === undefined ? undefined : claim;
}

/** Chooses the VTEP that frames go to where the claim names an Ethernet segment. */
export function chooseLeaf(claim: RemoteClaim, vrf: MacVrf, topology: Topology): void {
  const { route, vtep } = claim;
  if (!isReservedEsi(route.esi)) claim.chosen = leafOfSegment(route.esi, route.mac, vtep, vrf, topology);
}

/** What one route says; undefined where it says nothing of a MAC. */
export function claimOf(destination: Destination): RemoteClaim | undefined {
  const path = destination.best;
  if (!path || path.nlri.type !== RouteType.MAC_IP_ADVERTISEMENT) return undefined;
  return new RemoteClaim(destination, path.nlri, path.attributes);
}

/**
 * The route is one that we announce, come back with another next hop; `ours` is our own sequence number. Leaves that share
 * an RD announce the same NLRI when a host moves between them; such a route has a higher number.
 */
export function isOwnRoute(
  { route, sequence }: RemoteClaim,
  vrf: MacVrf,
  ours: number,
  localRib: LocalRib,
): boolean {
  return route.rd === vrf.rd && sequence <= ours && localRib.route(route) !== undefined;
}
