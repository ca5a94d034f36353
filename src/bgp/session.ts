import type { Clock, Log } from '../types/index.js';
import {
  type AnyFamily,
  type AnyUpdate,
  CeaseSubcode,
  EVPN,
  encodeNotification,
  familyAmong,
  type MessageType,
  type NotificationMessage,
  type OpenMessage,
  type RouteRefreshMessage,
  type UpdateDecoder,
  type WholeMessage,
} from '../wire/index.js';
import { Attempts } from './attempts.js';
import { cease, ceaseOverLimit } from './cease.js';
import { keepsNewConnection } from './collision.js';
import { type LocalIdentity, type NeighborConfig, needsNewSession, type StandingSession } from './config.js';
import { gainedConnection, type InterfaceChange, lostConnection } from './connected.js';
import { Established } from './established.js';
import type { Rib } from './evpn-rib.js';
import { type FamilyRibs, holdingsOf } from './family-ribs.js';
import type { FsmEvent, FsmState, FsmTimer, NotificationContent } from './fsm-types.js';
import { guardedClock } from './guarded-clock.js';
import { endingOf } from './idle-hold.js';
import { inboundPolicy } from './inbound.js';
import { LimitWatch } from './limit-watch.js';
import type { Link, LinkHost } from './link.js';
import { Links } from './links.js';
import type { AdministrativeShutdown, NeighborStatus } from './neighbor-status.js';
import { buildOpen, judgeOpen, type Negotiated, type OpenRefusal } from './open.js';
import { limitText, routeLimits, sameLimits } from './route-limits.js';
import { SessionLog } from './session-log.js';
import { SessionRecord } from './session-record.js';
import { StaleRoutes } from './stale-routes.js';
import { sendHoldPeriod, timerPeriod } from './timer-periods.js';
import type { Connection, ConnectionHandlers, Transport } from './transport.js';
import type { TurnBudget } from './turn-budget.js';

/** What all sessions of a speaker share. */
export interface SessionDeps {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Log;
  /** 0 to below 1, for the timers' jitter. */
  readonly random: () => number;
  /** L2VPN/EVPN's, whose numbers are shown. */
  readonly rib: Rib;
  /** What the speaker keeps of each family that it speaks. */
  readonly ribs: readonly FamilyRibs[];
  /** Shared, so that the same attributes from two spines are one object. */
  readonly decoder: UpdateDecoder;
  /** What may be read in one turn, of all neighbours together. */
  readonly budget: TurnBudget;
  readonly onEndOfRib: (address: string) => void;
  /** Called when routes were taken in. */
  readonly onGrown: () => void;
}

/** What became of asking for routes, or sending them, again. */
export type Refresh = 'done' | 'no session' | 'no route refresh';

/** Milliseconds in which a session is part of our own start, when nothing is known yet. */
const START = 5000;

const IGNORE: ConnectionHandlers = { onOpen() {}, onData() {}, onDrain() {}, onBacklog() {}, onClose() {} };

/**
 * One neighbour: its connections (two while they collide, RFC 4271 §6.8), its established session, and what is kept of
 * it over a graceful restart (RFC 4724 §4.2).
 */
export class Session implements LinkHost {
  readonly clock: Clock;
  readonly #deps: SessionDeps;
  readonly #record: SessionRecord;
  readonly #log: SessionLog;
  readonly #attempts: Attempts;
  #config: NeighborConfig;
  #local: LocalIdentity;
  readonly #links: Links;
  #started = false;
  /** Clock.now() */
  #startedAt = 0;
  #shutdown: AdministrativeShutdown | undefined;
  #established: Established | undefined;
  /** By family. */
  readonly #stale: ReadonlyMap<AnyFamily, StaleRoutes>;
  readonly #limitWatch = new LimitWatch();

  /** `config.address` must be canonical. */
  constructor(config: NeighborConfig, local: LocalIdentity, deps: SessionDeps) {
    this.#config = config;
    this.#local = local;
    this.#deps = deps;
    this.clock = guardedClock(deps.clock, (error) => this.#fail(error));
    this.#record = new SessionRecord(deps.clock);
    this.#log = new SessionLog(deps.log, config.address);
    this.#attempts = new Attempts(deps.clock);
    this.#stale = new Map(
      deps.ribs.map(({ family, rib }) => [
        family,
        new StaleRoutes(this.clock, rib, config.address, deps.log),
      ]),
    );
    this.#links = new Links(this, () => this.#record.entered());
  }

  get config(): NeighborConfig {
    return this.#config;
  }

  get budget(): TurnBudget {
    return this.#deps.budget;
  }

  get congested(): boolean {
    return this.#deps.ribs.some(({ rib }) => rib.isCongested(this.#config.address));
  }

  /** True once the session that stands has brought its End-of-RIB of every family. */
  get endOfRibReceived(): boolean {
    return this.#established?.isToldAll === true;
  }

  /** True while an operator keeps the neighbor down. */
  get isShutDown(): boolean {
    return this.#shutdown !== undefined;
  }

  start(): void {
    this.#started = true;
    this.#startedAt = this.clock.now();
    this.#begin();
  }

  #begin(): void {
    if (!this.#started || this.isShutDown) return;
    this.#attempts.anew();
    this.guard(() => {
      const { passive } = this.#config;
      this.#links.main.handle({
        type: passive ? 'AutomaticStart_with_PassiveTcpEstablishment' : 'AutomaticStart',
      });
    });
  }

  /** Ends the session with this Cease, and stays down; nothing of the neighbour is kept. */
  stop(notification: NotificationContent, reason: string): void {
    this.#started = false;
    this.#end(notification, reason);
  }

  #end(notification: NotificationContent, reason: string): void {
    this.guard(() => {
      this.failing(reason);
      this.#links.stop({ type: 'ManualStop', notification });
      for (const stale of this.#stale.values()) stale.stop();
      this.#record.forget();
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
    const since = this.#shutdown?.since ?? this.clock.wallTime();
    this.#shutdown = { message, since };
    this.#end(cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, message), reason);
  }

  /** Undoes `shutDown`. */
  enable(): void {
    if (this.#shutdown === undefined) return;
    this.#shutdown = undefined;
    this.#begin();
  }

  /** Takes over other settings; a new session only where they need one. */
  reconfigure(config: NeighborConfig, local: LocalIdentity): void {
    const anew =
      needsNewSession(this.#config, config, this.#standing(), local.asn) ||
      local.asn !== this.#local.asn ||
      local.routerId !== this.#local.routerId;
    if (anew) this.#end(cease(CeaseSubcode.OTHER_CONFIGURATION_CHANGE), 'configuration changed');
    if (!sameLimits(config, this.#config)) this.#limitsChange();
    const sendHoldDiffers = config.sendHoldTime !== this.#config.sendHoldTime;
    this.#config = config;
    this.#local = local;
    if (anew) this.#begin();
    else {
      if (sendHoldDiffers) for (const link of this.#links.all) link.countSendHold();
      this.#inboundChanged();
      this.#checkLimits();
    }
  }

  /** A neighbor that stays down because of the limits of before is tried at once. */
  #limitsChange(): void {
    this.#limitWatch.forget();
    if (!this.#attempts.isClosed) return;
    this.#attempts.anew();
    this.guard(() => this.#links.main.hasten());
  }

  #checkLimits(): void {
    const limits = routeLimits(this.#config);
    const { held, octets, stale } = holdingsOf(this.#deps.ribs, this.#config.address);
    const news = this.#limitWatch.news(held - stale, octets, limits);
    if (news === undefined) return;
    if (news.level === 'over' && limits.onLimit === 'close')
      this.#close(ceaseOverLimit(news), `too many routes: ${limitText(news)}`);
    else this.#log.limit(news);
  }

  /** The routes of all neighbors take too much, and this one's the most: they go. */
  makeRoom(reason: string): void {
    if (this.#established !== undefined) this.#close(cease(CeaseSubcode.OUT_OF_RESOURCES), reason);
    else for (const stale of this.#stale.values()) stale.makeRoom();
  }

  /** Ends the session for what its routes take; it stays down for a while (idle-hold.ts). */
  #close(notification: NotificationContent, reason: string): void {
    this.guard(() => {
      this.failing(reason);
      this.#attempts.ending('limit');
      this.#established?.link.handle({ type: 'AutomaticStop', notification });
    });
  }

  /** Routes that were refused are known to the neighbor alone, which is asked for all of them where the policy changed. */
  #inboundChanged(): void {
    const established = this.#established;
    if (established === undefined) return;
    const inbound = inboundPolicy(this.#config, established.negotiated);
    const { firstAs, allowasIn } = established.inbound;
    if (inbound.firstAs === firstAs && inbound.allowasIn === allowasIn) return;
    established.inbound = inbound;
    if (this.refreshIn() === 'done') return;
    this.#end(cease(CeaseSubcode.OTHER_CONFIGURATION_CHANGE), 'configuration changed');
    this.#begin();
  }

  #standing(): StandingSession | undefined {
    const { link, negotiated } = this.#established ?? {};
    const localAddress = link?.connection?.localAddress;
    return negotiated === undefined || localAddress === undefined
      ? undefined
      : { remoteAs: negotiated.remoteAs, localAddress };
  }

  /** Asks the neighbor for all its routes again (RFC 2918). */
  refreshIn(): Refresh {
    if (this.#established === undefined) return 'no session';
    return this.#established.askForRoutes() ? 'done' : 'no route refresh';
  }

  /** Sends the neighbor all our routes again. */
  refreshOut(): Refresh {
    if (this.#established === undefined) return 'no session';
    this.#established.refresh();
    return 'done';
  }

  /** Takes note of interfaces that changed. */
  interfacesChanged(change: InterfaceChange): void {
    const { address, localAddress } = this.#config;
    const lost = this.#links.all
      .map(({ connection }) => connection?.localAddress)
      .filter((local) => local !== undefined)
      .map((local) => lostConnection(change, address, local))
      .find((reason) => reason !== undefined);
    if (lost !== undefined) this.#linkDown(lost);
    else if (this.#established === undefined && gainedConnection(change, address, localAddress))
      this.#linkUp();
  }

  /** What the link carried ends at once, for nothing that we could say would arrive. */
  #linkDown(reason: string): void {
    this.guard(() => {
      for (const link of this.#links.all) {
        if (link.connection === undefined) continue;
        this.failing(reason);
        this.#attempts.ending('returning');
        link.handle({ type: 'TcpConnectionFails' });
      }
    });
  }

  /** What waits for its next attempt makes it now. */
  #linkUp(): void {
    if (this.#attempts.isClosed) return;
    this.#attempts.hasten();
    this.guard(() => this.#links.main.hasten());
  }

  /** Takes a connection from the neighbour's address. */
  accept(connection: Connection): ConnectionHandlers {
    let handlers = IGNORE;
    this.guard(() => {
      const refusal = this.#refusal();
      if (refusal !== undefined) {
        connection.write(encodeNotification(refusal));
        connection.end();
        return;
      }
      handlers = this.#links.accept(connection);
    });
    return handlers;
  }

  /** What is said to a connection that is not taken. */
  #refusal(): NotificationContent | undefined {
    if (this.#shutdown !== undefined)
      return cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, this.#shutdown.message);
    const { name, held } = this.#links.main.state;
    if ((name !== 'Idle' || held) && this.#attempts.admits()) return undefined;
    return cease(CeaseSubcode.CONNECTION_REJECTED);
  }

  /** Goes on reading after congestion. */
  resume(): void {
    this.guard(() => {
      this.#links.main.resume();
      this.#links.incoming?.resume();
    });
  }

  /** Resolves when no connection is left. */
  closed(): Promise<void> {
    return this.#links.closed();
  }

  status(): NeighborStatus {
    const established = this.#established;
    const evpn = established?.families.get(EVPN);
    return this.#record.status({
      config: this.#config,
      local: this.#local,
      state: this.#links.main.state.name,
      connection: this.#links.main.connection,
      negotiated: established?.negotiated,
      stalledSince: established?.link.stalledSince,
      uptime: established?.uptime,
      endOfRibAt: established?.endOfRibAt,
      counts: this.#deps.rib.counts(this.#config.address),
      holdings: holdingsOf(this.#deps.ribs, this.#config.address),
      sent: evpn?.adjRibOut.sent,
      staleRoutes: this.#stale.get(EVPN)?.status,
      failedAttempts: this.#attempts.failures,
      heldUntil: this.#links.main.state.held ? this.#attempts.heldUntil : undefined,
      shutdown: this.#shutdown,
    });
  }

  // What the links ask and tell: LinkHost

  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#fail(error);
    }
  }

  connect(handlers: ConnectionHandlers): Connection {
    const { address, port, localAddress } = this.#config;
    const connection = this.#deps.transport.connect({ address, port, localAddress }, handlers);
    this.#links.opened(connection);
    return connection;
  }

  timerPeriod(timer: Exclude<FsmTimer, 'HoldTimer'>, negotiated: Negotiated | undefined): number {
    return timerPeriod(timer, this.#config, negotiated, this.#attempts, this.#deps.random());
  }

  sendHoldPeriod(negotiated: Negotiated | undefined): number {
    return sendHoldPeriod(this.#config, negotiated);
  }

  openMessage(): OpenMessage {
    return buildOpen(this.#local, this.#config);
  }

  judge(open: OpenMessage): Negotiated | OpenRefusal {
    const verdict = judgeOpen(open, this.#local, this.#config);
    this.#record.opened(open);
    return verdict;
  }

  openAccepted(link: Link, open: OpenMessage, negotiated: Negotiated): void {
    const other = this.#links.other(link);
    if (other === undefined) return;
    if (other.state.name === 'Established') {
      if (this.#hasRestarted(negotiated)) other.handle({ type: 'TcpConnectionFails' });
      else link.handle({ type: 'OpenCollisionDump' });
      return;
    }
    if (other.state.name !== 'OpenConfirm') return;
    const keepsNew = keepsNewConnection(
      this.#local,
      { asn: negotiated.remoteAs, routerId: open.routerId },
      other.initiated,
      link.initiated,
    );
    (keepsNew ? other : link).handle({ type: 'OpenCollisionDump' });
  }

  established(link: Link): void {
    this.#links.settle(link);
    const { negotiated } = link;
    if (negotiated === undefined) throw new Error('established without an OPEN');
    const { ribs } = this.#deps;
    const { address } = this.#config;
    const inbound = inboundPolicy(this.#config, negotiated);
    const established = new Established(
      link,
      negotiated,
      address,
      inbound,
      this.#local.asn,
      ribs,
      this.clock,
    );
    this.#established = established;
    this.#attempts.sessionUp();
    this.#limitWatch.forget();
    for (const [family, stale] of this.#stale) stale.sessionUp(negotiated.restarts.get(family));
    established.start();
    if (this.#isOurStart(negotiated)) established.prompt();
    this.#log.established(negotiated);
  }

  /**
   * True for the first session after our own start. At a neighbor's start all its leaves would ask, and it would do for each
   * what it can do once for all of them; and one that says that it has restarted waits for its other neighbors' routes
   * rightly (RFC 4724 §4.1), though it may tell an End-of-RIB to whoever asks (GoBGP 3.10).
   */
  #isOurStart({ restarts }: Negotiated): boolean {
    const { flaps } = this.#record;
    const hasRestarted = [...restarts.values()].some(({ restarted }) => restarted);
    return flaps === 0 && !hasRestarted && this.clock.now() - this.#startedAt < START;
  }

  released(_link: Link, event: FsmEvent): void {
    const established = this.#established;
    if (established === undefined) return;
    this.#established = undefined;
    established.stop();
    this.#record.flaps++;
    this.#attempts.sessionDown(established.uptime);
    const { restarts } = established.negotiated;
    for (const [family, stale] of this.#stale) {
      const restart = restarts.get(family);
      // A NOTIFICATION, sent or received, ends the session for good (RFC 4724 §4)
      if (event.type === 'TcpConnectionFails' && restart !== undefined) stale.begin(restart);
      else stale.discard();
    }
  }

  stateChanged(link: Link, from: FsmState, event: FsmEvent): void {
    const { name } = link.state;
    if (from.name !== 'Idle' && (name === 'Idle' || name === 'Active')) this.#attemptEnded(from, event);
    this.#links.changed(link, event);
  }

  unanswered(link: Link): void {
    this.failing('connection failed: the neighbor does not answer');
    this.#attemptEnded(link.state, { type: 'TcpConnectionFails' });
  }

  update(link: Link, { bytes, start, end }: WholeMessage): number {
    const established = this.#established;
    if (established?.link !== link) return 0;
    const update = this.#deps.decoder.decodeWithin(bytes, start, end, established.negotiated);
    if (update.faults.length > 0 || update.unknownRouteTypes > 0)
      this.#record.faulty(update, (fault) => this.#log.faulty(fault));
    let routes = this.#take(established, update);
    for (const other of update.also) routes += this.#take(established, other);
    return routes;
  }

  /** Takes in what an UPDATE says of one family, unless an earlier part has ended the session; how many routes it names. */
  #take(established: Established, update: AnyUpdate): number {
    const routes = update.withdrawn.length + update.reachable.length;
    if (this.#established !== established) return routes;
    if (routes > 0) {
      const { rib } = established.families.get(update.family) ?? {};
      const refused = rib?.update(established.source, update, established.inbound);
      if (refused !== undefined && this.#record.mayReport(refused)) this.#log.refused(refused, update);
      this.#checkLimits();
      this.#deps.onGrown();
      if (this.#established !== established) return routes;
    }
    if (established.heard(update)) {
      this.#stale.get(update.family)?.endOfRib();
      if (established.isToldAll) this.#deps.onEndOfRib(this.#config.address);
    }
    return routes;
  }

  routeRefresh(link: Link, message: RouteRefreshMessage): void {
    const established = this.#established;
    if (established?.link !== link || message.subtype !== 0) return;
    const family = familyAmong(established.negotiated.families, message.afi, message.safi);
    if (family !== undefined) established.families.get(family)?.adjRibOut.refresh();
  }

  drained(link: Link): void {
    if (this.#established?.link === link) this.#established.drained();
  }

  messageSent(type: MessageType): void {
    this.#record.count('out', type);
  }

  messageReceived(type: MessageType): void {
    this.#record.count('in', type);
  }

  notificationSent(content: NotificationContent): void {
    this.#record.notified('sent', content);
  }

  notificationReceived(message: NotificationMessage): void {
    this.#record.notified('received', message);
    this.#attempts.ending(endingOf(message));
  }

  failing(reason: string): void {
    this.#record.failing(reason);
  }

  connectionClosed(connection: Connection): void {
    this.#links.connectionClosed(connection);
  }

  #attemptEnded(from: FsmState, event: FsmEvent): void {
    this.#attempts.ended();
    const unwanted = event.type === 'ManualStop' && from.name !== 'Established';
    if (event.type === 'OpenCollisionDump' || unwanted) {
      this.#record.forget();
      return;
    }
    if (from.name === 'Established') {
      this.#log.lost(event.type, this.#record.ended('session', event.type));
      return;
    }
    const reason = this.#record.ended('attempt', event.type);
    const level = this.#attempts.failed(reason);
    const connected = from.name === 'OpenSent' || from.name === 'OpenConfirm';
    this.#log.failed(level, reason, this.#attempts.failures, connected);
  }

  /** The peer says that it restarted, and the session that stands is older than its first steps (RFC 4724 §5). */
  #hasRestarted(negotiated: Negotiated): boolean {
    const established = this.#established;
    const hasRestarted = [...negotiated.restarts.values()].some(({ restarted }) => restarted);
    if (!hasRestarted || established === undefined || established.negotiated.restarts.size === 0)
      return false;
    return established.uptime >= established.negotiated.keepaliveTime * 1000;
  }

  /** Our own fault, not the peer's: the session begins anew, the daemon lives. */
  #fail(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.internal(reason);
    try {
      this.failing('internal error');
      const notification = cease(CeaseSubcode.OUT_OF_RESOURCES);
      for (const link of this.#links.all) link.handle({ type: 'AutomaticStop', notification });
    } catch (again) {
      this.#log.internal(String(again), 'BGP session could not stop');
      this.#links.replaceMain();
    }
  }
}
