import type { Operation } from '../kernel.js';
import type { KernelMirror } from '../mirror.js';
import { hasOurMark } from '../ownership.js';
import type { BridgeFdbRow } from '../rows.js';
import { sourceVni, type VniAttachment } from '../topology.js';
import { WHOLE_ROW } from './mac-difference.js';

/** Appends what removes the rows of MACs that are ours where a VNI was (`before`) and is no longer (`after`). */
export function strayMacs(
  mirror: KernelMirror,
  before: VniAttachment,
  after: VniAttachment | undefined,
  out: Operation[],
): void {
  const sameDevice = isSameDevice(before, after);
  const port = before.vxlanIfindex;
  const srcVni = sourceVni(before);
  const sameDomain = sameDevice && after.vlan === before.vlan && after.bridgeIfindex === before.bridgeIfindex;
  if (!sameDomain)
    for (const row of mirror.bridgeRows(before.bridgeIfindex, before.vlan))
      if (row.port === port && hasOurMark(row)) out.push(bridgeDelete(row));
  if (!sameDomain || after.vlanAware !== before.vlanAware)
    for (const copy of strayCopies(mirror, before, sameDevice ? after : undefined)) out.push(copy);
  if (sameDevice) return;
  for (const { mac, dst, flags } of mirror.vxlanRows(port, srcVni))
    if (hasOurMark({ flags }))
      out.push({ table: 'vxlan', verb: 'delete', ifindex: port, srcVni, mac, dst: dst ?? WHOLE_ROW });
}

/** True where the VNI's rows in the VXLAN device's own table stay where they are. */
export function isSameDevice(
  before: VniAttachment,
  after: VniAttachment | undefined,
): after is VniAttachment {
  return after?.vxlanIfindex === before.vxlanIfindex && after.collectMetadata === before.collectMetadata;
}

/**
 * Returns the operations that remove the rows that are ours in a broadcast domain of the device that was not the VNI's (`before`) and is not now (`after`).
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

/** What removes a row of ours on a VXLAN port. */
export function bridgeDelete({ port, vlan, mac }: BridgeFdbRow): Operation {
  return { table: 'bridge', verb: 'delete', port, vlan, mac, form: 'marked' };
}
