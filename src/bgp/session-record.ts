import type { Clock } from '../types/index.js';
import {
  type AnyFamily,
  type AnyUpdate,
  type Capability,
  CeaseSubcode,
  decodeShutdownCommunication,
  describeNotification,
  EVPN,
  hardResetContent,
  MessageType,
  NotificationCode,
  type OpenMessage,
  ROUTE_TYPE_SLOTS,
  type UpdateFault,
} from '../wire/index.js';
import type { Attempts } from './attempts.js';
import type { NeighborConfig } from './config.js';
import type { Established } from './established.js';
import type { NotificationContent } from './fsm-types.js';
import type { RefusalReason } from './inbound.js';
import type { Link } from './link.js';
import type { NeighborRouteCounts } from './neighbor-routes.js';
import {
  type AdministrativeShutdown,
  emptyMessageCounters,
  type FamilyStatus,
  type FaultCounters,
  type MessageCounters,
  type NeighborError,
  type NeighborStatus,
  type NotificationRecord,
} from './neighbor-status.js';
import { familiesOf, localCapabilities } from './open.js';
import { type LimitedHoldings, limitUse, routeLimits } from './route-limits.js';
import type { SessionSettings } from './session-settings.js';
import { sendHoldPeriod } from './timer-periods.js';
import type { Connection } from './transport.js';
import type { Whereabouts } from './whereabouts.js';

const COUNTER_OF: Readonly<Record<MessageType, keyof MessageCounters>> = {
  [MessageType.OPEN]: 'open',
  [MessageType.UPDATE]: 'update',
  [MessageType.NOTIFICATION]: 'notification',
  [MessageType.KEEPALIVE]: 'keepalive',
  [MessageType.ROUTE_REFRESH]: 'routeRefresh',
};

const FAULT_COUNTER_OF = {
  discard: 'discard',
  'treat-as-withdraw': 'treatAsWithdraw',
  skip: 'skippedRoutes',
} as const satisfies Readonly<Record<UpdateFault['outcome'], keyof FaultCounters>>;

/** What a neighbor may send any number of times: routes that are refused, and ROUTE-REFRESHs that mean nothing. */
type Reported = RefusalReason | 'refresh';

/** Faults of one neighbor come into the log no more often than this. */
const FAULT_LOG_MILLISECONDS = 60_000;

/** What a session is at the moment, beside its record. */
export interface SessionView {
  readonly settings: Pick<SessionSettings, 'neighbor' | 'local'>;
  /** The main one. */
  readonly link: Link;
  /** Undefined where no session stands. */
  readonly established: Established | undefined;
  /** Of L2VPN/EVPN. */
  readonly counts: NeighborRouteCounts;
  /** Of all families. */
  readonly routes: {
    readonly limited: LimitedHoldings;
    familyStatus(
      family: AnyFamily,
      established: Established | undefined,
      config: NeighborConfig,
    ): FamilyStatus;
  };
  readonly attempts: Pick<Attempts, 'failures' | 'heldUntil'>;
  readonly shutdown: AdministrativeShutdown | undefined;
  readonly whereabouts: Pick<Whereabouts, 'address' | 'linkPeer' | 'bfd'>;
  readonly lateness: NeighborStatus['lateness'];
}

/** What is remembered of a neighbor over its sessions: counters, NOTIFICATIONs, the last errors. */
export class SessionRecord {
  flaps = 0;
  readonly #clock: Clock;
  readonly #in = emptyMessageCounters();
  readonly #out = emptyMessageCounters();
  readonly #faults: FaultCounters = {
    discard: 0,
    treatAsWithdraw: 0,
    skippedRoutes: 0,
    last: undefined,
  };
  #faultLoggedAt = Number.NEGATIVE_INFINITY;
  readonly #reportedAt = new Map<Reported, number>();
  #unknownRouteTypes = 0;
  #since: number;
  #peerOpen: OpenMessage | undefined;
  #lastDown: NeighborError | undefined;
  #lastFailure: NeighborError | undefined;
  #sent: NotificationRecord | undefined;
  #received: NotificationRecord | undefined;
  /** Of the error under way, until the state machine has dealt with it. */
  #reason: string | undefined;
  #notification: NotificationRecord | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.wallTime();
  }

  count(direction: 'in' | 'out', type: MessageType): void {
    (direction === 'in' ? this.#in : this.#out)[COUNTER_OF[type]]++;
  }

  opened(open: OpenMessage): void {
    this.#peerOpen = open;
  }

  entered(): void {
    this.#since = this.#clock.wallTime();
  }

  failing(reason: string): void {
    this.#reason = reason;
  }

  notified(direction: 'sent' | 'received', content: NotificationContent): void {
    const { code, subcode, data } = content;
    const words = direction === 'sent' ? this.#reason : decodeShutdownCommunication(content);
    const name = nameOf(content);
    const record: NotificationRecord = {
      direction,
      code,
      subcode,
      data,
      text: words === undefined ? name : `${name}: ${words}`,
      time: this.#clock.wallTime(),
    };
    if (direction === 'sent') this.#sent = record;
    else this.#received = record;
    this.#notification = record;
  }

  /** True where the neighbor has ended what is about to end for another connection of ours with it (RFC 4271 §6.8). */
  get isCollision(): boolean {
    const { direction, code, subcode } = this.#notification ?? {};
    return (
      direction === 'received' &&
      code === NotificationCode.CEASE &&
      subcode === CeaseSubcode.CONNECTION_COLLISION_RESOLUTION
    );
  }

  /** The session, or an attempt at one, is over. Returns why, as it was noted on the way or else as the event has it. */
  ended(what: 'session' | 'attempt', event: string): string {
    const notification = this.#notification;
    const reason =
      notification?.direction === 'received'
        ? `NOTIFICATION received: ${notification.text}`
        : (this.#reason ?? notification?.text ?? event);
    const error = { reason, time: this.#clock.wallTime(), notification };
    if (what === 'session') this.#lastDown = error;
    else this.#lastFailure = error;
    this.forget();
    return reason;
  }

  /** A connection of the neighbor's was refused before it was one. */
  refused(reason: string): void {
    this.#lastFailure = { reason, time: this.#clock.wallTime(), notification: undefined };
  }

  /** What ended was no error: a colliding connection, or an attempt that we gave up. */
  forget(): void {
    this.#reason = undefined;
    this.#notification = undefined;
  }

  /** True where what happens for this reason was not reported within the last minute; it is then. */
  mayReport(reason: Reported): boolean {
    const now = this.#clock.now();
    if (now - (this.#reportedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < FAULT_LOG_MILLISECONDS)
      return false;
    this.#reportedAt.set(reason, now);
    return true;
  }

  faulty(update: Pick<AnyUpdate, 'faults' | 'unknownRouteTypes'>, log: (fault: UpdateFault) => void): void {
    this.#unknownRouteTypes += update.unknownRouteTypes;
    for (const fault of update.faults) {
      this.#faults[FAULT_COUNTER_OF[fault.outcome]] += fault.count;
      this.#faults.last = { ...fault, time: this.#clock.wallTime() };
      if (this.#clock.now() - this.#faultLoggedAt < FAULT_LOG_MILLISECONDS) continue;
      this.#faultLoggedAt = this.#clock.now();
      log(fault);
    }
  }

  status(view: SessionView): NeighborStatus {
    const { settings, counts, established, attempts, whereabouts } = view;
    const { neighbor: config, local } = settings;
    const families = familiesOf(config).map((family) =>
      view.routes.familyStatus(family, established, config),
    );
    const { connection, state } = view.link;
    const { negotiated } = established ?? {};
    const evpn = established?.families.get(EVPN);
    const ofEvpn = families.find(({ family }) => family === EVPN);
    const open = this.#peerOpen;
    return {
      address: config.address,
      peerAddress: config.interface === undefined ? config.address : whereabouts.address,
      linkPeer: whereabouts.linkPeer,
      interface: config.interface,
      port: config.port,
      description: config.description,
      peerGroup: config.peerGroup,
      listenRange: config.listenRange,
      passive: config.passive,
      isSigned: config.passwordFile !== undefined,
      ttlSecurity: config.ttlSecurity,
      configuredRemoteAs: config.remoteAs,
      localAs: local.asn,
      localRouterId: local.routerId,
      state: state.name,
      since: this.#since,
      uptime: established?.uptime,
      remoteAs: open === undefined ? undefined : announcedAs(open),
      remoteRouterId: open?.routerId,
      internal: negotiated?.internal,
      localEndpoint: localEndpoint(connection),
      remoteEndpoint: connection && { address: connection.remoteAddress, port: connection.remotePort },
      capabilitiesSent: localCapabilities(local, config),
      capabilitiesReceived: open?.capabilities ?? [],
      negotiated: negotiated && {
        holdTime: negotiated.holdTime,
        keepaliveTime: negotiated.keepaliveTime,
        fourOctetAs: negotiated.fourOctetAs,
        routeRefresh: negotiated.routeRefresh,
        extendedMessage: negotiated.extendedMessage,
        gracefulRestart: ofEvpn?.gracefulRestart,
      },
      configuredHoldTime: config.holdTime,
      configuredKeepaliveTime: config.keepaliveTime,
      connectRetryTime: config.connectRetryTime,
      sendHoldTime: sendHoldPeriod(config, negotiated) / 1000,
      sendStalledSince: established?.link.stalledSince,
      messagesIn: { ...this.#in },
      messagesOut: { ...this.#out },
      families,
      routes: {
        received: [...counts.received],
        accepted: [...counts.accepted],
        refused: { ...counts.refused },
        lastRefusal: counts.lastRefusal,
        held: counts.held,
        stale: counts.stale,
        rejected: counts.rejected,
        sets: counts.sets,
        octets: counts.octets,
        sent: evpn === undefined ? new Array<number>(ROUTE_TYPE_SLOTS).fill(0) : [...evpn.adjRibOut.sent],
      },
      limits: routeLimits(config),
      limitUse: limitUse(view.routes.limited, routeLimits(config)),
      unknownRouteTypes: this.#unknownRouteTypes,
      faults: { ...this.#faults },
      lastError: later(this.#lastDown, this.#lastFailure),
      lastDown: this.#lastDown,
      lastFailure: this.#lastFailure,
      failedAttempts: attempts.failures,
      idleHold: state.held
        ? { reason: later(this.#lastDown, this.#lastFailure)?.reason ?? '', until: attempts.heldUntil }
        : undefined,
      shutdown: view.shutdown,
      bfd: whereabouts.bfd,
      lastNotificationSent: this.#sent,
      lastNotificationReceived: this.#received,
      flaps: this.flaps,
      lateness: view.lateness,
      endOfRibAt: established?.endOfRibAt,
      staleRoutes: ofEvpn?.staleRoutes,
    };
  }
}

function localEndpoint(connection: Connection | undefined): NeighborStatus['localEndpoint'] {
  const address = connection?.localAddress;
  return connection && address !== undefined ? { address, port: connection.localPort } : undefined;
}

function later(a: NeighborError | undefined, b: NeighborError | undefined): NeighborError | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.time > b.time ? a : b;
}

/** The registered names, of what a Hard Reset carries too. */
function nameOf(notification: NotificationContent): string {
  const name = describeNotification(notification.code, notification.subcode);
  const carried = hardResetContent(notification);
  return carried === undefined ? name : `${name} for ${describeNotification(carried.code, carried.subcode)}`;
}

function announcedAs(open: OpenMessage): number {
  const fourOctets = open.capabilities.find(
    (capability): capability is Extract<Capability, { code: 65 }> => capability.code === 65,
  );
  return fourOctets?.asn ?? open.myAs;
}
