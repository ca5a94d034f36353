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
import { byOperator, cease, ceaseOverLimit, refusalOf, refuse } from './cease.js';
import { type LocalIdentity, type NeighborConfig, peerSecurity } from './config.js';
import { gainedConnection, type InterfaceChange } from './connected.js';
import { tooFarText, unansweredText } from './connection-error.js';
import { Established, type Refresh } from './established.js';
import type { FsmEvent, FsmState, NotificationContent } from './fsm-types.js';
import { guardedClock } from './guarded-clock.js';
import { type Ending, endingOf } from './idle-hold.js';
import { KeptDown } from './kept-down.js';
import type { Link, LinkHost } from './link.js';
import { Links } from './links.js';
import type { NeighborStatus } from './neighbor-status.js';
import { familiesOf, type Negotiated, type OpenRefusal } from './open.js';
import { sourceNames } from './route.js';
import { limitText } from './route-limits.js';
import type { SessionDeps } from './session-deps.js';
import { SessionLog } from './session-log.js';
import { SessionRecord } from './session-record.js';
import { SessionRoutes, type UpdateHost } from './session-routes.js';
import { SessionSettings } from './session-settings.js';
import { type Connection, type ConnectionHandlers, NO_HANDLERS } from './transport.js';
import type { TurnBudget } from './turn-budget.js';
import { Whereabouts } from './whereabouts.js';

/**
 * One neighbor: its connections (two while they collide, RFC 4271 §6.8), its established session, and what is kept of
 * it over a graceful restart (RFC 4724 §4.2).
 */
export class Session implements LinkHost, UpdateHost {
  readonly clock: Clock;
  readonly record: SessionRecord;
  readonly settings: SessionSettings;
  readonly keptDown: KeptDown;
  readonly #deps: SessionDeps;
  readonly #log: SessionLog;
  readonly #attempts: Attempts;
  readonly #links: Links;
  readonly whereabouts: Whereabouts;
  #started = false;
  /** Clock.now() */
  #startedAt = 0;
  #established: Established | undefined;
  readonly #routes: SessionRoutes;

  /** `config.address` must be canonical. */
  constructor(config: NeighborConfig, local: LocalIdentity, deps: SessionDeps) {
    this.#deps = deps;
    this.clock = guardedClock(deps.clock, (error) => this.#fail(error));
    this.record = new SessionRecord(deps.clock);
    this.#log = new SessionLog(deps.log, config.address);
    this.#attempts = new Attempts(deps.clock);
    this.keptDown = new KeptDown(deps.clock);
    this.keptDown.configure(config.shutdown);
    this.settings = new SessionSettings(config, local, this.#attempts, deps.random);
    this.#routes = new SessionRoutes(this.clock, config.address, deps, this.record, this.#log, () =>
      this.#spent(),
    );
    this.#links = new Links(this, () => this.record.entered());
    this.whereabouts = new Whereabouts(deps, {
      onFound: (address) => this.#found(address),
      // What the neighbor restarts gracefully with stays, as with any other loss of a connection
      onLost: (reason) => this.guard(() => this.#links.abandon(() => this.#losing(reason))),
      onDown: (...args) => this.#pathFailed(...args),
      isInUse: () => this.#established !== undefined,
    });
  }

  get config(): NeighborConfig {
    return this.settings.neighbor;
  }

  get budget(): TurnBudget {
    return this.#deps.budget;
  }

  get congested(): boolean {
    return this.#routes.congested;
  }

  /** True once the session that stands has brought its End-of-RIB of every family. */
  get endOfRibReceived(): boolean {
    return this.#established?.isToldAll === true;
  }

  /** Of UpdateHost. */
  get standing(): Established | undefined {
    return this.#established;
  }

  /** True while an operator keeps the neighbor down. */
  get isShutDown(): boolean {
    return this.keptDown.now !== undefined;
  }

  /** True where a neighbor of a listen range is gone: without a connection, a hold in Idle, or anything that is kept of it. */
  get isSpent(): boolean {
    return (
      this.config.listenRange !== undefined &&
      this.#links.main.state.name === 'Active' &&
      this.#links.incoming === undefined &&
      !this.#routes.keepsStale
    );
  }

  #spent(): void {
    if (this.isSpent) this.#deps.onSpent(this);
  }

  start(): void {
    this.#started = true;
    this.#startedAt = this.clock.now();
    this.#begin();
  }

  #begin(): void {
    if (!this.#started || this.isShutDown || !this.whereabouts.seek(this.config)) return;
    this.#attempts.anew();
    this.guard(() => {
      this.#links.main.handle({ type: this.settings.startEvent });
    });
  }

  #found(address: string): void {
    this.#deps.onMoved();
    this.#log.found(address);
    this.#begin();
  }

  #losing(reason: string): void {
    this.record.failing(reason);
    this.#attempts.ending('returning');
  }

  /** Ends the session with this Cease, and stays down; nothing of the neighbor is kept. */
  stop(notification: NotificationContent, reason: string): void {
    this.#started = false;
    this.#end(notification, reason);
    this.whereabouts.rest();
  }

  #end(notification: NotificationContent, reason: string): void {
    this.guard(() => {
      this.record.failing(reason);
      this.#links.stop({ type: 'ManualStop', notification });
      this.#routes.stop();
      this.record.forget();
    });
  }

  /** Ends the session with this Cease, and begins anew. */
  restart(notification: NotificationContent, reason: string): void {
    this.#end(notification, reason);
    this.#begin();
  }

  /**
   * Ends the session with Cease/Administrative Shutdown, and takes and makes no connection until `enable`. Where that is so
   * already the message alone changes, which connections are refused with.
   */
  shutDown(message: string, reason: string): void {
    this.keptDown.command(message);
    this.#endFor(cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, message), reason);
  }

  #endFor(notification: NotificationContent, reason: string): void {
    this.#end(notification, reason);
    this.whereabouts.rest();
  }

  /** Undoes `shutDown`, and what a limit has done; false where the setting keeps the neighbor down. */
  enable(): boolean {
    const wasDown = this.isShutDown;
    this.keptDown.lift();
    if (wasDown && !this.isShutDown) this.#begin();
    return !this.isShutDown;
  }

  /** Takes over other settings; a new session only where they need one. */
  reconfigure(config: NeighborConfig, local: LocalIdentity): void {
    const change = this.settings.changes(config, local, this.#established?.settings);
    const anew = change.needsNewSession;
    if (anew) this.#end(cease(CeaseSubcode.OTHER_CONFIGURATION_CHANGE), 'configuration changed');
    const wasDown = this.isShutDown;
    if (change.limits) this.#limitsChange();
    this.settings.take(config, local);
    const { shutdown: words } = config;
    this.keptDown.configure(words);
    if (!wasDown && words !== undefined)
      this.#endFor(cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, words), byOperator('shut down', words));
    else if (anew || (wasDown && !this.isShutDown)) this.#begin();
    else {
      if (this.#started && !this.isShutDown) this.whereabouts.seek(config);
      if (change.key) for (const { connection } of this.#links.all) connection?.changeKey(change.key);
      if (change.sendHoldTime) for (const link of this.#links.all) link.countSendHold();
      this.#policiesChanged();
      this.checkLimits();
    }
  }

  /** A neighbor that stays down because of the limits of before is tried at once. */
  #limitsChange(): void {
    this.#routes.limitsChanged();
    this.keptDown.liftLimit();
    if (!this.#attempts.isClosed) return;
    this.#attempts.anew();
    this.guard(() => this.#links.main.hasten());
  }

  /** Of UpdateHost. */
  checkLimits(): void {
    const over = this.#routes.overLimit(this.config);
    if (over === undefined) return;
    const reason = `too many routes: ${limitText(over)}`;
    const notification = ceaseOverLimit(over, familiesOf(this.config));
    if (this.config.onLimit === 'stop') this.#stayDown(notification, reason);
    else this.#close(notification, reason, 'limit');
  }

  #stayDown(notification: NotificationContent, reason: string): void {
    this.keptDown.limit(reason);
    this.#endFor(notification, reason);
    this.#deps.onStopped();
  }

  /** The routes of all neighbors take too much, and this one's the most: they go. */
  makeRoom(reason: string): void {
    if (this.#established !== undefined) this.#close(cease(CeaseSubcode.OUT_OF_RESOURCES), reason, 'limit');
    else this.#routes.makeRoom();
  }

  /**
   * BFD: the path was up and has failed. A session that stands ends; the routes of one that has ended are kept for a neighbor
   * that restarts, unless what failed cannot be a part of that (RFC 5882 §4.3).
   */
  #pathFailed(reason: string, controlPlaneIndependent: boolean): void {
    if (this.#established !== undefined) this.#close(cease(CeaseSubcode.BFD_DOWN), `BFD: ${reason}`, 'fault');
    else if (controlPlaneIndependent) this.#routes.pathFailed();
  }

  /** Ends the session by ourselves; it stays down for a while (idle-hold.ts). */
  #close(notification: NotificationContent, reason: string, ending: Ending): void {
    this.guard(() => {
      this.record.failing(reason);
      this.#attempts.ending(ending);
      this.#established?.link.handle({ type: 'AutomaticStop', notification });
    });
  }

  /** A neighbor that cannot be asked for all its routes again sends them with a new session. */
  #policiesChanged(): void {
    const established = this.#established;
    if (established === undefined) return;
    if (established.changePolicies(this.settings.policies(established.negotiated)) === 'done') return;
    this.restart(cease(CeaseSubcode.OTHER_CONFIGURATION_CHANGE), 'configuration changed');
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

  /** Takes note of interfaces that changed: what they carried ends at once, for nothing that we sent would arrive. */
  interfacesChanged(change: InterfaceChange): void {
    const { address } = this.whereabouts;
    if (address === undefined) return;
    this.guard(() => {
      const isLost = this.#links.lose(change, address, (reason) => this.#losing(reason));
      if (isLost || this.#established !== undefined) return;
      if (gainedConnection(change, address, this.config.localAddress)) this.#linkUp();
    });
  }

  /** What waits for its next attempt makes it now. */
  #linkUp(): void {
    if (this.#attempts.isClosed) return;
    this.#attempts.hasten();
    this.guard(() => this.#links.main.hasten());
  }

  /** Takes a connection from the neighbor's address. */
  accept(connection: Connection): ConnectionHandlers {
    let handlers = NO_HANDLERS;
    this.guard(() => {
      const refusal = refusalOf(this.#links.main.state, this.#attempts, this.keptDown.now);
      if (refusal === undefined) handlers = this.#links.accept(connection);
      else refuse(connection, refusal);
    });
    return handlers;
  }

  /** Goes on reading after congestion. */
  resume(): void {
    this.guard(() => this.#links.resume());
  }

  /** Resolves when no connection is left. */
  closed(): Promise<void> {
    return this.#links.closed();
  }

  status(): NeighborStatus {
    return this.record.status({
      settings: this.settings,
      link: this.#links.main,
      established: this.#established,
      counts: this.#deps.rib.counts(this.config.address),
      routes: this.#routes,
      attempts: this.#attempts,
      shutdown: this.keptDown.now,
      whereabouts: this.whereabouts,
    });
  }

  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#fail(error);
    }
  }

  connect(handlers: ConnectionHandlers): Connection {
    const connection = this.#deps.transport.connect(
      this.settings.targetAt(this.whereabouts.address ?? this.config.address),
      handlers,
    );
    this.#links.opened(connection);
    return connection;
  }

  judge(open: OpenMessage): Negotiated | OpenRefusal {
    const verdict = this.settings.judge(open);
    this.record.opened(open);
    return verdict;
  }

  openAccepted(link: Link, negotiated: Negotiated): void {
    this.#links.collide(
      link,
      negotiated,
      this.settings.local,
      this.#established?.isBefore(negotiated) === true,
    );
  }

  established(link: Link): void {
    this.#links.settle(link);
    const { negotiated } = link;
    if (negotiated === undefined) throw new Error('established without an OPEN');
    const established = new Established(
      link,
      negotiated,
      sourceNames(this.config, link.connection?.remoteAddress ?? ''),
      this.settings.policies(negotiated),
      this.settings.local.asn,
      this.#deps.ribs,
      this.clock,
      (route) => this.#log.unfit(route),
    );
    this.#established = established;
    this.#attempts.sessionUp();
    this.#routes.sessionUp(negotiated);
    established.start();
    if (this.record.flaps === 0) established.promptAtStart(this.clock.now() - this.#startedAt);
    this.#log.established(negotiated);
  }

  released(_link: Link, event: FsmEvent): void {
    const established = this.#established;
    if (established === undefined) return;
    this.#established = undefined;
    established.stop();
    this.record.flaps++;
    this.#attempts.sessionDown(established.uptime);
    // A NOTIFICATION, sent or received, ends the session for good (RFC 4724 §4)
    this.#routes.sessionDown(established.negotiated, event.type === 'TcpConnectionFails');
  }

  stateChanged(link: Link, from: FsmState, event: FsmEvent): void {
    const { name } = link.state;
    if (from.name !== 'Idle' && (name === 'Idle' || name === 'Active')) this.#attemptEnded(link, from, event);
    this.#links.changed(link, event);
    this.#spent();
  }

  /**
   * A connection of the neighbor's was reset because of its TTL. Ours may stand meanwhile, without hearing a word of what has
   * such a TTL, until its hold time.
   */
  tooFar(ttl: number): void {
    if (!this.#established) this.record.refused(tooFarText(peerSecurity(this.config), ttl));
  }

  unanswered(link: Link): void {
    this.record.failing(unansweredText(peerSecurity(this.config)));
    this.#attemptEnded(link, link.state, { type: 'TcpConnectionFails' });
  }

  update(link: Link, message: WholeMessage): number {
    const established = this.#established;
    return established?.link === link ? this.#routes.update(established, message, this) : 0;
  }

  routeRefresh(link: Link, message: RouteRefreshMessage): void {
    if (this.#established?.link === link) this.#established.routeRefresh(message);
  }

  drained(link: Link): void {
    if (this.#established?.link === link) this.#established.drained();
  }

  notificationReceived(message: NotificationMessage): void {
    this.#attempts.ending(endingOf(message));
  }

  connectionClosed(connection: Connection): void {
    this.#links.connectionClosed(connection);
  }

  #attemptEnded(link: Link, from: FsmState, event: FsmEvent): void {
    noteEnd(from, event, this.#attempts, this.record, this.#log, this.#links.other(link)?.hasOpened === true);
  }

  /** Our own fault, not the peer's: the session begins anew, the daemon lives. */
  #fail(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.internal(reason);
    this.record.failing('internal error');
    this.#links.abort(cease(CeaseSubcode.OUT_OF_RESOURCES), (again) =>
      this.#log.internal(String(again), 'BGP session could not stop'),
    );
  }
}
