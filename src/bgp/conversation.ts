import type { Clock } from '../types/index.js';
import {
  CeaseSubcode,
  type NotificationMessage,
  type OpenMessage,
  type RouteRefreshMessage,
  type WholeMessage,
} from '../wire/index.js';
import { noteEnd } from './attempt-end.js';
import { Attempts } from './attempts.js';
import { cease } from './cease.js';
import { type LocalIdentity, type NeighborConfig, peerSecurity } from './config.js';
import { unansweredText } from './connection-error.js';
import { Established, type Refresh } from './established.js';
import type { FsmEvent, FsmState, NotificationContent } from './fsm-types.js';
import { guardedClock } from './guarded-clock.js';
import { outlivesNotification, sessionEndOf } from './hard-reset.js';
import { type Ending, endingOf } from './idle-hold.js';
import type { Link, LinkHost } from './link.js';
import { Links } from './links.js';
import type { Negotiated, OpenRefusal } from './open.js';
import { sourceNames } from './route.js';
import type { SessionDeps } from './session-deps.js';
import { SessionLog } from './session-log.js';
import { SessionRecord } from './session-record.js';
import { SessionRoutes, type UpdateHost } from './session-routes.js';
import { SessionSettings } from './session-settings.js';
import type { Connection, ConnectionHandlers } from './transport.js';
import type { TurnBudget } from './turn-budget.js';

/** What a conversation needs of its neighbor, and reports to it. */
export interface ConversationHost {
  /** The address that connections are made to. */
  readonly target: string;
  /** Milliseconds since the neighbor was started. */
  readonly sinceStart: number;
  /** Routes were taken in: they may be more than is allowed, which ends the session. */
  checkLimits(): void;
  /** A connection, or what is kept of a session before, may have gone. */
  changed(): void;
}

/**
 * What is spoken with one neighbor: its connections (two while they collide, RFC 4271 §6.8), the session that stands on one
 * of them, and what becomes of its routes when that ends (RFC 4724 §4.2). Who wants it to begin or to end is the
 * session's matter (session.ts).
 */
export class Conversation implements LinkHost, UpdateHost {
  readonly clock: Clock;
  readonly record: SessionRecord;
  readonly settings: SessionSettings;
  readonly attempts: Attempts;
  readonly links: Links;
  readonly routes: SessionRoutes;
  readonly log: SessionLog;
  readonly #deps: SessionDeps;
  readonly #host: ConversationHost;
  #established: Established | undefined;
  /** Of the session that stands, or stood last. */
  #negotiated: Negotiated | undefined;

  /** `config.address` must be canonical. */
  constructor(config: NeighborConfig, local: LocalIdentity, deps: SessionDeps, host: ConversationHost) {
    this.#deps = deps;
    this.#host = host;
    this.clock = guardedClock(deps.clock, (error) => this.#fail(error));
    this.record = new SessionRecord(deps.clock);
    this.log = new SessionLog(deps.log, config.address, deps.events);
    this.attempts = new Attempts(deps.clock);
    this.settings = new SessionSettings(config, local, this.attempts, deps.random);
    this.routes = new SessionRoutes(this.clock, config.address, deps, this.record, this.log, () =>
      host.changed(),
    );
    this.links = new Links(this, () => this.record.entered());
  }

  get budget(): TurnBudget {
    return this.#deps.budget;
  }

  get congested(): boolean {
    return this.routes.congested;
  }

  /** The session that stands. */
  get standing(): Established | undefined {
    return this.#established;
  }

  /** Resolves when the connections of a session that has ended have closed; undefined where there are none, or one stands. */
  get closing(): Promise<void> | undefined {
    return this.#established === undefined && this.links.hasConnections ? this.links.closed() : undefined;
  }

  /** Of UpdateHost. */
  checkLimits(): void {
    this.#host.checkLimits();
  }

  /** What is about to end will be back, for this reason. */
  losing(reason: string): void {
    this.record.failing(reason);
    this.attempts.ending('returning');
  }

  /**
   * Ends all with this Cease, and makes no attempt anew; of the neighbor that alone is kept which both of us keep over such a NOTIFICATION,
   * of the session that stands. With `leavesStale`, what is kept of a session before stays too.
   */
  end(notification: NotificationContent, reason: string, leavesStale = false): void {
    this.guard(() => {
      this.record.failing(reason);
      const event = { type: 'ManualStop', notification } as const;
      const isOver = sessionEndOf(event) === 'over' || !outlivesNotification(this.#established?.negotiated);
      this.links.stop(event);
      if (isOver && !leavesStale) this.routes.stop();
      this.record.forget();
    });
  }

  /** Ends the session by ourselves; it stays down for a while (idle-hold.ts). */
  close(notification: NotificationContent, reason: string, ending: Ending): void {
    this.guard(() => {
      this.record.failing(reason);
      this.attempts.ending(ending);
      this.#established?.link.handle({ type: 'AutomaticStop', notification });
    });
  }

  /** Asks the neighbor for all its routes again (RFC 2918). */
  refreshIn(): Refresh {
    return this.#established?.askForRoutes() ?? 'no session';
  }

  /** Sends the neighbor all our routes again. */
  refreshOut(): Refresh {
    if (this.#established === undefined) return 'no session';
    this.#established.refresh();
    return 'done';
  }

  /** The neighbor's routes that stand, or are kept while no session does, are judged by the settings that count now. */
  judgeAgain(): void {
    if (this.#negotiated !== undefined)
      this.routes.judgeAgain(this.settings.policies(this.#negotiated).inbound);
  }

  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#fail(error);
    }
  }

  connect(handlers: ConnectionHandlers): Connection {
    const connection = this.#deps.transport.connect(this.settings.targetAt(this.#host.target), handlers);
    this.links.opened(connection);
    return connection;
  }

  judge(open: OpenMessage): Negotiated | OpenRefusal {
    const verdict = this.settings.judge(open);
    this.record.opened(open);
    return verdict;
  }

  openAccepted(link: Link, negotiated: Negotiated): void {
    this.links.collide(
      link,
      negotiated,
      this.settings.local,
      this.#established?.isBefore(negotiated) === true,
    );
  }

  established(link: Link): void {
    this.links.settle(link);
    const { negotiated } = link;
    if (negotiated === undefined) throw new Error('established without an OPEN');
    const established = new Established(
      link,
      negotiated,
      sourceNames(this.settings.neighbor, link.connection?.remoteAddress ?? ''),
      this.settings.policies(negotiated),
      this.settings.local.asn,
      this.#deps.ribs,
      this.clock,
      (route) => this.log.unfit(route),
      this.#deps.convergence?.outbound,
    );
    this.#established = established;
    this.#negotiated = negotiated;
    this.attempts.sessionUp();
    this.routes.sessionUp(negotiated, this.settings.neighbor);
    established.start();
    if (this.record.flaps === 0) established.promptAtStart(this.#host.sinceStart);
    this.log.established(negotiated);
  }

  released(_link: Link, event: FsmEvent): void {
    const established = this.#established;
    if (established === undefined) return;
    this.#established = undefined;
    established.stop();
    this.record.flaps++;
    this.attempts.sessionDown(established.uptime);
    this.settings.sessionDown();
    this.routes.sessionDown(established.negotiated, sessionEndOf(event));
  }

  stateChanged(link: Link, from: FsmState, event: FsmEvent): void {
    const { name } = link.state;
    if (from.name !== 'Idle' && (name === 'Idle' || name === 'Active')) this.#attemptEnded(link, from, event);
    this.links.changed(link, event);
    this.#host.changed();
  }

  unanswered(link: Link): void {
    this.record.failing(unansweredText(peerSecurity(this.settings.neighbor)));
    this.#attemptEnded(link, link.state, { type: 'TcpConnectionFails' });
  }

  update(link: Link, message: WholeMessage): number {
    const established = this.#established;
    return established?.link === link ? this.routes.update(established, message, this) : 0;
  }

  goOn(link: Link): number | undefined {
    return this.#established?.link === link ? this.routes.goOn(this) : undefined;
  }

  routeRefresh(link: Link, message: RouteRefreshMessage): void {
    if (this.#established?.link !== link) return;
    const ignored = this.#established.routeRefresh(message);
    if (ignored !== undefined && this.record.mayReport('refresh')) this.log.refreshIgnored(ignored);
  }

  drained(link: Link): void {
    if (this.#established?.link === link) this.#established.drained();
  }

  notificationReceived(message: NotificationMessage): void {
    this.attempts.ending(endingOf(message));
  }

  connectionClosed(connection: Connection): void {
    this.links.connectionClosed(connection);
  }

  #attemptEnded(link: Link, from: FsmState, event: FsmEvent): void {
    noteEnd(from, event, this.attempts, this.record, this.log, this.links.other(link)?.hasOpened === true);
  }

  /** Our own fault, not the peer's: the session begins anew, the daemon lives. */
  #fail(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log.internal(reason);
    this.record.failing('internal error');
    this.links.abort(cease(CeaseSubcode.OUT_OF_RESOURCES), (again) =>
      this.log.internal(String(again), 'BGP session could not stop'),
    );
  }
}
