import type { Destination, LocalRib } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import { compareIp, type Esi, type Ip, isReservedEsi } from '../types/index.js';
import { type MacIpAdvertisement, NdFlag, type PathAttributes, RouteType } from '../wire/index.js';
import type { MacVrf } from './mac-vrf.js';
import { type Claim, compareClaims } from './mobility.js';
import { labelReason } from './route-types/index.js';
import { type Pin, Rule } from './rules.js';
import { leafOfSegment, vtepReason } from './unused.js';
import type { UnusedReason } from './unused-reasons.js';

/** A remote claim on a MAC or an IP, as its route makes it. One is made for each look: it reads, and copies nothing. */
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
  /** The leaf that makes the claim. */
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
 * compareClaims, and if one leaf makes two claims with one number, the lower MAC, then the lower route distinguisher,
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

/**
 * Returns why a MAC/IP route is no claim in a VNI that imports it; undefined if it is one. Where it names an Ethernet segment, the
 * leaf that frames go to is chosen then (RFC 7432 §8.4).
 */
export function whyNoClaim(claim: RemoteClaim, vrf: MacVrf, topology: Topology): UnusedReason | undefined {
  const { route, attributes, vtep } = claim;
  const reason = labelReason(route, attributes, vrf);
  if (reason !== undefined) return reason;
  if (isReservedEsi(route.esi)) return vtepReason(vtep, vrf, topology);
  claim.chosen = leafOfSegment(route.esi, route.mac, vtep, vrf, topology);
  return claim.chosen === undefined ? 'ethernet-segment' : undefined;
}

/**
 * The order of claims on an IP: one whose MAC is behind a remote leaf comes before one whose MAC is here or nowhere, which
 * cannot be right; then as compareRemoteClaims.
 */
export function compareIpClaims(a: RemoteClaim, b: RemoteClaim, vrf: MacVrf): number {
  return Number(isMacThere(b, vrf)) - Number(isMacThere(a, vrf)) || compareRemoteClaims(a, b);
}

/** The claim's MAC is behind a remote leaf. */
export function isMacThere({ route }: RemoteClaim, vrf: MacVrf): boolean {
  return vrf.macs.get(route.mac)?.ownership.owner === 'remote';
}

/** The MAC went from one VTEP to another, and these are not leaves of the one Ethernet segment that it is behind. */
export function isElsewhere(
  vrf: MacVrf,
  remote: RemoteClaim | undefined,
  vtep: Ip | undefined,
  before: Ip | undefined,
): boolean {
  if (vtep === before) return false;
  const segment = remote?.segment;
  return segment === undefined || before === undefined || !vrf.segments.get(segment)?.hasLeaf(before);
}

/** Returns the claim of the path, of the best one if none is named; undefined if it is no MAC/IP route. */
export function claimOf(destination: Destination, path = destination.best): RemoteClaim | undefined {
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
