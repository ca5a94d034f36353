import { ESI_ZERO, type Ip, isMulticastMac, isNoVtep, type Mac } from '../../types/index.js';
import { type MacIpAdvertisement, RouteType } from '../../wire/index.js';
import { withItem, withoutItem } from '../few.js';
import type { MacVrf } from '../mac-vrf.js';
import { vtepReason } from '../unused.js';
import { encapsulationReason, tagReason, type UsedRouteType } from './route-type.js';

/**
 * Returns the Type-2 of a MAC, with its IP or without (RFC 7432 §10, RFC 8365 §5.1.3: the label is the VNI); that of an IP which
 * is routed has the VRF's VNI as second label (RFC 9135 §5.1).
 */
export function macRoute(vrf: MacVrf, mac: Mac, ip: Ip | undefined): MacIpAdvertisement {
  return {
    type: RouteType.MAC_IP_ADVERTISEMENT,
    rd: vrf.rd,
    esi: ESI_ZERO,
    ethernetTag: 0,
    mac,
    ip,
    label1: vrf.vni,
    label2: ip === undefined ? undefined : vrf.routedExportOf(ip)?.l3vni,
  };
}

/** Type-2, MAC/IP Advertisement: a host of another leaf, and hosts of ours. */
export const macIpAdvertisement: UsedRouteType<MacIpAdvertisement> = {
  vtepOf: ({ nextHop }) => nextHop,

  contentReason({ ethernetTag, mac }, attributes, importTags) {
    const reason = tagReason(ethernetTag, importTags) ?? encapsulationReason(attributes);
    if (reason !== undefined) return reason;
    if (mac === 0 || isMulticastMac(mac)) return 'mac-address';
    return isNoVtep(attributes.nextHop) ? 'martian-next-hop' : undefined;
  },

  /**
   * Symmetric IRB sends one Type-2 for both VNIs, with the route targets of both: the VNI of the IP-VRF, as the second
   * label, has no hosts. Routes of a VLAN-aware bundle have the route target of the bundle, and their label names the VNI
   * of it that they are of.
   */
  labelReason({ ethernetTag, label1, label2 }, _attributes, { vni }) {
    if (label1 === vni) return undefined;
    if (label2 === vni) return 'layer-3-label';
    return ethernetTag === 0 ? undefined : 'bundle-label';
  },

  forwardingReason: ({ nextHop }, vrf, topology) => vtepReason(nextHop, vrf, topology),

  put(vrf, destination, route, now, old) {
    if (now.esi !== old?.esi) vrf.segments.move(destination, old?.esi, now.esi);
    const mac = vrf.macEntry(route.mac);
    if (!old) mac.remotes = withItem(mac.remotes, destination);
    vrf.markMac(mac);
    if (route.ip === undefined) return;
    const ip = vrf.ipEntry(route.ip);
    if (!old) ip.remotes = withItem(ip.remotes, destination);
    vrf.markIp(ip);
  },

  remove(vrf, destination, route, old) {
    if (old.esi !== undefined) vrf.segments.move(destination, old.esi, undefined);
    const mac = vrf.macEntry(route.mac);
    mac.remotes = withoutItem(mac.remotes, destination);
    vrf.markMac(mac);
    if (route.ip === undefined) return;
    const ip = vrf.ipEntry(route.ip);
    ip.remotes = withoutItem(ip.remotes, destination);
    vrf.markIp(ip);
  },

  // MACs before the bindings that rest on them (RFC 7432 §7.2)
  visitAdvertised(vrf, visit) {
    for (const entry of vrf.macs.values())
      if (entry.advertised) entry.advertised = visit(macRoute(vrf, entry.mac, undefined), entry.advertised);
    for (const [ip, entry] of vrf.ips)
      if (entry.advertised) {
        const { mac, attributes } = entry.advertised;
        entry.advertised = { mac, attributes: visit(macRoute(vrf, mac, ip), attributes) };
      }
    for (const [ip, { mac, attributes }] of vrf.gateways)
      vrf.gateways.set(ip, { mac, attributes: visit(macRoute(vrf, mac, ip), attributes) });
  },
};
