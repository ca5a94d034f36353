import type { Destination } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import { RouteType } from '../wire/index.js';
import type { MacVrf } from './mac-vrf.js';
import { claimOf, whyNoClaim } from './remote-claims.js';
import { contentReason, forwardingReason, labelReason } from './route-types/index.js';
import { ipReason, macReason } from './unused.js';
import type { UnusedReason } from './unused-reasons.js';

/**
 * Returns why the destination's best route is not used for a MAC, or for a VTEP, in a VNI that imports it; undefined if it is.
 * What depends on what was decided of the MAC before (`Claims`) is not asked.
 */
export function whyUnused(
  destination: Destination,
  vrf: MacVrf,
  topology: Topology,
): UnusedReason | undefined {
  const { best } = destination;
  if (!best) return undefined;
  const { nlri, attributes } = best;
  // Whoever imports it has judged its tag
  const reason = contentReason(nlri, attributes, true);
  if (reason !== undefined) return reason;
  const claim = claimOf(destination);
  if (claim) return whyNoClaim(claim, vrf, topology) ?? macReason(claim.route.mac, vrf);
  return labelReason(nlri, attributes, vrf) ?? forwardingReason(nlri, attributes, vrf, topology);
}

/** Returns why it is not used for its IP; undefined if it is, or names none. */
export function whyIpUnused(
  destination: Destination,
  vrf: MacVrf,
  topology: Topology,
): UnusedReason | undefined {
  const reason = whyUnused(destination, vrf, topology);
  const nlri = destination.best?.nlri;
  if (reason !== undefined || nlri?.type !== RouteType.MAC_IP_ADVERTISEMENT || nlri.ip === undefined)
    return reason;
  return ipReason(nlri.ip, vrf);
}
