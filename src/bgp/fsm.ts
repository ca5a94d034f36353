import { CeaseSubcode, FsmSubcode, MessageType, NO_OCTETS, NotificationCode } from '../wire/index.js';
import type {
  FsmAction,
  FsmEvent,
  FsmEventType,
  FsmState,
  FsmStateName,
  FsmTransition,
  NotificationContent,
} from './fsm-types.js';

// Actions without content are one object each, so that a KEEPALIVE or UPDATE costs no garbage.
const CONNECT: FsmAction = { type: 'connect' };
const DROP: FsmAction = { type: 'dropConnection' };
const SEND_OPEN: FsmAction = { type: 'sendOpen' };
const SEND_KEEPALIVE: FsmAction = { type: 'sendKeepalive' };
const RELEASE: FsmAction = { type: 'releaseRoutes' };
const ANNOUNCE_ALL: FsmAction = { type: 'announceAll' };
const START_CONNECT_RETRY: FsmAction = { type: 'startTimer', timer: 'ConnectRetryTimer' };
const STOP_CONNECT_RETRY: FsmAction = { type: 'stopTimer', timer: 'ConnectRetryTimer' };
const START_LARGE_HOLD: FsmAction = { type: 'startTimer', timer: 'HoldTimer', value: 'large' };
const START_HOLD: FsmAction = { type: 'startTimer', timer: 'HoldTimer', value: 'negotiated' };
const STOP_HOLD: FsmAction = { type: 'stopTimer', timer: 'HoldTimer' };
const START_KEEPALIVE: FsmAction = { type: 'startTimer', timer: 'KeepaliveTimer' };
const STOP_KEEPALIVE: FsmAction = { type: 'stopTimer', timer: 'KeepaliveTimer' };
const START_IDLE_HOLD: FsmAction = { type: 'startTimer', timer: 'IdleHoldTimer' };
const STOP_IDLE_HOLD: FsmAction = { type: 'stopTimer', timer: 'IdleHoldTimer' };
const NOTHING: readonly FsmAction[] = [];

type Handler = (state: FsmState, event: FsmEvent) => FsmTransition;
type StateTable = { readonly [Event in FsmEventType]: Handler };

const enter = (state: FsmState, name: FsmStateName): FsmState => ({
  name,
  passive: state.passive,
  held: false,
});
const stay: Handler = (state) => [state, NOTHING];

/** What each state holds and must give back when it is left for Idle. */
const HELD: Readonly<Record<FsmStateName, readonly FsmAction[]>> = {
  Idle: [],
  Connect: [STOP_CONNECT_RETRY, DROP],
  Active: [STOP_CONNECT_RETRY, DROP],
  OpenSent: [STOP_HOLD, DROP],
  OpenConfirm: [STOP_HOLD, STOP_KEEPALIVE, DROP],
  Established: [STOP_HOLD, STOP_KEEPALIVE, RELEASE, DROP],
};

/** To Idle, held there for the damping time; with a NOTIFICATION before the connection goes where one is due. */
function fall(state: FsmState, notification?: NotificationContent): FsmTransition {
  return [
    { ...enter(state, 'Idle'), held: true },
    [...notify(notification), ...HELD[state.name], START_IDLE_HOLD],
  ];
}

/** To Idle, to stay there until a start event. */
function halt(state: FsmState, notification?: NotificationContent): FsmTransition {
  return [enter(state, 'Idle'), [...notify(notification), ...HELD[state.name]]];
}

function notify(content: NotificationContent | undefined): readonly FsmAction[] {
  return content === undefined ? NOTHING : [{ type: 'sendNotification', ...content }];
}

const fsmError = (subcode: number, messageType?: MessageType): NotificationContent => ({
  code: NotificationCode.FSM_ERROR,
  subcode,
  // RFC 6608 §3: one octet, the type of the message that was not expected
  data: messageType === undefined ? NO_OCTETS : Uint8Array.of(messageType),
});

const fallSilently: Handler = (state) => fall(state);
const fallHoldExpired: Handler = (state) =>
  fall(state, { code: NotificationCode.HOLD_TIMER_EXPIRED, subcode: 0, data: NO_OCTETS });
const fallSendHoldExpired: Handler = (state) =>
  fall(state, { code: NotificationCode.SEND_HOLD_TIMER_EXPIRED, subcode: 0, data: NO_OCTETS });
const fallWithEvent: Handler = (state, event) => fall(state, contentOf(event));
const fallUnexpectedTimer: Handler = (state) => fall(state, fsmError(FsmSubcode.UNSPECIFIED));
const haltWithEvent: Handler = (state, event) => halt(state, contentOf(event));
const haltSilently: Handler = (state) => halt(state);
const haltCollision: Handler = (state) =>
  halt(state, {
    code: NotificationCode.CEASE,
    subcode: CeaseSubcode.CONNECTION_COLLISION_RESOLUTION,
    data: NO_OCTETS,
  });

/** The table gives these handlers only to events that carry the content, so the else branch is never taken. */
function contentOf(event: FsmEvent): NotificationContent | undefined {
  return 'notification' in event ? event.notification : undefined;
}

const unexpected =
  (subcode: number, messageType: MessageType): Handler =>
  (state) =>
    fall(state, fsmError(subcode, messageType));

const startActively: Handler = (state) => [
  enter(state, 'Connect'),
  [STOP_IDLE_HOLD, START_CONNECT_RETRY, CONNECT],
];
const startPassively: Handler = () => [{ name: 'Active', passive: true, held: false }, [STOP_IDLE_HOLD]];
const opened: Handler = (state) => [
  enter(state, 'OpenSent'),
  [STOP_CONNECT_RETRY, SEND_OPEN, START_LARGE_HOLD],
];
const waitForRetry: Handler = (state) => [
  enter(state, 'Active'),
  state.passive ? [DROP] : [DROP, START_CONNECT_RETRY],
];

// RFC 4271 §8.2.2: "refuses all incoming BGP connections", and any other event changes nothing. Held by damping it takes
// them: damping is to keep us from connecting again and again, and the neighbor knows best when it is well again.
const IDLE: StateTable = {
  ManualStart: (state, event) => startActively({ ...state, passive: false }, event),
  AutomaticStart: (state, event) => startActively({ ...state, passive: false }, event),
  ManualStart_with_PassiveTcpEstablishment: startPassively,
  AutomaticStart_with_PassiveTcpEstablishment: startPassively,
  ManualStop: (state) => [enter(state, 'Idle'), [STOP_IDLE_HOLD]],
  AutomaticStop: stay,
  ConnectRetryTimer_Expires: stay,
  HoldTimer_Expires: stay,
  KeepaliveTimer_Expires: stay,
  SendHoldTimer_Expires: stay,
  IdleHoldTimer_Expires: (state, event) => (state.passive ? startPassively : startActively)(state, event),
  TcpCR_Acked: (state) => [state, [DROP]],
  TcpConnectionConfirmed: (state) =>
    state.held ? [enter(state, 'OpenSent'), [STOP_IDLE_HOLD, SEND_OPEN, START_LARGE_HOLD]] : [state, [DROP]],
  TcpConnectionFails: stay,
  BGPOpen: stay,
  BGPHeaderErr: stay,
  BGPOpenMsgErr: stay,
  OpenCollisionDump: stay,
  NotifMsgVerErr: stay,
  NotifMsg: stay,
  KeepAliveMsg: stay,
  UpdateMsg: stay,
  UpdateMsgErr: stay,
  RouteRefreshMsg: stay,
};

// No OPEN was sent yet: SendNOTIFICATIONwithoutOPEN is false, so what is not expected ends in Idle without a word.
const BEFORE_OPEN: Omit<StateTable, 'ConnectRetryTimer_Expires'> = {
  ManualStart: stay,
  AutomaticStart: stay,
  ManualStart_with_PassiveTcpEstablishment: stay,
  AutomaticStart_with_PassiveTcpEstablishment: stay,
  ManualStop: haltSilently,
  AutomaticStop: fallSilently,
  HoldTimer_Expires: fallSilently,
  KeepaliveTimer_Expires: fallSilently,
  IdleHoldTimer_Expires: fallSilently,
  SendHoldTimer_Expires: fallSilently,
  TcpCR_Acked: opened,
  TcpConnectionConfirmed: opened,
  // The RFC's Idle would damp a peer that is merely not up yet; the retry timer already bounds the attempts
  TcpConnectionFails: waitForRetry,
  BGPOpen: fallSilently,
  BGPHeaderErr: fallSilently,
  BGPOpenMsgErr: fallSilently,
  OpenCollisionDump: haltSilently,
  NotifMsgVerErr: fallSilently,
  NotifMsg: fallSilently,
  KeepAliveMsg: fallSilently,
  UpdateMsg: fallSilently,
  UpdateMsgErr: fallSilently,
  RouteRefreshMsg: fallSilently,
};

const CONNECT_STATE: StateTable = {
  ...BEFORE_OPEN,
  ConnectRetryTimer_Expires: (state) => [state, [DROP, START_CONNECT_RETRY, CONNECT]],
};

const ACTIVE: StateTable = {
  ...BEFORE_OPEN,
  ConnectRetryTimer_Expires: (state) =>
    state.passive ? [state, NOTHING] : [enter(state, 'Connect'), [START_CONNECT_RETRY, CONNECT]],
};

/** The part that OpenSent, OpenConfirm and Established share: only the RFC 6608 subcode differs. */
function afterOpen(subcode: number): StateTable {
  return {
    ManualStart: stay,
    AutomaticStart: stay,
    ManualStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart_with_PassiveTcpEstablishment: stay,
    ManualStop: haltWithEvent,
    AutomaticStop: fallWithEvent,
    ConnectRetryTimer_Expires: fallUnexpectedTimer,
    HoldTimer_Expires: fallHoldExpired,
    // RFC 9687 speaks of Established; what waits to be read is the same before
    SendHoldTimer_Expires: fallSendHoldExpired,
    KeepaliveTimer_Expires: (state) => [state, [SEND_KEEPALIVE, START_KEEPALIVE]],
    IdleHoldTimer_Expires: fallUnexpectedTimer,
    // A second connection of the same neighbor has a state machine of its own (§8.2.1)
    TcpCR_Acked: stay,
    TcpConnectionConfirmed: stay,
    TcpConnectionFails: fallSilently,
    BGPOpen: unexpected(subcode, MessageType.OPEN),
    BGPHeaderErr: fallWithEvent,
    BGPOpenMsgErr: fallWithEvent,
    OpenCollisionDump: haltCollision,
    NotifMsgVerErr: fallSilently,
    // A NOTIFICATION is never answered with one
    NotifMsg: fallSilently,
    KeepAliveMsg: unexpected(subcode, MessageType.KEEPALIVE),
    UpdateMsg: unexpected(subcode, MessageType.UPDATE),
    UpdateMsgErr: unexpected(subcode, MessageType.UPDATE),
    RouteRefreshMsg: unexpected(subcode, MessageType.ROUTE_REFRESH),
  };
}

const OPEN_SENT: StateTable = {
  ...afterOpen(FsmSubcode.UNEXPECTED_MESSAGE_IN_OPEN_SENT),
  KeepaliveTimer_Expires: fallUnexpectedTimer,
  TcpConnectionFails: (state) => [
    enter(state, 'Active'),
    [STOP_HOLD, DROP, ...(state.passive ? [] : [START_CONNECT_RETRY])],
  ],
  BGPOpen: (state) => [enter(state, 'OpenConfirm'), [SEND_KEEPALIVE, START_KEEPALIVE, START_HOLD]],
};

const OPEN_CONFIRM: StateTable = {
  ...afterOpen(FsmSubcode.UNEXPECTED_MESSAGE_IN_OPEN_CONFIRM),
  KeepAliveMsg: (state) => [enter(state, 'Established'), [START_HOLD, ANNOUNCE_ALL]],
};

const RESTART_HOLD: readonly FsmAction[] = [START_HOLD];
const restartHold: Handler = (state) => [state, RESTART_HOLD];
const ESTABLISHED: StateTable = {
  ...afterOpen(FsmSubcode.UNEXPECTED_MESSAGE_IN_ESTABLISHED),
  KeepAliveMsg: restartHold,
  UpdateMsg: restartHold,
  UpdateMsgErr: fallWithEvent,
  RouteRefreshMsg: restartHold,
};

const TABLES: Readonly<Record<FsmStateName, StateTable>> = {
  Idle: IDLE,
  Connect: CONNECT_STATE,
  Active: ACTIVE,
  OpenSent: OPEN_SENT,
  OpenConfirm: OPEN_CONFIRM,
  Established: ESTABLISHED,
};

/** Where a state machine begins; the start event has whether it is passive. */
export const INITIAL_FSM_STATE: FsmState = { name: 'Idle', passive: false, held: false };

/**
 * The BGP finite state machine (RFC 4271 §8.2.2) of one connection, pure. The actions are to be done in their order.
 * Three things differ from the RFC's text: a connection attempt that fails leads to Active with the retry timer instead
 * of Idle, a NOTIFICATION is never answered with an FSM error, and while damping holds Idle the neighbor's own connections
 * are taken.
 */
export function transition(state: FsmState, event: FsmEvent): FsmTransition {
  return TABLES[state.name][event.type](state, event);
}
