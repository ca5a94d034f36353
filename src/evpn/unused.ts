import type { Topology } from '../dataplane/index.js';
import {
  type Esi,
  type Ip,
  isIpv4,
  isLinkLocal,
  isMartian,
  isMulticastMac,
  isReservedEsi,
  type Mac,
  unmapped,
} from '../types/index.js';
import {
  type EvpnNlri,
  MAX_ETHERNET_TAG,
  type PathAttributes,
  RouteType,
  TUNNEL_TYPE_VXLAN,
} from '../wire/index.js';
import type { MacVrf } from './mac-vrf.js';
import type { SegmentLeaf } from './remote-segments.js';
import type { UnusedReason } from './unused-reasons.js';

/**
 * Where frames for the route go. BUM traffic goes to the end of the ingress-replication tunnel that the PMSI attribute
 * names (RFC 7432 §11.2, RFC 6514 §5), which need not be the originator's address or the next hop; all else to the next hop
 * (RFC 8365 §5.1.3).
 */
export function vtepOf({ type }: Pick<EvpnNlri, 'type'>, { nextHop, pmsiTunnel }: PathAttributes): Ip {
  const endpoint = type === RouteType.INCLUSIVE_MULTICAST ? pmsiTunnel?.endpoint : undefined;
  return endpoint === undefined ? nextHop : unmapped(endpoint);
}

/**
 * What rules the route out whatever VNI asks; undefined where nothing does. Types 1, 2 and 3 alone are used; `importTags`:
 * also those with an Ethernet tag. The end of an ingress-replication tunnel must be a routable address of its leaf
 * (RFC 7432 §11.2, after RFC 6514 §9.1.1), and neither those nor RFC 8365 §9 put the next hop in its place where it is not.
 */
export function contentReason(
  nlri: EvpnNlri,
  attributes: PathAttributes,
  importTags: boolean,
): UnusedReason | undefined {
  const reason = kindReason(nlri, importTags);
  if (reason !== undefined) return reason;
  const { type } = nlri;
  const { encapsulations, pmsiTunnel } = attributes;
  if (encapsulations.length > 0 && !encapsulations.includes(TUNNEL_TYPE_VXLAN)) return 'encapsulation';
  if (type === RouteType.MAC_IP_ADVERTISEMENT) {
    const { mac } = nlri;
    if (mac === 0 || isMulticastMac(mac)) return 'mac-address';
  } else if (type === RouteType.INCLUSIVE_MULTICAST && pmsiTunnel === undefined) return 'no-pmsi-tunnel';
  if (!isMartian(vtepOf(nlri, attributes))) return undefined;
  return type === RouteType.INCLUSIVE_MULTICAST && pmsiTunnel?.endpoint !== undefined
    ? 'pmsi-endpoint'
    : 'martian-next-hop';
}

/** What of the type and its tag rules the route out. */
function kindReason(nlri: EvpnNlri, importTags: boolean): UnusedReason | undefined {
  const { type } = nlri;
  if (type === RouteType.ETHERNET_AUTO_DISCOVERY) {
    if (isReservedEsi(nlri.esi)) return 'reserved-esi';
    if (nlri.ethernetTag === MAX_ETHERNET_TAG) return undefined;
  } else if (type !== RouteType.MAC_IP_ADVERTISEMENT && type !== RouteType.INCLUSIVE_MULTICAST)
    return 'route-type';
  return nlri.ethernetTag === 0 || importTags ? undefined : 'ethernet-tag';
}

/** Why the address can be no VTEP of the VNI; undefined where it can. The latest answer of each VNI is remembered. */
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
  if (isMartian(vtep)) return 'martian-next-hop';
  if (topology.ownVteps.has(vtep)) return 'own-next-hop';
  if (at?.localVtep !== undefined && isIpv4(at.localVtep) !== isIpv4(vtep)) return 'next-hop-family';
  return undefined;
}

/**
 * Why a route that the VNI imports by a route target is not its own; undefined where it may be. Symmetric IRB sends one
 * Type-2 for both VNIs, with the route targets of both: the VNI of the IP-VRF, as the second label, has no hosts. Routes
 * of a VLAN-aware bundle have the route target of the bundle, and their label says which VNI of it they are of.
 */
export function labelReason(
  nlri: EvpnNlri,
  attributes: PathAttributes,
  { vni }: MacVrf,
): UnusedReason | undefined {
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
    const { label1, label2 } = nlri;
    if (label1 === vni) return undefined;
    if (label2 === vni) return 'layer-3-label';
    return nlri.ethernetTag === 0 ? undefined : 'bundle-label';
  }
  if (nlri.type === RouteType.ETHERNET_AUTO_DISCOVERY) {
    const { ethernetTag, label } = nlri;
    if (ethernetTag === 0 || ethernetTag === MAX_ETHERNET_TAG) return undefined;
    return label === vni ? undefined : 'bundle-label';
  }
  if (nlri.type !== RouteType.INCLUSIVE_MULTICAST || nlri.ethernetTag === 0) return undefined;
  return attributes.pmsiTunnel?.label === vni ? undefined : 'bundle-label';
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

/** Why the MAC can be no remote host's of the VNI; undefined where it can. */
export function macReason(mac: Mac, { own }: MacVrf): UnusedReason | undefined {
  return own.macs.has(mac) ? 'own-mac' : undefined;
}

/**
 * Why the IP can be no host's of the VNI, here or elsewhere; undefined where it can. An IPv4 link-local address
 * (RFC 3927) is of one node: resolvers of metadata and gateways of containers have the same on each.
 */
export function ipReason(ip: Ip, { own }: MacVrf): UnusedReason | undefined {
  if (isMartian(ip) || (isIpv4(ip) && isLinkLocal(ip))) return 'ip-address';
  if (own.ips.has(ip)) return 'own-ip';
  return own.subnetEnds.has(ip) ? 'ip-address' : undefined;
}

/** Why no copies of the VNI's BUM traffic go to other leaves; undefined where they may. */
export function floodingReason({ flooding, at }: MacVrf): UnusedReason | undefined {
  if (!flooding) return 'flooding-disabled';
  return at?.multicastGroup === undefined ? undefined : 'multicast-group';
}

/** Why no copy goes to a VTEP that asks for one; undefined where one does, as long as there is room. */
export function noCopyReason(vtep: Ip, vrf: MacVrf, topology: Topology): UnusedReason | undefined {
  return vtepReason(vtep, vrf, topology) ?? floodingReason(vrf);
}
