import type { Ip } from '../types/index.js';
import type { EvpnNlri } from './nlri.js';
import type { PathAttributes } from './path-attributes.js';

export const MessageType = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

export const AFI_L2VPN = 25;
export const SAFI_EVPN = 70;

/** An OPEN's capabilities (RFC 5492). What we do not know is kept as it came. */
export type Capability =
  | { readonly code: 1; readonly afi: number; readonly safi: number }
  | { readonly code: 2 }
  | { readonly code: 6 }
  | {
      readonly code: 64;
      readonly restartState: boolean;
      readonly notification: boolean;
      /** Seconds, 0 to 4095. */
      readonly restartTime: number;
      readonly families: readonly {
        readonly afi: number;
        readonly safi: number;
        readonly forwardingPreserved: boolean;
      }[];
    }
  | { readonly code: 65; readonly asn: number }
  | { readonly code: 70 }
  | { readonly code: 'unknown'; readonly rawCode: number; readonly value: Uint8Array };

/** OPEN (RFC 4271 §4.2). */
export interface OpenMessage {
  readonly version: number;
  /** The 2-octet field: AS_TRANS (23456) where the AS needs four. */
  readonly myAs: number;
  /** Seconds: 0, or 3 and more. */
  readonly holdTime: number;
  /** Unsigned 32 bits. */
  readonly routerId: number;
  readonly capabilities: readonly Capability[];
}

/** NOTIFICATION (RFC 4271 §4.5); `data` as the RFC says for the subcode. */
export interface NotificationMessage {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

/** ROUTE-REFRESH (RFC 2918, RFC 7313): subtype 0 request, 1 beginning, 2 end. */
export interface RouteRefreshMessage {
  readonly afi: number;
  readonly subtype: number;
  readonly safi: number;
}

/** What the session says about UPDATE decoding, from both OPENs. */
export interface UpdateContext {
  /** Both sides speak 4-octet AS numbers: AS_PATH segments hold four octets each. */
  readonly fourOctetAs: boolean;
  /** The peer is in our AS: LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST count, else they are discarded (RFC 7606 §7). */
  readonly internal: boolean;
}

/** One fault of an UPDATE and what RFC 7606 makes of it. */
export interface UpdateFault {
  /** `skip`: a route of a type that is not used was passed over, the others of the UPDATE were taken. */
  readonly outcome: 'discard' | 'treat-as-withdraw' | 'skip';
  /** The attribute's name, or NLRI. */
  readonly field: string;
  /** What was found and what was expected, for the log. */
  readonly detail: string;
}

/**
 * A decoded UPDATE as the session hands it on. `withdrawn` holds MP_UNREACH's EVPN routes, and also MP_REACH's where a
 * fault makes them withdrawn (RFC 7606 §2). The reachable ones share one attributes object.
 */
export interface Update {
  readonly withdrawn: readonly EvpnNlri[];
  readonly reachable: readonly EvpnNlri[];
  /** Defined whenever `reachable` is not empty. */
  readonly attributes: PathAttributes | undefined;
  /** MP_UNREACH of L2VPN/EVPN with no route: End-of-RIB (RFC 4724 §2). */
  readonly endOfRib: boolean;
  /** Routes of a type we do not know, skipped and counted. */
  readonly unknownRouteTypes: number;
  readonly faults: readonly UpdateFault[];
}

/** Attributes of a route that we originate; the same object for the same set, so that packing compares by identity. */
export interface OriginatedAttributes {
  readonly nextHop: Ip;
  /** In the order that they are to be sent. */
  readonly extendedCommunities: readonly bigint[];
  /**
   * On Type-3 routes: our address and the VNI. Without a group it is an ingress replication endpoint, with one it is the
   * sender of a PIM-SM tree (RFC 6514 §5, RFC 8365 §9); both are of one family then.
   */
  readonly pmsiTunnel: { readonly endpoint: Ip; readonly vni: number; readonly group?: Ip } | undefined;
}
