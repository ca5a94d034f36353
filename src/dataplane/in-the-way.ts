import { formatIp, formatMac, type Ip, type Mac } from '../types/index.js';
import { sourceVni } from './difference.js';
import type { KernelMirror } from './mirror.js';
import { hasOurMark, isOurNeigh } from './ownership.js';
import type { DeviceName } from './row-text.js';
import type { VniAttachment } from './topology.js';
import type { PlaneKey, VniPlane } from './vni-plane.js';

/** iproute2's commands that delete the rows of the key that are not evpnd's, so that its own can be written. */
export function removalCommands({ at, mirror }: VniPlane, which: PlaneKey, nameOf: DeviceName): string[] {
  if (!at) return [];
  if (which.table === 'mac') return fdbCommands(at, mirror, which.key, nameOf);
  return which.table === 'neigh' ? neighCommands(at, mirror, which.key) : [];
}

function fdbCommands(at: VniAttachment, mirror: KernelMirror, key: Mac, nameOf: DeviceName): string[] {
  const commands: string[] = [];
  const mac = formatMac(key);
  const bridge = mirror.bridgeRow(at.bridgeIfindex, at.vlan, key);
  const vlan = at.vlanAware ? ` vlan ${at.vlan}` : '';
  if (bridge && (bridge.port !== at.vxlanIfindex || !hasOurMark(bridge)))
    commands.push(`bridge fdb del ${mac} dev ${nameOf(bridge.port)} master${vlan}`);
  const vxlan = mirror.vxlanRow(at.vxlanIfindex, sourceVni(at), key);
  const source = at.collectMetadata ? ` src_vni ${at.vni}` : '';
  if (vxlan && !hasOurMark(vxlan)) commands.push(`bridge fdb del ${mac} dev ${at.vxlanName} self${source}`);
  return commands;
}

function neighCommands({ sviIfindex, sviName }: VniAttachment, mirror: KernelMirror, ip: Ip): string[] {
  const row = mirror.neighRow(sviIfindex, ip);
  return row && !isOurNeigh(row) ? [`ip neigh del ${formatIp(ip)} dev ${sviName}`] : [];
}
