import { sourceVni, WHOLE_ROW } from './difference.js';
import type { Operation } from './kernel.js';
import type { KernelMirror } from './mirror.js';
import type { OurDefaults } from './our-defaults.js';
import { hasOurMark, isOurNeigh } from './ownership.js';
import type { BridgeFdbRow } from './rows.js';
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
  const sameDevice =
    after?.vxlanIfindex === before.vxlanIfindex && after.collectMetadata === before.collectMetadata;
  const port = before.vxlanIfindex;
  const srcVni = sourceVni(before);
  const sameDomain = sameDevice && after.vlan === before.vlan && after.bridgeIfindex === before.bridgeIfindex;
  if (!sameDomain)
    for (const row of mirror.bridgeRows(before.bridgeIfindex, before.vlan))
      if (row.port === port && hasOurMark(row)) out.push(bridgeDelete(row));
  if (!sameDomain || after.vlanAware !== before.vlanAware)
    for (const copy of strayCopies(mirror, before, sameDevice ? after : undefined)) out.push(copy);
  if (!sameDevice) {
    for (const { mac, dst, flags } of mirror.vxlanRows(port, srcVni))
      if (hasOurMark({ flags }))
        out.push({ table: 'vxlan', verb: 'delete', ifindex: port, srcVni, mac, dst: dst ?? WHOLE_ROW });
    for (const { dst } of mirror.defaultRows(port, srcVni))
      if (dst !== undefined && defaults.has(port, srcVni, dst))
        out.push({ table: 'vxlan-default', verb: 'delete', ifindex: port, srcVni, dst });
  }
  if (before.sviIfindex !== 0 && after?.sviIfindex !== before.sviIfindex)
    for (const row of mirror.neighRowsOf(before.sviIfindex))
      if (row.mac !== undefined && isOurNeigh(row))
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

/**
 * The same for what is ours in a broadcast domain of the device that was not the VNI's (`before`) and is not now (`after`).
 * What is written without a VLAN the kernel copies into each VLAN that the port has, on a bridge that looks at no tags
 * too, where nothing goes by the copies (net/bridge: br_fdb_add). They go with the row, but not one whose VLAN has left
 * the port before. A device of many VNIs has its rows in the VLANs of the others.
 */
export function strayCopies(
  mirror: KernelMirror,
  before: VniAttachment,
  after: VniAttachment | undefined,
): Operation[] {
  const out: Operation[] = [];
  if (before.collectMetadata) return out;
  const at = (row: BridgeFdbRow, place: VniAttachment | undefined) =>
    row.vlan === place?.vlan && row.bridgeIfindex === place.bridgeIfindex;
  for (const row of mirror.bridgeRowsOfPort(before.vxlanIfindex))
    if (hasOurMark(row) && !at(row, before) && !at(row, after)) out.push(bridgeDelete(row));
  return out;
}

function bridgeDelete({ port, vlan, mac }: BridgeFdbRow): Operation {
  return { table: 'bridge', verb: 'delete', port, vlan, mac, form: 'marked' };
}
