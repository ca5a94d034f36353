import { type Ip, MAC_ZERO } from '../types/index.js';
import { sourceVni } from './difference.js';
import type { Operation } from './kernel.js';
import { deviceKey, type KernelMirror } from './mirror.js';
import { Ntf, Nud, type VxlanFdbRow } from './rows.js';
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

/**
 * Which default destinations are ours. The kernel keeps one state and one set of flags for all destinations of the
 * all-zero MAC (drivers/net/vxlan: struct vxlan_fdb), and what `bridge fdb … self permanent` makes looks like ours, so
 * that nothing in a row names its owner: we remember what we wrote, and adopt what stands at the start in the shape that
 * we write. What others add while we run is theirs.
 */
export class OurDefaults {
  readonly #byDevice = new Map<number, Set<Ip>>();

  /** A row that stood before we started: ours by its shape. */
  adopt(row: VxlanFdbRow): void {
    const { state, dst } = row;
    if (row.mac === MAC_ZERO && dst !== undefined && state & Nud.NOARP && state & Nud.PERMANENT)
      this.#add(row.ifindex, row.srcVni, dst);
  }

  /** The kernel took the operation. */
  enter(operation: Operation): void {
    if (operation.table !== 'vxlan-default') return;
    const { verb, ifindex, srcVni, dst } = operation;
    if (verb === 'add') this.#add(ifindex, srcVni, dst);
    else this.#drop(ifindex, srcVni, dst);
  }

  /** The row is gone. */
  drop({ ifindex, srcVni, mac, dst }: VxlanFdbRow): void {
    if (mac === MAC_ZERO && dst !== undefined) this.#drop(ifindex, srcVni, dst);
  }

  has(ifindex: number, srcVni: number, dst: Ip): boolean {
    return this.#byDevice.get(deviceKey(ifindex, srcVni))?.has(dst) ?? false;
  }

  /** Forgets devices that exist no more: another may get the number. */
  keepDevices(existing: ReadonlySet<number>): void {
    for (const key of this.#byDevice.keys())
      if (!existing.has(Math.floor(key / 0x1000000))) this.#byDevice.delete(key);
  }

  #add(ifindex: number, srcVni: number, dst: Ip): void {
    const key = deviceKey(ifindex, srcVni);
    const set = this.#byDevice.get(key);
    if (set) set.add(dst);
    else this.#byDevice.set(key, new Set([dst]));
  }

  #drop(ifindex: number, srcVni: number, dst: Ip): void {
    const key = deviceKey(ifindex, srcVni);
    const set = this.#byDevice.get(key);
    if (set?.delete(dst) && set.size === 0) this.#byDevice.delete(key);
  }
}
