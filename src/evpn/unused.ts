import type { Topology } from '../dataplane/index.js';
import { type Esi, type Ip, isIpv4, isLinkLocal, isMartian, isNoVtep, type Mac } from '../types/index.js';
import type { MacVrf } from './mac-vrf.js';
import type { SegmentLeaf } from './remote-segments.js';
import type { UnusedReason } from './unused-reasons.js';

/** Returns why the address can be no VTEP of the VNI; undefined if it can. The latest answer of each VNI is remembered. */
export function vtepReason(vtep: Ip, vrf: MacVrf, topology: Topology): UnusedReason | undefined {
  const latest = vrf.latestVtep;
  if (latest.vtep !== vtep || latest.topology !== topology || latest.at !== vrf.at) {
    latest.vtep = vtep;
    latest.topology = topology;
    latest.at = vrf.at;
    latest.reason = judgeVtep(vtep, vrf, topology);
  }
  return latest.reason;
}

function judgeVtep(vtep: Ip, { at }: MacVrf, topology: Topology): UnusedReason | undefined {
  if (isNoVtep(vtep)) return 'martian-next-hop';
  if (topology.ownVteps.has(vtep)) return 'own-next-hop';
  if (at?.localVtep !== undefined && isIpv4(at.localVtep) !== isIpv4(vtep)) return 'next-hop-family';
  return undefined;
}

/**
 * The leaf that takes the VNI's frames for a MAC that `claimant` announces as one of the Ethernet segment; undefined while
 * none can. All-active: of those that reach the segment one by the MAC, the same in every process. Single-active: the
 * claimant, or where it no longer reaches the segment its backup, which only a single other leaf can be known to be
 * (RFC 7432 §14.1.1).
 */
export function leafOfSegment(
  esi: Esi,
  mac: Mac,
  claimant: Ip,
  vrf: MacVrf,
  topology: Topology,
): Ip | undefined {
  const segment = vrf.segments.get(esi);
  if (!segment) return undefined;
  const { singleActive } = segment;
  let chosen: SegmentLeaf | undefined;
  let candidates = 0;
  for (const leaf of segment.leaves) {
    if (!leaf.takesFor(claimant) || vtepReason(leaf.vtep, vrf, topology) !== undefined) continue;
    if (singleActive && leaf.vtep === claimant) return claimant;
    candidates++;
    if (chosen === undefined || leaf.share(mac) > chosen.share(mac)) chosen = leaf;
  }
  return singleActive && candidates > 1 ? undefined : chosen?.vtep;
}

/** Returns why the MAC can be no remote host's of the VNI; undefined if it can. */
export function macReason(mac: Mac, { own }: MacVrf): UnusedReason | undefined {
  return own.macs.has(mac) ? 'own-mac' : undefined;
}

/**
 * Returns why the IP can be no host's of the VNI, here or elsewhere; undefined if it can. An IPv4 link-local address
 * (RFC 3927) is of one node: resolvers of metadata and gateways of containers have the same on each.
 */
export function ipReason(ip: Ip, { own }: MacVrf): UnusedReason | undefined {
  if (isMartian(ip) || (isIpv4(ip) && isLinkLocal(ip))) return 'ip-address';
  if (own.ips.has(ip)) return 'own-ip';
  return own.subnetEnds.has(ip) ? 'ip-address' : undefined;
}
