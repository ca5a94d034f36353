import type { Ip } from '../types/index.js';
import type { PathAttribute } from './attribute-section.js';
import type { EvpnNlri } from './evpn-routes/index.js';
import type { Family, Nlri, Route } from './families/index.js';
import type { PathAttributes } from './interned-attributes.js';
import type { UpdateFault } from './update-context.js';

export const MessageType = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** An OPEN's capabilities (RFC 5492). What we do not know is kept as it came. */
export type Capability =
  | { readonly code: 1; readonly afi: number; readonly safi: number }
  | { readonly code: 2 }
  | {
      /** RFC 8950 §4: families whose next hops may be of another family of addresses. */
      readonly code: 5;
      readonly nextHops: readonly {
        readonly afi: number;
        readonly safi: number;
        readonly nextHopAfi: number;
      }[];
    }
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
  | {
      /** RFC 9494 §3.1. */
      readonly code: 71;
      readonly families: readonly {
        readonly afi: number;
        readonly safi: number;
        readonly forwardingPreserved: boolean;
        /** Seconds, 24 bits. */
        readonly staleTime: number;
      }[];
    }
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

/** NOTIFICATION (RFC 4271 §4.5); `data` as the RFC has it for the subcode. */
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

/**
 * What an UPDATE has of one family, as the session passes it on. `withdrawn` holds the routes that it withdraws, and also
 * those that it announces where a fault makes them withdrawn (RFC 7606 §2). The reachable ones share one attributes object.
 */
export interface Update<Own extends Route = EvpnNlri> {
  readonly family: Family<Own>;
  readonly withdrawn: readonly Own[];
  readonly reachable: readonly Own[];
  /** Defined whenever `reachable` is not empty. */
  readonly attributes: PathAttributes | undefined;
  /** MP_UNREACH with no route, or for IPv4 unicast nothing at all: End-of-RIB (RFC 4724 §2). */
  readonly endOfRib: boolean;
  /** Routes of a type we do not know, skipped and counted. */
  readonly unknownRouteTypes: number;
  /** Those of the whole message. */
  readonly faults: readonly UpdateFault[];
  /** What the same message has of other families; mostly nothing. */
  readonly also: readonly AnyUpdate[];
}

/** What an UPDATE has of some family. */
export type AnyUpdate = Update<Nlri>;

/** Attributes of a route that we originate; the same object for the same set, so that packing compares by identity. */
export interface OriginatedAttributes {
  /** 0.0.0.0: our end of each session (RFC 4271 §5.1.3). */
  readonly nextHop: Ip;
  /** In the order that they are to be sent. */
  readonly extendedCommunities: readonly bigint[];
  /**
   * On Type-3 routes: our address and the VNI. Without a group it is an ingress replication endpoint, with one it is the
   * sender of a PIM-SM tree (RFC 6514 §5, RFC 8365 §9); both are of one family then.
   */
  readonly pmsiTunnel: { readonly endpoint: Ip; readonly vni: number; readonly group?: Ip } | undefined;
  /** Further ones, as the table of attributes has them; none of those that the encoder gives a route itself. */
  readonly others?: readonly PathAttribute[];
  /** LOCAL_PREF towards our own AS; 100 where absent. */
  readonly localPreference?: number | undefined;
  /** AS numbers before the path, the first one leftmost; other ASes are sent them behind our own. */
  readonly prepend?: readonly number[];
}
