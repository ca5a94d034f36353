import { isVni, type Vni } from '../../types/index.js';
import type { Operation } from '../kernel.js';
import type { KernelMirror } from '../mirror.js';
import type { OurDefaults } from '../our-defaults.js';
import { hasOurMark } from '../ownership.js';
import type { VniAttachment } from '../topology.js';
import { WHOLE_ROW } from './mac-difference.js';
import { bridgeDelete } from './mac-strays.js';

/** The broadcast domains and source VNIs that a device of many VNIs has VNIs in. */
interface Mapped {
  readonly bridgeIfindex: number;
  readonly vlans: Set<number>;
  readonly vnis: Set<number>;
}

/**
 * Returns the operations that remove the rows of ours in places that are no VNI's: on devices of many VNIs that have one of
 * `served`, the rows of VLANs and source VNIs that nothing is mapped to. A VNI that loses its mapping takes its rows along,
 * but not while nobody runs who would. Rows of VNIs that are not `ours` stay: another daemon may be about to map them.
 */
export function unmappedRows(
  mirror: KernelMirror,
  defaults: OurDefaults,
  vnis: Iterable<VniAttachment>,
  served: (vni: Vni) => boolean,
  ours: (vni: Vni) => boolean,
): Operation[] {
  const devices = new Map<number, Mapped>();
  const ofUs = new Set<number>();
  for (const { vni, vlan, vxlanIfindex, collectMetadata, bridgeIfindex } of vnis) {
    if (!collectMetadata || bridgeIfindex === 0) continue;
    const mapped = devices.get(vxlanIfindex) ?? { bridgeIfindex, vlans: new Set(), vnis: new Set() };
    devices.set(vxlanIfindex, mapped);
    mapped.vlans.add(vlan);
    mapped.vnis.add(vni);
    if (served(vni)) ofUs.add(vxlanIfindex);
  }
  const out: Operation[] = [];
  for (const [ifindex, mapped] of devices) {
    if (!ofUs.has(ifindex)) continue;
    for (const vlan of mirror.vlansOfPort(ifindex))
      if (!mapped.vlans.has(vlan))
        for (const row of mirror.bridgeRows(mapped.bridgeIfindex, vlan))
          if (row.port === ifindex && hasOurMark(row)) out.push(bridgeDelete(row));
    for (const srcVni of mirror.sourceVnisOf(ifindex)) {
      if (mapped.vnis.has(srcVni) || !isVni(srcVni) || !ours(srcVni)) continue;
      for (const { mac, dst, flags } of mirror.vxlanRows(ifindex, srcVni))
        if (hasOurMark({ flags }))
          out.push({ table: 'vxlan', verb: 'delete', ifindex, srcVni, mac, dst: dst ?? WHOLE_ROW });
      for (const { dst } of mirror.defaultRows(ifindex, srcVni))
        if (dst !== undefined && defaults.has(ifindex, srcVni, dst))
          out.push({ table: 'vxlan-default', verb: 'delete', ifindex, srcVni, dst });
    }
  }
  return out;
}
