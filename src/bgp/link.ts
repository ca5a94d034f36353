import type { Clock, Timer } from '../types/index.js';
import {
  decodeNotification,
  decodeOpen,
  decodeRouteRefresh,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  MessageReader,
  MessageType,
  NotificationCode,
  type NotificationMessage,
  type OpenMessage,
  OpenSubcode,
  type RouteRefreshMessage,
  type WholeMessage,
  WireError,
} from '../wire/index.js';
import { transition } from './fsm.js';
import type { FsmAction, FsmEvent, FsmState, FsmTimer, NotificationContent } from './fsm-types.js';
import { asSent } from './hard-reset.js';
import { HoldTimer } from './hold-timer.js';
import type { Negotiated, OpenRefusal } from './open.js';
import type { SessionSettings } from './session-settings.js';
import type { Connection, ConnectionHandlers } from './transport.js';
import type { TurnBudget } from './turn-budget.js';

/** RFC 4271 §8.2.2 suggests four minutes until an OPEN has come. */
const LARGE_HOLD_MILLISECONDS = 240_000;

const KEEPALIVE = encodeKeepalive();
/**
 * The share of its time after which a KEEPALIVE leaves with the neighbor's: we are awake then, and a leaf at rest does
 * little else than wake. RFC 4271 §10 spreads KEEPALIVEs over the last quarter anyhow.
 */
const KEEPALIVE_RIPE = 0.75;

/** Where a link notes what it sends, what it receives, and what goes wrong. */
export interface LinkRecord {
  count(direction: 'in' | 'out', type: MessageType): void;
  notified(direction: 'sent' | 'received', content: NotificationContent): void;
  /** Words about the error that the next event is going to report. */
  failing(reason: string): void;
}

/** What a link needs of its neighbor, and reports to it. */
export interface LinkHost {
  readonly clock: Clock;
  readonly settings: Pick<SessionSettings, 'timerPeriod' | 'sendHoldPeriod' | 'openMessage'>;
  readonly record: LinkRecord;
  /** Shared by all links of all neighbors. */
  readonly budget: TurnBudget;
  /** True while the routes that were taken in wait for their reader. */
  readonly congested: boolean;
  /** Runs the callback; what it throws ends in the neighbor's own error handling. */
  guard(callback: () => void): void;
  connect(handlers: ConnectionHandlers): Connection;
  judge(open: OpenMessage): Negotiated | OpenRefusal;
  /** Resolves a collision; may dump this link or the other (RFC 4271 §6.8). */
  openAccepted(link: Link, negotiated: Negotiated): void;
  established(link: Link): void;
  released(link: Link, event: FsmEvent): void;
  stateChanged(link: Link, from: FsmState, event: FsmEvent): void;
  /** An attempt to connect is given up for the next one: nobody has answered it. */
  unanswered(link: Link): void;
  /** Takes in an UPDATE, or its beginning, and returns how many routes. Throws WireError when the session must end. */
  update(link: Link, message: WholeMessage): number;
  /** Takes in more of the UPDATE that came last, and returns how many routes; undefined where none are left. */
  goOn(link: Link): number | undefined;
  routeRefresh(link: Link, message: RouteRefreshMessage): void;
  drained(link: Link): void;
  notificationReceived(message: NotificationMessage): void;
  connectionClosed(connection: Connection): void;
}

/** One connection to a neighbor with its state machine: does the machine's actions, feeds it events. */
export class Link {
  readonly #host: LinkHost;
  readonly #timers = new Map<FsmTimer, Timer>();
  readonly #holdTimer: HoldTimer;
  readonly #sendHoldTimer: HoldTimer;
  /** From then on a KEEPALIVE of ours may go along with the neighbor's. */
  #keepaliveRipeAt = 0;
  #state: FsmState;
  #connection: Connection | undefined;
  #open = false;
  #stalledSince: number | undefined;
  #reader = new MessageReader();
  #paused = false;
  /** True where we opened the connection. */
  initiated = false;
  peerOpen: OpenMessage | undefined;
  negotiated: Negotiated | undefined;

  constructor(host: LinkHost, state: FsmState) {
    this.#host = host;
    this.#state = state;
    this.#holdTimer = new HoldTimer(
      host.clock,
      () => {
        host.record.failing('hold timer expired: nothing heard from the neighbor');
        this.handle({ type: 'HoldTimer_Expires' });
      },
      () => this.#paused,
    );
    this.#sendHoldTimer = new HoldTimer(
      host.clock,
      () => {
        const seconds = Math.round(host.settings.sendHoldPeriod(this.negotiated) / 1000);
        host.record.failing(
          `send hold timer expired: the neighbor has read nothing of what waits for it for ${seconds} s (RFC 9687)`,
        );
        this.handle({ type: 'SendHoldTimer_Expires' });
      },
      () => false,
    );
  }

  get state(): FsmState {
    return this.#state;
  }

  /** True from our OPEN on, as long as the connection stands. */
  get hasOpened(): boolean {
    const { name } = this.#state;
    return name === 'OpenSent' || name === 'OpenConfirm' || name === 'Established';
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Clock.wallTime() since which the neighbor has taken nothing of what waits for it; undefined where nothing waits. */
  get stalledSince(): number | undefined {
    return this.#stalledSince;
  }

  /** Gives the state machine an event and does what it answers. */
  handle(event: FsmEvent): void {
    const before = this.#state;
    if (before.name === 'Connect' && event.type === 'ConnectRetryTimer_Expires') this.#host.unanswered(this);
    const [state, actions] = transition(before, event);
    this.#state = state;
    for (const action of actions) this.#do(action, event);
    if (state.name !== before.name) this.#host.stateChanged(this, before, event);
  }

  /** Takes over a connection that the peer opened. */
  accept(connection: Connection): ConnectionHandlers {
    this.initiated = false;
    this.#attach(connection);
    this.#open = true;
    this.handle({ type: 'TcpConnectionConfirmed' });
    return this.#handlersOf(() => connection);
  }

  /** Ends without a word and without a timer left; the link is not to be used again. */
  dispose(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#holdTimer.stop();
    this.#drop();
  }

  /** Writes a message; false asks to hold further UPDATEs back. */
  send(type: MessageType, message: Uint8Array): boolean {
    if (this.#connection === undefined) return false;
    this.#host.record.count('out', type);
    return this.#connection.write(message);
  }

  /** Goes on reading where congestion stopped it. */
  resume(): void {
    if (!this.#paused || this.#host.congested) return;
    this.#paused = false;
    this.#connection?.resume();
    this.#read();
  }

  /** Begins to count the send hold time where something waits; anew where its length has changed. */
  countSendHold(): void {
    this.#sendHoldTimer.start(
      this.#stalledSince === undefined ? 0 : this.#host.settings.sendHoldPeriod(this.negotiated),
    );
  }

  /** The next attempt is made now, where the state machine waits for its time. */
  hasten(): void {
    for (const timer of ['IdleHoldTimer', 'ConnectRetryTimer'] as const) {
      if (!this.#timers.has(timer)) continue;
      this.#stopTimer(timer);
      this.handle({ type: `${timer}_Expires` });
      return;
    }
  }

  #do(action: FsmAction, event: FsmEvent): void {
    switch (action.type) {
      case 'connect':
        this.#connect();
        break;
      case 'dropConnection':
        this.#drop();
        break;
      case 'sendOpen':
        this.send(MessageType.OPEN, encodeOpen(this.#host.settings.openMessage()));
        break;
      case 'sendKeepalive':
        this.send(MessageType.KEEPALIVE, KEEPALIVE);
        break;
      case 'sendNotification': {
        if (this.#connection === undefined) break;
        const sent = asSent(action, this.negotiated);
        this.send(MessageType.NOTIFICATION, encodeNotification(sent));
        this.#host.record.notified('sent', sent);
        break;
      }
      case 'startTimer':
        this.#startTimer(action);
        break;
      case 'stopTimer':
        if (action.timer === 'HoldTimer') this.#holdTimer.stop();
        else this.#stopTimer(action.timer);
        break;
      case 'releaseRoutes':
        this.#host.released(this, event);
        break;
      case 'announceAll':
        this.#host.established(this);
        break;
    }
  }

  #startTimer(action: FsmAction & { type: 'startTimer' }): void {
    if (action.timer === 'HoldTimer') {
      const negotiated = (this.negotiated?.holdTime ?? 0) * 1000;
      this.#holdTimer.start(action.value === 'large' ? LARGE_HOLD_MILLISECONDS : negotiated);
      return;
    }
    const { timer } = action;
    this.#stopTimer(timer);
    const period = this.#host.settings.timerPeriod(timer, this.negotiated);
    if (period === 0) return;
    const expired = () => {
      this.#timers.delete(timer);
      this.handle({ type: `${timer}_Expires` });
    };
    this.#timers.set(timer, this.#host.clock.after(period, expired));
    if (timer === 'KeepaliveTimer') this.#keepaliveRipeAt = this.#host.clock.now() + period * KEEPALIVE_RIPE;
  }

  #stopTimer(timer: FsmTimer): void {
    this.#timers.get(timer)?.cancel();
    this.#timers.delete(timer);
  }

  #connect(): void {
    this.initiated = true;
    let connection: Connection | undefined;
    const handlers = this.#handlersOf(() => connection);
    connection = this.#host.connect(handlers);
    this.#attach(connection);
    this.#open = false;
  }

  #attach(connection: Connection): void {
    this.#connection = connection;
    this.#reader = new MessageReader();
    this.#paused = false;
    this.#backlog(false);
    this.peerOpen = undefined;
    this.negotiated = undefined;
  }

  #drop(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    this.#backlog(false);
    // A connection that stands may still have our NOTIFICATION to deliver
    if (this.#open) connection.end();
    else connection.destroy();
    this.#open = false;
  }

  #backlog(stands: boolean): void {
    this.#stalledSince = stands ? this.#host.clock.wallTime() : undefined;
    this.countSendHold();
  }

  /** A dropped connection's handlers stay until it has closed, and concern nobody. */
  #handlersOf(connectionOf: () => Connection | undefined): ConnectionHandlers {
    const mine = (callback: () => void) => {
      if (this.#connection !== undefined && this.#connection === connectionOf()) this.#host.guard(callback);
    };
    return {
      onOpen: () =>
        mine(() => {
          this.#open = true;
          this.handle({ type: 'TcpCR_Acked' });
        }),
      onData: (chunk) =>
        mine(() => {
          this.#reader.push(chunk);
          if (!this.#paused) this.#read();
        }),
      onDrain: () => mine(() => this.#host.drained(this)),
      onBacklog: (stands) => mine(() => this.#backlog(stands)),
      onClose: (error) => {
        mine(() => {
          const cause = this.#open ? 'connection lost' : 'connection failed';
          this.#open = false;
          this.#host.record.failing(
            error === undefined ? `${cause}: closed by the neighbor` : `${cause}: ${error.message}`,
          );
          this.handle({ type: 'TcpConnectionFails' });
        });
        const connection = connectionOf();
        if (connection !== undefined) this.#host.connectionClosed(connection);
      },
    };
  }

  #read(): void {
    const connection = this.#connection;
    this.#host.budget.begin();
    while (connection !== undefined && this.#connection === connection) {
      if (this.#host.budget.spent || this.#host.congested) {
        this.#pause(connection);
        return;
      }
      const more = this.#host.goOn(this);
      if (more !== undefined) {
        this.#host.budget.spend(more);
        continue;
      }
      const reader = this.#reader;
      const message = this.#decode('BGPHeaderErr', () => reader.next());
      if (message === undefined) break;
      this.#host.record.count('in', message.type);
      this.#host.budget.spend(1);
      this.#receive(message);
    }
    this.#host.budget.end();
  }

  #pause(connection: Connection): void {
    this.#paused = true;
    connection.pause();
    // Congestion ends by `resume` from outside, a used budget with the turn
    if (!this.#host.congested) this.#host.budget.wait(() => this.#host.guard(() => this.resume()));
  }

  #receive(whole: WholeMessage): void {
    switch (whole.type) {
      case MessageType.UPDATE:
        this.#receiveUpdate(whole);
        break;
      case MessageType.KEEPALIVE:
        this.#unexpectedUnless('OpenConfirm', 'Established', 'KEEPALIVE');
        this.handle({ type: 'KeepAliveMsg' });
        if (this.#timers.has('KeepaliveTimer') && this.#host.clock.now() >= this.#keepaliveRipeAt)
          this.handle({ type: 'KeepaliveTimer_Expires' });
        break;
      case MessageType.OPEN:
        this.#receiveOpen(whole.body);
        break;
      case MessageType.NOTIFICATION: {
        const message = this.#decode('BGPHeaderErr', () => decodeNotification(whole.body));
        if (message === undefined) return;
        this.#host.record.notified('received', message);
        this.#host.notificationReceived(message);
        const versionError =
          message.code === NotificationCode.OPEN_MESSAGE_ERROR &&
          message.subcode === OpenSubcode.UNSUPPORTED_VERSION_NUMBER;
        this.handle(versionError ? { type: 'NotifMsgVerErr' } : { type: 'NotifMsg', notification: message });
        break;
      }
      case MessageType.ROUTE_REFRESH: {
        const message = this.#decode('BGPHeaderErr', () => decodeRouteRefresh(whole.body));
        if (message === undefined) return;
        this.#unexpectedUnless('Established', 'Established', 'ROUTE-REFRESH');
        this.handle({ type: 'RouteRefreshMsg' });
        if (this.#state.name === 'Established') this.#host.routeRefresh(this, message);
        break;
      }
    }
  }

  #receiveUpdate(message: WholeMessage): void {
    this.#unexpectedUnless('Established', 'Established', 'UPDATE');
    this.handle({ type: 'UpdateMsg' });
    if (this.#state.name !== 'Established') return;
    const routes = this.#decode('UpdateMsgErr', () => this.#host.update(this, message));
    if (routes !== undefined) this.#host.budget.spend(routes);
  }

  #receiveOpen(body: Buffer): void {
    if (this.#state.name !== 'OpenSent') {
      this.#unexpectedUnless('OpenSent', 'OpenSent', 'OPEN');
      this.handle({ type: 'BGPOpen' });
      return;
    }
    const open = this.#decode('BGPOpenMsgErr', () => decodeOpen(body));
    if (open === undefined) return;
    this.peerOpen = open;
    const verdict = this.#host.judge(open);
    if ('notification' in verdict) {
      this.#host.record.failing(verdict.reason);
      this.handle({ type: 'BGPOpenMsgErr', notification: verdict.notification });
      return;
    }
    const connection = this.#connection;
    this.#host.openAccepted(this, verdict);
    // A collision may have dumped this very connection
    if (this.#connection !== connection) return;
    this.negotiated = verdict;
    this.#reader.extendedMessages = verdict.extendedMessage;
    this.handle({ type: 'BGPOpen' });
  }

  #unexpectedUnless(first: string, second: string, message: string): void {
    const { name } = this.#state;
    if (name !== first && name !== second)
      this.#host.record.failing(`unexpected ${message} in state ${name}`);
  }

  /** Runs a decoder; its WireError becomes the event, with the NOTIFICATION that it asks for. */
  #decode<T>(type: 'BGPHeaderErr' | 'BGPOpenMsgErr' | 'UpdateMsgErr', decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#host.record.failing(error.message);
      const { code, subcode, data } = error;
      this.handle({ type, notification: { code, subcode, data } });
      return undefined;
    }
  }
}
