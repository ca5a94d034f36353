import type { Path } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import { type Ip, isIpv4, isMartian, isMulticastMac, type Mac } from '../types/index.js';
import { type EvpnNlri, type MacIpAdvertisement, type PathAttributes, RouteType } from '../wire/index.js';
import type { MacVrf } from './mac-vrf.js';
import type { UnusedReason } from './unused-reasons.js';

/** What rules the route out whatever VNI asks; undefined where nothing does. Types 2 and 3 alone are used. */
export function contentReason(nlri: EvpnNlri, attributes: PathAttributes): UnusedReason | undefined {
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
    if (nlri.ethernetTag !== 0) return 'ethernet-tag';
    const { mac } = nlri;
    if (mac === 0 || isMulticastMac(mac)) return 'mac-address';
  } else if (nlri.type === RouteType.INCLUSIVE_MULTICAST) {
    if (nlri.ethernetTag !== 0) return 'ethernet-tag';
  } else return 'route-type';
  return isMartian(attributes.nextHop) ? 'martian-next-hop' : undefined;
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
 * Why a Type-2 that the VNI imports by a route target is not its own; undefined where it may be. Symmetric IRB sends one
 * route for both, with the route targets of both: the VNI of the IP-VRF, as the second label, has no hosts.
 */
export function labelReason(
  { label1, label2 }: Pick<MacIpAdvertisement, 'label1' | 'label2'>,
  { vni }: MacVrf,
): UnusedReason | undefined {
  return label2 === vni && label1 !== vni ? 'layer-3-label' : undefined;
}

/** Why the MAC can be no remote host's of the VNI; undefined where it can. */
export function macReason(mac: Mac, { own }: MacVrf): UnusedReason | undefined {
  return own.macs.has(mac) ? 'own-mac' : undefined;
}

/** Why the IP can be no remote host's of the VNI; undefined where it can. */
export function ipReason(ip: Ip, { own }: MacVrf): UnusedReason | undefined {
  if (isMartian(ip)) return 'ip-address';
  return own.ips.has(ip) ? 'own-ip' : undefined;
}

/** Why the best route says nothing of a MAC, or of a VTEP, in a VNI that imports it; undefined where it counts. */
export function whyUnused(path: Path, vrf: MacVrf, topology: Topology): UnusedReason | undefined {
  const { nlri, attributes } = path;
  const reason = contentReason(nlri, attributes) ?? vtepReason(attributes.nextHop, vrf, topology);
  if (reason !== undefined || nlri.type !== RouteType.MAC_IP_ADVERTISEMENT) return reason;
  return labelReason(nlri, vrf) ?? macReason(nlri.mac, vrf);
}

/** Why it says nothing of an IP; undefined where it does, or names none. */
export function whyIpUnused(path: Path, vrf: MacVrf, topology: Topology): UnusedReason | undefined {
  const { nlri } = path;
  const reason = whyUnused(path, vrf, topology);
  if (reason !== undefined || nlri.type !== RouteType.MAC_IP_ADVERTISEMENT || nlri.ip === undefined)
    return reason;
  return ipReason(nlri.ip, vrf);
}
