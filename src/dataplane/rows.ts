import type { Ip, Mac, PrefixKey } from '../types/index.js';

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

/** Bits of `flags` of a row: `ndm_flags`, and NDA_FLAGS_EXT above them (include/uapi/linux/neighbour.h). */
export const Ntf = {
  USE: 0x01,
  SELF: 0x02,
  MASTER: 0x04,
  PROXY: 0x08,
  EXT_LEARNED: 0x10,
  OFFLOADED: 0x20,
  STICKY: 0x40,
  ROUTER: 0x80,
  /** From here on `NTF_EXT_*` of NDA_FLAGS_EXT, eight bits up as the kernel itself keeps them (NTF_EXT_SHIFT). */
  EXT_MANAGED: 0x100,
  EXT_LOCKED: 0x200,
  EXT_VALIDATED: 0x400,
  /**
   * None of the kernel's: the row of a VXLAN device has NDA_PORT, NDA_VNI or NDA_IFINDEX, which the kernel sends where the
   * row's UDP port, VNI or device is not the VXLAN device's own (drivers/net/vxlan: vxlan_fdb_info).
   */
  OTHER_TUNNEL: 0x8000,
} as const;

/** Bits of `rtm_flags` by which a driver says what became of a route (include/uapi/linux/rtnetlink.h). */
export const Rtm = {
  /** The hardware forwards by it. */
  OFFLOAD: 0x4000,
  /** The hardware hands to the CPU what it matches. */
  TRAP: 0x8000,
  OFFLOAD_FAILED: 0x20000000,
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

/** A nexthop, or a group of some (`ip nexthop`): both share the ids of a network namespace. */
export interface NexthopRow {
  readonly id: number;
  /** `nh_protocol` (rtnetlink.h RTPROT_*). */
  readonly protocol: number;
  /** NHA_OIF; 0 where there is none. */
  readonly ifindex: number;
  readonly gateway: Ip | undefined;
  /** Ids of the members, ascending, one that has more weight than 1 as often; undefined for a nexthop. */
  readonly members: readonly number[] | undefined;
}

/** A route: one for each (routing table, prefix, metric), as far as we are concerned. */
export interface RouteRow {
  readonly tableId: number;
  readonly prefix: PrefixKey;
  /** RTA_PRIORITY. */
  readonly metric: number;
  /** `rtm_protocol`. */
  readonly protocol: number;
  /** RTA_NH_ID; 0 where it names none. */
  readonly nexthopId: number;
}

/** RT_TABLE_MAIN (linux/rtnetlink.h). */
export const MAIN_TABLE = 254;

/** A route that is neither ours nor the kernel's own: one for each (table, prefix, metric), as far as we are concerned. */
export interface OtherRoute {
  readonly tableId: number;
  readonly prefix: PrefixKey;
  /** RTA_PRIORITY. */
  readonly metric: number;
  /** `rtm_protocol`. */
  readonly protocol: number;
  /** Where it leads, several for ECMP; none where it discards what is sent there (blackhole, unreachable, prohibit). */
  readonly ways: readonly {
    readonly ifindex: number;
    /** Undefined where what is sent to is on the link itself. */
    readonly gateway: Ip | undefined;
  }[];
}

/** A row of the neighbor table: one for each (device, ip). */
export interface NeighRow {
  readonly ifindex: number;
  readonly ip: Ip;
  readonly mac: Mac | undefined;
  readonly state: number;
  readonly flags: number;
  /** NDA_PROTOCOL (rtnetlink.h RTPROT_*). */
  readonly protocol: number;
}
