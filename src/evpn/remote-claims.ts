import type { Destination } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import type { Ip } from '../types/index.js';
import { type MacIpAdvertisement, NdFlag, type PathAttributes, RouteType } from '../wire/index.js';
import { type Few, isSeveral } from './few.js';
import type { MacVrf } from './mac-vrf.js';
import { type Claim, compareClaims } from './mobility.js';
import { labelReason, vtepReason } from './unused.js';

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
 * The best of the imported routes by compareClaims; routes that the VNI cannot use (unused.ts) do not count
 * (RFC 7432 §7.7 names one leaf as the right one; the lower VTEP wins among leaves that say the same).
 */
export function bestClaim(
  destinations: Few<Destination>,
  vrf: MacVrf,
  topology: Topology,
): RemoteClaim | undefined {
  if (destinations === undefined) return undefined;
  if (!isSeveral(destinations)) return usableClaim(destinations, vrf, topology);
  let best: RemoteClaim | undefined;
  for (const destination of destinations) {
    const claim = usableClaim(destination, vrf, topology);
    if (claim && (!best || compareClaims(claim, best) < 0)) best = claim;
  }
  return best;
}

function usableClaim(destination: Destination, vrf: MacVrf, topology: Topology): RemoteClaim | undefined {
  const claim = claimOf(destination);
  if (!claim || labelReason(claim.route, claim.attributes, vrf) !== undefined) return undefined;
  return vtepReason(claim.vtep, vrf, topology) === undefined ? claim : undefined;
}

/** What one route says; undefined where it says nothing of a MAC. */
export function claimOf(destination: Destination): RemoteClaim | undefined {
  const path = destination.best;
  if (!path || path.nlri.type !== RouteType.MAC_IP_ADVERTISEMENT) return undefined;
  return new RemoteClaim(destination, path.nlri, path.attributes);
}
