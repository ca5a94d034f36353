import type { Destination } from '../bgp/index.js';
import { EMPTY_TOPOLOGY, type Topology } from '../dataplane/index.js';
import { IPV4_ANY, type Ip, isMartian, type Mac } from '../types/index.js';
import { type MacIpAdvertisement, NdFlag, type PathAttributes, RouteType } from '../wire/index.js';
import { type Few, isSeveral } from './few.js';
import { type Claim, compareClaims } from './mobility.js';

/** The best word on a MAC or IP from elsewhere, and the route that says it. One is made for each look: it reads, and copies nothing. */
export class RemoteClaim implements Claim {
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
  get vtep(): Ip {
    return this.attributes.nextHop;
  }
  get router(): boolean {
    return ((this.attributes.ndFlags ?? 0) & NdFlag.ROUTER) !== 0;
  }
  /** A default gateway's MAC, which FRR's rows hold as they hold a sticky one. */
  get gateway(): boolean {
    return this.attributes.defaultGateway;
  }
}

/**
 * The best of the imported routes by compareClaims; routes that point to this machine itself, or nowhere, do not count
 * (RFC 7432 §7.7 names one leaf as the right one; the lower VTEP wins among leaves that say the same).
 */
export function bestClaim(destinations: Few<Destination>, topology: Topology): RemoteClaim | undefined {
  if (destinations === undefined) return undefined;
  if (!isSeveral(destinations)) return usableClaim(destinations, topology);
  let best: RemoteClaim | undefined;
  for (const destination of destinations) {
    const claim = usableClaim(destination, topology);
    if (claim && (!best || compareClaims(claim, best) < 0)) best = claim;
  }
  return best;
}

function usableClaim(destination: Destination, topology: Topology): RemoteClaim | undefined {
  const claim = claimOf(destination);
  return claim && isUsable(claim.vtep, topology) ? claim : undefined;
}

/** What one route says; undefined where it says nothing of a MAC. */
export function claimOf(destination: Destination): RemoteClaim | undefined {
  const path = destination.best;
  if (!path || path.nlri.type !== RouteType.MAC_IP_ADVERTISEMENT) return undefined;
  return new RemoteClaim(destination, path.nlri, path.attributes);
}

/** The latest question of the next, and its answer: a table's routes are of a few VTEPs. */
const latest = { vtep: IPV4_ANY as Ip, topology: EMPTY_TOPOLOGY, usable: false };

/** A VTEP that can be one: not ourselves, not a martian. */
export function isUsable(vtep: Ip, topology: Topology): boolean {
  if (vtep !== latest.vtep || topology !== latest.topology) {
    latest.vtep = vtep;
    latest.topology = topology;
    latest.usable = !isMartian(vtep) && !topology.ownIps.has(vtep);
  }
  return latest.usable;
}

/** A MAC that a remote host can have: none of this machine's own. */
export function isForeignMac(mac: Mac, topology: Topology): boolean {
  return !topology.ownMacs.has(mac);
}
