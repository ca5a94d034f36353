import type { LocalRib } from '../bgp/index.js';
import type { Interface, Topology } from '../dataplane/index.js';
import { type Ip, isIpv4, isMartian, type Vni } from '../types/index.js';
import type { AttributeSets } from './export.js';
import type { MacVrf } from './mac-vrf.js';
import { macRoute } from './route-types/index.js';
import type { EvpnSettings } from './settings.js';

/** As what the SVI's own addresses are announced: not at all, as a host's, or as the default gateway's. */
type GatewayRole = 'none' | 'host' | 'default-gateway';

/** The addresses that others may ask for. */
function announced(svi: Interface | undefined): Set<Ip> {
  const ips = new Set<Ip>();
  for (const { ip, state } of svi?.addresses ?? []) if (state === 'usable' && !isMartian(ip)) ips.add(ip);
  return ips;
}

/** Returns what the operator wants of the VNI's SVI. */
export function gatewayRole(settings: EvpnSettings, vni: Vni): GatewayRole {
  const own = settings.vnis.get(vni);
  if (own?.advertiseDefaultGateway ?? settings.advertiseDefaultGateway) return 'default-gateway';
  return (own?.advertiseSviIp ?? settings.advertiseSviIp) ? 'host' : 'none';
}

/**
 * Brings the MAC/IP routes of the VNI's own SVI in line with its addresses, in the shape of FRR's: one for each address,
 * none of the MAC alone, no mobility community; a default gateway's with its community (RFC 7432 §7.8, §10.1), and with
 * the router flag for IPv6 (RFC 9047 §3.1).
 */
export function announceGateway(
  vrf: MacVrf,
  role: GatewayRole,
  topology: Topology,
  attributesOf: (vrf: MacVrf) => AttributeSets,
  localRib: LocalRib,
): void {
  const { at, localVtep, gateways } = vrf;
  const left = new Map(gateways);
  if (role !== 'none' && at?.sviMac !== undefined && localVtep !== undefined) {
    const mac = at.sviMac;
    const gateway = role === 'default-gateway';
    for (const ip of announced(topology.interfaces.get(at.sviIfindex))) {
      const attributes = attributesOf(vrf).mac(vrf, localVtep, {
        sequence: 0,
        sticky: false,
        router: gateway && !isIpv4(ip),
        gateway,
        routed: vrf.routedExportOf(ip),
      });
      const before = left.get(ip);
      if (before?.mac === mac) {
        left.delete(ip);
        if (before.attributes === attributes) continue;
      }
      localRib.originate(macRoute(vrf, mac, ip), attributes);
      gateways.set(ip, { mac, attributes });
    }
  }
  for (const [ip, before] of left) {
    localRib.withdraw(macRoute(vrf, before.mac, ip));
    if (gateways.get(ip) === before) gateways.delete(ip);
  }
}
