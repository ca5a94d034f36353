import { sourceVni } from './difference.js';
import type { Operation } from './kernel.js';
import type { KernelMirror } from './mirror.js';
import type { OurDefaults } from './our-defaults.js';
import { Ntf } from './rows.js';
import type { VniAttachment } from './topology.js';

/**
 * Operations that remove what is ours at the place where a VNI was (`before`) and is no longer (`after`): another VLAN,
 * bridge, SVI or device. Rows that went with their device are no longer in the mirror.
 */
export function strayRows(
  mirror: KernelMirror,
  before: VniAttachment,
  after: VniAttachment | undefined,
  defaults: OurDefaults,
): Operation[] {
  const out: Operation[] = [];
  const ours = (row: { flags: number }) => (row.flags & Ntf.EXT_LEARNED) !== 0;
  const sameDevice =
    after?.vxlanIfindex === before.vxlanIfindex && after.collectMetadata === before.collectMetadata;
  const port = before.vxlanIfindex;
  const srcVni = sourceVni(before);
  if (!sameDevice || after?.vlan !== before.vlan || after.bridgeIfindex !== before.bridgeIfindex)
    for (const row of mirror.bridgeRows(before.bridgeIfindex, before.vlan))
      if (row.port === port && ours(row))
        out.push({ table: 'bridge', verb: 'delete', port, vlan: row.vlan, mac: row.mac, sticky: false });
  if (!sameDevice) {
    for (const { mac, dst, flags } of mirror.vxlanRows(port, srcVni))
      if (dst !== undefined && ours({ flags }))
        out.push({ table: 'vxlan', verb: 'delete', ifindex: port, srcVni, mac, dst });
    for (const { dst } of mirror.defaultRows(port, srcVni))
      if (dst !== undefined && defaults.has(port, srcVni, dst))
        out.push({ table: 'vxlan-default', verb: 'delete', ifindex: port, srcVni, dst });
  }
  if (before.sviIfindex !== 0 && after?.sviIfindex !== before.sviIfindex)
    for (const row of mirror.neighRowsOf(before.sviIfindex))
      if (row.mac !== undefined && ours(row))
        out.push({
          table: 'neigh',
          verb: 'delete',
          ifindex: before.sviIfindex,
          ip: row.ip,
          mac: row.mac,
          router: false,
        });
  return out;
}
