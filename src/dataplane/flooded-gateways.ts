import { formatMac, isLinkLocal } from '../types/index.js';
import type { KernelMirror } from './mirror.js';
import { Nud } from './rows.js';
import type { Topology, TopologyProblem } from './topology.js';
import type { VniPlane } from './vni-plane.js';

/**
 * SVIs whose MAC a bridge that filters VLANs takes for nobody's: what hosts send to their gateway is flooded, and each leaf that
 * has the gateway routes a copy. The kernel makes a row of the bridge's own MAC and of its ports', and of no device upon it
 * (net/bridge: br_fdb_add_local; the bridge is then told of such a frame by its flooding alone).
 */
export function* floodedGateways(
  planes: Iterable<VniPlane>,
  { interfaces, l3vnis, bridges }: Pick<Topology, 'interfaces' | 'l3vnis' | 'bridges'>,
  mirror: KernelMirror,
): Iterable<TopologyProblem> {
  for (const { vni, at, retired } of planes) {
    if (!at?.up || retired || !at.vlanAware || l3vnis.has(vni)) continue;
    const { bridgeIfindex, bridgeName, vlan, sviIfindex, sviName, sviMac, vxlanIfindex } = at;
    if (sviIfindex === 0 || sviIfindex === bridgeIfindex || sviMac === undefined) continue;
    if (sviMac === bridges.get(bridgeIfindex)?.mac) continue;
    // Nobody has it for a gateway
    const addresses = interfaces.get(sviIfindex)?.addresses ?? [];
    if (!addresses.some(({ ip, state }) => state === 'usable' && !isLinkLocal(ip))) continue;
    const row = mirror.peekBridge(bridgeIfindex, vlan, sviMac);
    if (row && (row.state & Nud.PERMANENT) !== 0 && row.port !== vxlanIfindex) continue;
    const mac = formatMac(sviMac);
    yield {
      severity: 'warning',
      vni,
      device: sviName,
      problem: `its MAC ${mac} is not that of ${bridgeName}, which has no row of it in VLAN ${vlan}: what hosts send to it is flooded, to other leaves too, and each that has the same gateway routes a copy`,
      fix: `bridge fdb add ${mac} dev ${bridgeName} vlan ${vlan} self local`,
    };
  }
}
