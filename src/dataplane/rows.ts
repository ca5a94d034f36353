import type { Ip, Mac } from '../types/index.js';

/** `ndm_state` bits (include/uapi/linux/neighbour.h). */
export const Nud = {
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
} as const;

/** `ndm_flags` bits (include/uapi/linux/neighbour.h). */
export const Ntf = {
  USE: 0x01,
  SELF: 0x02,
  MASTER: 0x04,
  PROXY: 0x08,
  EXT_LEARNED: 0x10,
  OFFLOADED: 0x20,
  STICKY: 0x40,
  ROUTER: 0x80,
} as const;

/** A row of a bridge's FDB (`bridge fdb show … master`): at most one for each (bridge, vlan, mac). */
export interface BridgeFdbRow {
  readonly bridgeIfindex: number;
  readonly vlan: number;
  readonly mac: Mac;
  /** ifindex of the port it points to; the bridge's own for `self` addresses. */
  readonly port: number;
  readonly state: number;
  readonly flags: number;
}

/** A row of a VXLAN device's FDB (`bridge fdb show … self`): one for each (device, source VNI, mac), but the all-zero MAC has one for each destination. */
export interface VxlanFdbRow {
  readonly ifindex: number;
  /** NDA_SRC_VNI on a collect-metadata device, else 0. */
  readonly srcVni: number;
  readonly mac: Mac;
  /** undefined where the row points to a nexthop group, or has none. */
  readonly dst: Ip | undefined;
  readonly nexthopId: number;
  readonly state: number;
  readonly flags: number;
}

/** A row of the neighbour table: one for each (device, ip). */
export interface NeighRow {
  readonly ifindex: number;
  readonly ip: Ip;
  readonly mac: Mac | undefined;
  readonly state: number;
  readonly flags: number;
  /** NDA_PROTOCOL (rtnetlink.h RTPROT_*). */
  readonly protocol: number;
}

/** The row stands and has the mark of a control plane, NTF_EXT_LEARNED: ours, where nobody else uses it. */
export function hasOurMark(row: { readonly flags: number } | undefined): boolean {
  return row !== undefined && (row.flags & Ntf.EXT_LEARNED) !== 0;
}

/** A bridge row that somebody configured (static, permanent or sticky), which the bridge did not learn and does not age. */
export function isConfigured({ state, flags }: Pick<BridgeFdbRow, 'state' | 'flags'>): boolean {
  return (state & (Nud.NOARP | Nud.PERMANENT)) !== 0 || (flags & Ntf.STICKY) !== 0;
}

const NEIGH_VALID = Nud.REACHABLE | Nud.STALE | Nud.DELAY | Nud.PROBE | Nud.NOARP | Nud.PERMANENT;

/** True for a neighbour that the machine itself learned or was given, and that is usable. */
export function isLocalNeigh<Row extends NeighRow>(row: Row | undefined): row is Row & { readonly mac: Mac } {
  return row !== undefined && row.mac !== undefined && isUsableHere(row.state, row.flags);
}

/** True for state and flags of such a neighbour. */
export function isUsableHere(state: number, flags: number): boolean {
  return (flags & Ntf.EXT_LEARNED) === 0 && (state & NEIGH_VALID) !== 0;
}
