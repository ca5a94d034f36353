import type { Ip } from '../types/index.js';

export const Origin = { IGP: 0, EGP: 1, INCOMPLETE: 2 } as const;
export type Origin = (typeof Origin)[keyof typeof Origin];

export const AsPathSegmentType = {
  AS_SET: 1,
  AS_SEQUENCE: 2,
  AS_CONFED_SEQUENCE: 3,
  AS_CONFED_SET: 4,
} as const;
export interface AsPathSegment {
  readonly type: (typeof AsPathSegmentType)[keyof typeof AsPathSegmentType];
  readonly asns: readonly number[];
}

/** MAC Mobility extended community (RFC 7432 §7.7). */
export interface MacMobility {
  readonly sequence: number;
  readonly sticky: boolean;
}

/** PMSI Tunnel attribute (RFC 6514 §5); type 6 is ingress replication. The label is the raw 24-bit field. */
export interface PmsiTunnel {
  readonly flags: number;
  readonly tunnelType: number;
  readonly label: number;
  /** The endpoint of an ingress-replication tunnel; undefined for other types, whose octets `identifier` keeps. */
  readonly endpoint: Ip | undefined;
  readonly identifier: Uint8Array;
}

/** ARP/ND extended community flags (RFC 9047 §2, where bit 7 is the lowest); PROXY is FRR's own. */
export const NdFlag = { ROUTER: 0x01, OVERRIDE: 0x02, PROXY: 0x04, IMMUTABLE: 0x08 } as const;
