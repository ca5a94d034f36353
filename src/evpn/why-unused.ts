import type { Destination } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import { INGRESS_REPLICATION, RouteType } from '../wire/index.js';
import type { MacVrf } from './mac-vrf.js';
import { claimOf, whyNoClaim } from './remote-claims.js';
import {
  contentReason,
  ipReason,
  labelReason,
  macReason,
  noCopyReason,
  vtepOf,
  vtepReason,
} from './unused.js';
import type { UnusedReason } from './unused-reasons.js';

/**
 * Why the destination's best route says nothing of a MAC, or of a VTEP, in a VNI that imports it; undefined where it does.
 * What hangs on what was decided of the MAC before (remote-claims.ts) is not asked.
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
  const ofLabel = labelReason(nlri, attributes, vrf);
  if (ofLabel !== undefined) return ofLabel;
  const vtep = vtepOf(nlri, attributes);
  if (nlri.type !== RouteType.INCLUSIVE_MULTICAST) return vtepReason(vtep, vrf, topology);
  if (attributes.pmsiTunnel?.tunnelType !== INGRESS_REPLICATION)
    return vtepReason(vtep, vrf, topology) ?? 'no-ingress-replication';
  return noCopyReason(vtep, vrf, topology) ?? (vrf.leftOut?.has(vtep) ? 'flood-limit' : undefined);
}

/** Why it says nothing of an IP; undefined where it does, or names none. */
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
