import type { Timer } from '../types/index.js';
import { CeaseSubcode } from '../wire/index.js';
import { byOperator, cease, ceaseOverLimit, refusalOf, refuse } from './cease.js';
import { type LocalIdentity, type NeighborConfig, peerSecurity } from './config.js';
import { gainedConnection, type InterfaceChange } from './connected.js';
import { tooFarText } from './connection-error.js';
import { Conversation, type ConversationHost } from './conversation.js';
import type { Refresh } from './established.js';
import type { NotificationContent } from './fsm-types.js';
import { KeptDown } from './kept-down.js';
import type { NeighborStatus } from './neighbor-status.js';
import { familiesOf } from './open.js';
import { limitText } from './route-limits.js';
import type { SessionDeps } from './session-deps.js';
import { type Connection, type ConnectionHandlers, NO_HANDLERS } from './transport.js';
import { Whereabouts } from './whereabouts.js';

/** Milliseconds that the loss of a connection may be later than that of BFD, where both are a restart of the neighbor's. */
const RESTART_PATIENCE = 50;

/**
 * One neighbor, as its operator, its limits and the paths to it want it: when what is spoken with it (conversation.ts)
 * begins and ends.
 */
export class Session implements ConversationHost {
  readonly keptDown: KeptDown;
  readonly whereabouts: Whereabouts;
  readonly #deps: SessionDeps;
  readonly #talk: Conversation;
  #started = false;
  /** Until a path that has failed ends the session. */
  #waiting: Timer | undefined;
  /** Clock.now() */
  #startedAt = 0;

  /** `config.address` must be canonical. */
  constructor(config: NeighborConfig, local: LocalIdentity, deps: SessionDeps) {
    this.#deps = deps;
    this.keptDown = new KeptDown(deps.clock);
    this.keptDown.configure(config.shutdown);
    this.#talk = new Conversation(config, local, deps, this);
    this.whereabouts = new Whereabouts(deps, {
      onFound: (address) => this.#found(address),
      // What the neighbor restarts gracefully with stays, as with any other loss of a connection
      onLost: (reason) => this.#talk.guard(() => this.#talk.links.abandon(() => this.#talk.losing(reason))),
      onDown: (...args) => this.#pathFailed(...args),
      isInUse: () => this.#talk.standing !== undefined,
      closing: () => this.#talk.closing,
    });
  }

  get config(): NeighborConfig {
    return this.#talk.settings.neighbor;
  }

  /** True once the session that stands has brought its End-of-RIB of every family. */
  get endOfRibReceived(): boolean {
    return this.#talk.standing?.isToldAll === true;
  }

  /** True while an operator keeps the neighbor down. */
  get isShutDown(): boolean {
    return this.keptDown.now !== undefined;
  }

  /** True where a neighbor of a listen range is gone: without a connection, a hold in Idle, or anything that is kept of it. */
  get isSpent(): boolean {
    return (
      this.config.listenRange !== undefined &&
      this.#talk.links.main.state.name === 'Active' &&
      this.#talk.links.incoming === undefined &&
      !this.#talk.routes.keepsStale
    );
  }

  /** Of ConversationHost. */
  get target(): string {
    return this.whereabouts.address ?? this.config.address;
  }

  /** Of ConversationHost. */
  get sinceStart(): number {
    return this.#deps.clock.now() - this.#startedAt;
  }

  /** Of ConversationHost. */
  changed(): void {
    if (this.isSpent) this.#deps.onSpent(this);
  }

  start(): void {
    this.#started = true;
    this.#startedAt = this.#deps.clock.now();
    this.#begin();
  }

  #begin(): void {
    if (!this.#started || this.isShutDown || !this.whereabouts.seek(this.config)) return;
    this.#talk.attempts.anew();
    this.#talk.guard(() => {
      this.#talk.links.main.handle({ type: this.#talk.settings.startEvent });
    });
  }

  #found(address: string): void {
    this.#deps.onMoved();
    this.#talk.log.found(address);
    this.#begin();
  }

  /** Ends the session with this Cease, and stays down; nothing of the neighbor is kept. */
  stop(notification: NotificationContent, reason: string): void {
    this.#started = false;
    this.#talk.end(notification, reason);
    this.whereabouts.rest();
  }

  /**
   * Ends all connections without a word, for good, as a process does that is to be back soon: the neighbor keeps our routes
   * if it does graceful restart (RFC 4724 §4.2), and what it has told us stays. Resolves when it has closed them too.
   */
  leave(): Promise<void> {
    this.#started = false;
    this.#waiting?.cancel();
    this.#talk.links.leave();
    return this.closed();
  }

  /** Ends the session with this Cease, and begins anew. */
  restart(notification: NotificationContent, reason: string): void {
    this.#talk.end(notification, reason);
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
    this.#talk.end(notification, reason);
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
    const change = this.#talk.settings.changes(config, local, this.#talk.standing?.settings);
    const anew = change.needsNewSession;
    const { OTHER_CONFIGURATION_CHANGE } = CeaseSubcode;
    if (anew) this.#talk.end(cease(OTHER_CONFIGURATION_CHANGE), 'configuration changed', change.leavesStale);
    const wasDown = this.isShutDown;
    if (change.limits) this.#limitsChange();
    this.#talk.settings.take(config, local);
    if (change.inbound) this.#talk.judgeAgain();
    const { shutdown: words } = config;
    this.keptDown.configure(words);
    if (!wasDown && words !== undefined)
      this.#endFor(cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, words), byOperator('shut down', words));
    else if (anew || (wasDown && !this.isShutDown)) this.#begin();
    else {
      if (this.#started && !this.isShutDown) this.whereabouts.seek(config);
      if (change.key) for (const { connection } of this.#talk.links.all) connection?.changeKey(change.key);
      if (change.sendHoldTime) for (const link of this.#talk.links.all) link.countSendHold();
      this.#policiesChanged();
      this.checkLimits();
    }
  }

  /** A neighbor that stays down because of the limits of before is tried at once. */
  #limitsChange(): void {
    this.#talk.routes.limitsChanged();
    this.keptDown.liftLimit();
    if (!this.#talk.attempts.isClosed) return;
    this.#talk.attempts.anew();
    this.#talk.guard(() => this.#talk.links.main.hasten());
  }

  /** Of ConversationHost. */
  checkLimits(): void {
    const over = this.#talk.routes.overLimit(this.config);
    if (over === undefined) return;
    const reason = `too many routes: ${limitText(over)}`;
    const notification = ceaseOverLimit(over, familiesOf(this.config));
    if (this.config.onLimit === 'stop') this.#stayDown(notification, reason);
    else this.#talk.close(notification, reason, 'limit');
  }

  #stayDown(notification: NotificationContent, reason: string): void {
    this.keptDown.limit(reason);
    this.#endFor(notification, reason);
    this.#deps.onStopped();
  }

  /** The routes of all neighbors take too much, and this one's the most: they go. */
  makeRoom(reason: string): void {
    if (this.#talk.standing !== undefined)
      this.#talk.close(cease(CeaseSubcode.OUT_OF_RESOURCES), reason, 'limit');
    else this.#talk.routes.makeRoom();
  }

  /**
   * BFD: the path was up and has failed. A session that stands ends; the routes of one that has ended are kept for a neighbor
   * that restarts, unless what failed cannot be a part of that (RFC 5882 §4.3). Where it can, the loss of the connection may
   * be on its way, which would be the beginning of a restart: bfdd of FRR signals Down as soon as bgpd has ended.
   */
  #pathFailed(reason: string, controlPlaneIndependent: boolean): void {
    if (!this.#started) return;
    const { standing } = this.#talk;
    if (standing === undefined) {
      if (controlPlaneIndependent) this.#talk.routes.pathFailed();
      return;
    }
    const close = () => this.#talk.close(cease(CeaseSubcode.BFD_DOWN), `BFD: ${reason}`, 'fault');
    if (controlPlaneIndependent || standing.negotiated.restarts.size === 0) close();
    else
      this.#waiting ??= this.#deps.clock.after(RESTART_PATIENCE, () => {
        this.#waiting = undefined;
        if (this.#talk.standing === standing) close();
      });
  }

  /** What was refused, and is not to be any more, a neighbor that cannot be asked for it sends with a new session. */
  #policiesChanged(): void {
    const established = this.#talk.standing;
    if (established === undefined) return;
    if (established.changePolicies(this.#talk.settings.policies(established.negotiated)) === 'done') return;
    this.restart(cease(CeaseSubcode.OTHER_CONFIGURATION_CHANGE), 'configuration changed');
  }

  /** Asks the neighbor for all its routes again (RFC 2918). */
  refreshIn(): Refresh {
    return this.#talk.refreshIn();
  }

  /** Sends the neighbor all our routes again. */
  refreshOut(): Refresh {
    return this.#talk.refreshOut();
  }

  /** Takes note of interfaces that changed: what they carried ends at once, for nothing that we sent would arrive. */
  interfacesChanged(change: InterfaceChange): void {
    const { address } = this.whereabouts;
    if (address === undefined) return;
    this.#talk.guard(() => {
      const isLost = this.#talk.links.lose(change, address, (reason) => this.#talk.losing(reason));
      if (isLost || this.#talk.standing !== undefined) return;
      if (gainedConnection(change, address, this.config.localAddress)) this.#linkUp();
    });
  }

  /** The device that all its connections go by is gone: what the neighbor restarts gracefully with stays. */
  deviceGone(reason: string): void {
    this.#talk.guard(() => this.#talk.links.fail(() => this.#talk.losing(reason)));
  }

  /** What waits for its next attempt makes it now. */
  #linkUp(): void {
    if (this.#talk.attempts.isClosed) return;
    this.#talk.attempts.hasten();
    this.#talk.guard(() => this.#talk.links.main.hasten());
  }

  /** Takes a connection from the neighbor's address. */
  accept(connection: Connection): ConnectionHandlers {
    let handlers = NO_HANDLERS;
    this.#talk.guard(() => {
      const refusal = refusalOf(this.#talk.links.main.state, this.#talk.attempts, this.keptDown.now);
      if (refusal === undefined) handlers = this.#talk.links.accept(connection);
      else refuse(connection, refusal);
    });
    return handlers;
  }

  /** Goes on reading after congestion. */
  resume(): void {
    this.#talk.guard(() => this.#talk.links.resume());
  }

  /** Resolves when no connection is left. */
  closed(): Promise<void> {
    return this.#talk.links.closed();
  }

  status(): NeighborStatus {
    return this.#talk.record.status({
      settings: this.#talk.settings,
      link: this.#talk.links.main,
      established: this.#talk.standing,
      counts: this.#deps.rib.counts(this.config.address),
      routes: this.#talk.routes,
      attempts: this.#talk.attempts,
      shutdown: this.keptDown.now,
      whereabouts: this.whereabouts,
      lateness: this.#deps.convergence?.lateness.of(this.config.address),
    });
  }

  /**
   * A connection of the neighbor's was reset because of its TTL. Ours may stand meanwhile, without hearing a word of what has
   * such a TTL, until its hold time.
   */
  tooFar(ttl: number): void {
    if (!this.#talk.standing)
      this.#talk.record.refused(tooFarText(peerSecurity(this.#talk.settings.neighbor), ttl));
  }
}
