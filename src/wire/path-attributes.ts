import type { Ip, Mac, RouteTarget } from '../types/index.js';

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

/**
 * The attributes of a route as the rooms above read them: flat, one object for each distinct set, so that `===`
 * says "same attributes". MP_REACH's next hop is in here, its NLRI is not. `asPath`, `extendedCommunities` and
 * `routeTargets` of a long set are read from its octets each time: whoever asks for each route asks for something else.
 */
export interface PathAttributes {
  readonly origin: Origin;
  readonly asPath: readonly AsPathSegment[];
  /** As path selection counts (RFC 4271 §9.1.2.2 a). */
  readonly asPathLength: number;
  /** The AS that the route came from, as MED's comparison needs it; undefined for a route of our own AS. */
  readonly neighborAs: number | undefined;
  readonly nextHop: Ip;
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly originatorId: number | undefined;
  readonly clusterList: readonly number[];
  /** Every extended community in wire order, eight octets each as a bigint. */
  readonly extendedCommunities: readonly bigint[];
  readonly routeTargets: readonly RouteTarget[];
  /** Tunnel types of the Encapsulation communities (RFC 9012 §4.1), each once; 8 is VXLAN. */
  readonly encapsulations: readonly number[];
  readonly macMobility: MacMobility | undefined;
  readonly routerMac: Mac | undefined;
  readonly defaultGateway: boolean;
  /** Flags of the ARP/ND community, undefined where there is none. */
  readonly ndFlags: number | undefined;
  readonly pmsiTunnel: PmsiTunnel | undefined;
  /** Octets that are kept of the set: the next hop and the attributes as they came. */
  readonly octets: number;
  /**
   * Whatever those who have routes of this set count them by; undefined where there is none. The same octets give this very
   * object as long as something is here.
   */
  holding: object | undefined;
}
