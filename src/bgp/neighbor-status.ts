import type { BfdStatus } from '../bfd/index.js';
import type { Histogram } from '../events/index.js';
import type { LinkPeerStatus } from '../nd/index.js';
import type { AnyFamily, Capability, UpdateFault } from '../wire/index.js';
import type { FsmStateName } from './fsm-types.js';
import type { RefusalCounts } from './inbound.js';
import type { NeighborRouteCounts } from './neighbor-routes.js';
import type { LimitUse, RouteLimits } from './route-limits.js';

/** Messages of one direction since start, by type. */
export interface MessageCounters {
  open: number;
  update: number;
  notification: number;
  keepalive: number;
  routeRefresh: number;
}

/** A NOTIFICATION that was sent or received. */
export interface NotificationRecord {
  readonly direction: 'sent' | 'received';
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
  /** The registered names, and the text of ours or of the peer's. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Why a session or an attempt ended; a NOTIFICATION where there was one. */
export interface NeighborError {
  readonly reason: string;
  readonly time: number;
  readonly notification: NotificationRecord | undefined;
}

/** An operator keeps the neighbor down. */
export interface AdministrativeShutdown {
  /** The message to the neighbor (RFC 9003); may be empty. */
  readonly message: string;
  readonly since: number;
  /** The neighbor's setting, whatever a command does; a command; or a limit of its routes (`on-limit: stop`). */
  readonly by: 'setting' | 'command' | 'limit';
}

/** UPDATE errors that cost no session (RFC 7606). */
export interface FaultCounters {
  discard: number;
  treatAsWithdraw: number;
  /** Malformed routes of types that are not used. */
  skippedRoutes: number;
  last: (UpdateFault & { readonly time: number }) | undefined;
}

/** What the negotiation of the session that stands came to; times in seconds. */
export interface NegotiatedStatus {
  readonly holdTime: number;
  readonly keepaliveTime: number;
  readonly fourOctetAs: boolean;
  readonly routeRefresh: boolean;
  readonly extendedMessage: boolean;
  /** Undefined where the peer offers no graceful restart for EVPN. */
  readonly gracefulRestart:
    | {
        readonly restartTime: number;
        readonly forwardingPreserved: boolean;
        readonly outlivesNotification: boolean;
        /** Seconds for which its routes are kept after that (RFC 9494); 0 for not at all. */
        readonly longLivedStaleTime: number;
      }
    | undefined;
}

/** Routes of a session that has ended, kept while the neighbor restarts (RFC 4724 §4.2). */
export interface StaleRoutesStatus {
  readonly count: number;
  /** When those that were not announced again go, in milliseconds since 1970. */
  readonly until: number;
  /** Its restart time is over, of some of them at least: those are the last resort (RFC 9494). */
  readonly isLongLived: boolean;
}

/** What a neighbor and we have of one address family. */
export interface FamilyStatus {
  readonly family: AnyFamily;
  /** The session that stands has it. */
  readonly isNegotiated: boolean;
  /** Routes of the neighbor that stand. */
  readonly received: number;
  /** Those of them that the import policy rejects. */
  readonly rejected: number;
  /** Announcements that were not taken since the session came up, by reason. */
  readonly refused: Readonly<RefusalCounts>;
  /** That it may have, beside the limit of all families; undefined for any number. */
  readonly maxRoutes: number | undefined;
  /** Routes that it has been sent and that are not withdrawn. */
  readonly sent: number;
  /** Undefined if the peer offers no graceful restart for the family. */
  readonly gracefulRestart: NegotiatedStatus['gracefulRestart'];
  readonly staleRoutes: StaleRoutesStatus | undefined;
  readonly endOfRibAt: number | undefined;
}

/** A neighbor as the REST API shows it: plain data, a copy. Times are milliseconds, clock times since 1970. */
export interface NeighborStatus {
  /** What names it: its address as configured, or its interface; in a VRF with the VRF's name behind `@`. */
  readonly address: string;
  /** The VRF that it is in; absent in none. */
  readonly vrf?: string;
  /** Where it is: canonical text, a link-local address with its zone; undefined while that is not known. */
  readonly peerAddress: string | undefined;
  /** What is known of the router at the other end of its interface; undefined where it has an address, or is not looked for. */
  readonly linkPeer: LinkPeerStatus | undefined;
  /** The interface that it is found by. */
  readonly interface: string | undefined;
  readonly port: number;
  readonly description: string | undefined;
  readonly peerGroup: string | undefined;
  /** The prefix of the listen range that it connected from; undefined where it is configured itself. */
  readonly listenRange: string | undefined;
  readonly passive: boolean;
  /** With TCP MD5 signatures. */
  readonly isSigned: boolean;
  /** Hops; undefined where it is not checked. */
  readonly ttlSecurity: number | undefined;
  readonly configuredRemoteAs: number | 'internal' | 'external';
  readonly localAs: number;
  /** Unsigned 32 bits. */
  readonly localRouterId: number;
  readonly state: FsmStateName;
  /** When the state was entered. */
  readonly since: number;
  /** How long the session stands; undefined where it does not. */
  readonly uptime: number | undefined;
  /** From the peer's last OPEN. */
  readonly remoteAs: number | undefined;
  readonly remoteRouterId: number | undefined;
  readonly internal: boolean | undefined;
  /** undefined where there is no connection, and while one that is being made has no local address yet. */
  readonly localEndpoint: { readonly address: string; readonly port: number } | undefined;
  readonly remoteEndpoint: { readonly address: string; readonly port: number } | undefined;
  readonly capabilitiesSent: readonly Capability[];
  readonly capabilitiesReceived: readonly Capability[];
  readonly negotiated: NegotiatedStatus | undefined;
  /** Seconds. */
  readonly configuredHoldTime: number;
  readonly configuredKeepaliveTime: number;
  readonly connectRetryTime: number;
  /** Seconds that the neighbor may leave unread what waits for it; 0: for ever. */
  readonly sendHoldTime: number;
  /** Since when it has read nothing of what waits for it; undefined where nothing waits. */
  readonly sendStalledSince: number | undefined;
  readonly messagesIn: Readonly<MessageCounters>;
  readonly messagesOut: Readonly<MessageCounters>;
  /** Those that we offer to the neighbor, in our order. */
  readonly families: readonly FamilyStatus[];
  /** Of L2VPN/EVPN; `received`, `accepted` and `sent` are indexed by route type. */
  readonly routes: NeighborRouteCounts & { readonly sent: readonly number[] };
  readonly limits: RouteLimits;
  /** What of that it has most of, as a share of its limit, with the routes of all families. */
  readonly limitUse: LimitUse;
  readonly unknownRouteTypes: number;
  readonly faults: Readonly<FaultCounters>;
  /** The later one of `lastDown` and `lastFailure`. */
  readonly lastError: NeighborError | undefined;
  /** Why the last established session ended. */
  readonly lastDown: NeighborError | undefined;
  /** Why the last attempt failed that came to no session. */
  readonly lastFailure: NeighborError | undefined;
  /** Attempts that failed since the last session. */
  readonly failedAttempts: number;
  /** Undefined where the neighbor is not held in Idle after an error. */
  readonly idleHold: { readonly reason: string; readonly until: number } | undefined;
  readonly shutdown: AdministrativeShutdown | undefined;
  /** Undefined where the path is not watched. */
  readonly bfd: BfdStatus | undefined;
  readonly lastNotificationSent: NotificationRecord | undefined;
  readonly lastNotificationReceived: NotificationRecord | undefined;
  /** Times that an established session was lost. */
  readonly flaps: number;
  /** How much later than another neighbor it announced the same MACs; undefined where it never was, or nobody watches. */
  readonly lateness: Histogram | undefined;
  /** When the session that stands had brought the End-of-RIB of every family. */
  readonly endOfRibAt: number | undefined;
  /** Those of L2VPN/EVPN; undefined where no routes of the session before are kept. */
  readonly staleRoutes: StaleRoutesStatus | undefined;
}

export const emptyMessageCounters = (): MessageCounters => ({
  open: 0,
  update: 0,
  notification: 0,
  keepalive: 0,
  routeRefresh: 0,
});
