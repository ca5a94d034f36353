import test from 'ava';
import { INITIAL_FSM_STATE } from '../../src/bgp/fsm.js';
import {
  type FsmAction,
  type FsmEvent,
  type FsmEventType,
  type FsmState,
  type FsmStateName,
  transition,
} from '../../src/bgp/index.js';

const STATES: readonly FsmStateName[] = [
  'Idle',
  'Connect',
  'Active',
  'OpenSent',
  'OpenConfirm',
  'Established',
];

/** A machine in that state as the driver meets it there first. */
const at = (name: FsmStateName, held = false): FsmState => ({ name, passive: false, held });

/** Each action as a word, so that a table can be read. */
function word(action: FsmAction): string {
  switch (action.type) {
    case 'sendNotification':
      return `N${action.code}/${action.subcode}${action.data.length > 0 ? `:${Buffer.from(action.data).toString('hex')}` : ''}`;
    case 'startTimer':
      return `+${action.timer.replace('Timer', '')}${action.timer === 'HoldTimer' ? `(${action.value})` : ''}`;
    case 'stopTimer':
      return `-${action.timer.replace('Timer', '')}`;
    default:
      return action.type;
  }
}

/** The content that stop and error events carry in this test. */
const CONTENT = { code: 6, subcode: 4, data: Uint8Array.of(0xab) };
const CARRIES: readonly FsmEventType[] = [
  'ManualStop',
  'AutomaticStop',
  'BGPHeaderErr',
  'BGPOpenMsgErr',
  'UpdateMsgErr',
];

function eventOf(type: FsmEventType): FsmEvent {
  return (CARRIES.includes(type) ? { type, notification: CONTENT } : { type }) as FsmEvent;
}

const STARTS = {
  ManualStart: '',
  AutomaticStart: '',
  ManualStart_with_PassiveTcpEstablishment: '',
  AutomaticStart_with_PassiveTcpEstablishment: '',
};

/** State and actions as words; '' is "nothing changes". */
type Row = Readonly<Record<FsmEventType, string>>;

const beforeOpen = (retry: string): Row => {
  const fall = 'Idle -ConnectRetry dropConnection +IdleHold';
  return {
    ...STARTS,
    ManualStop: 'Idle -ConnectRetry dropConnection',
    AutomaticStop: fall,
    ConnectRetryTimer_Expires: retry,
    HoldTimer_Expires: fall,
    KeepaliveTimer_Expires: fall,
    IdleHoldTimer_Expires: fall,
    SendHoldTimer_Expires: fall,
    TcpCR_Acked: 'OpenSent -ConnectRetry sendOpen +Hold(large)',
    TcpConnectionConfirmed: 'OpenSent -ConnectRetry sendOpen +Hold(large)',
    TcpConnectionFails: 'Active dropConnection +ConnectRetry',
    BGPOpen: fall,
    BGPHeaderErr: fall,
    BGPOpenMsgErr: fall,
    OpenCollisionDump: 'Idle -ConnectRetry dropConnection',
    NotifMsgVerErr: fall,
    NotifMsg: fall,
    KeepAliveMsg: fall,
    UpdateMsg: fall,
    UpdateMsgErr: fall,
    RouteRefreshMsg: fall,
  };
};

const afterOpen = (held: string, subcode: number): Row => ({
  ...STARTS,
  ManualStop: `Idle N6/4:ab ${held}`,
  AutomaticStop: `Idle N6/4:ab ${held} +IdleHold`,
  ConnectRetryTimer_Expires: `Idle N5/0 ${held} +IdleHold`,
  HoldTimer_Expires: `Idle N4/0 ${held} +IdleHold`,
  KeepaliveTimer_Expires: 'same sendKeepalive +Keepalive',
  IdleHoldTimer_Expires: `Idle N5/0 ${held} +IdleHold`,
  SendHoldTimer_Expires: `Idle N8/0 ${held} +IdleHold`,
  TcpCR_Acked: '',
  TcpConnectionConfirmed: '',
  TcpConnectionFails: `Idle ${held} +IdleHold`,
  BGPOpen: `Idle N5/${subcode}:01 ${held} +IdleHold`,
  BGPHeaderErr: `Idle N6/4:ab ${held} +IdleHold`,
  BGPOpenMsgErr: `Idle N6/4:ab ${held} +IdleHold`,
  OpenCollisionDump: `Idle N6/7 ${held}`,
  NotifMsgVerErr: `Idle ${held} +IdleHold`,
  NotifMsg: `Idle ${held} +IdleHold`,
  KeepAliveMsg: `Idle N5/${subcode}:04 ${held} +IdleHold`,
  UpdateMsg: `Idle N5/${subcode}:02 ${held} +IdleHold`,
  UpdateMsgErr: `Idle N5/${subcode}:02 ${held} +IdleHold`,
  RouteRefreshMsg: `Idle N5/${subcode}:05 ${held} +IdleHold`,
});

const EXPECTED: Readonly<Record<FsmStateName, Row>> = {
  Idle: {
    ManualStart: 'Connect -IdleHold +ConnectRetry connect',
    AutomaticStart: 'Connect -IdleHold +ConnectRetry connect',
    ManualStart_with_PassiveTcpEstablishment: 'Active -IdleHold',
    AutomaticStart_with_PassiveTcpEstablishment: 'Active -IdleHold',
    ManualStop: 'same -IdleHold',
    AutomaticStop: '',
    ConnectRetryTimer_Expires: '',
    HoldTimer_Expires: '',
    KeepaliveTimer_Expires: '',
    IdleHoldTimer_Expires: 'Connect -IdleHold +ConnectRetry connect',
    SendHoldTimer_Expires: '',
    TcpCR_Acked: 'same dropConnection',
    TcpConnectionConfirmed: 'same dropConnection',
    TcpConnectionFails: '',
    BGPOpen: '',
    BGPHeaderErr: '',
    BGPOpenMsgErr: '',
    OpenCollisionDump: '',
    NotifMsgVerErr: '',
    NotifMsg: '',
    KeepAliveMsg: '',
    UpdateMsg: '',
    UpdateMsgErr: '',
    RouteRefreshMsg: '',
  },
  Connect: beforeOpen('same dropConnection +ConnectRetry connect'),
  Active: {
    ...beforeOpen('Connect +ConnectRetry connect'),
    TcpConnectionFails: 'same dropConnection +ConnectRetry',
  },
  OpenSent: {
    ...afterOpen('-Hold dropConnection', 1),
    KeepaliveTimer_Expires: 'Idle N5/0 -Hold dropConnection +IdleHold',
    TcpConnectionFails: 'Active -Hold dropConnection +ConnectRetry',
    BGPOpen: 'OpenConfirm sendKeepalive +Keepalive +Hold(negotiated)',
  },
  OpenConfirm: {
    ...afterOpen('-Hold -Keepalive dropConnection', 2),
    KeepAliveMsg: 'Established +Hold(negotiated) announceAll',
  },
  Established: {
    ...afterOpen('-Hold -Keepalive releaseRoutes dropConnection', 3),
    KeepAliveMsg: 'same +Hold(negotiated)',
    UpdateMsg: 'same +Hold(negotiated)',
    UpdateMsgErr: 'Idle N6/4:ab -Hold -Keepalive releaseRoutes dropConnection +IdleHold',
    RouteRefreshMsg: 'same +Hold(negotiated)',
  },
};

for (const name of STATES) {
  for (const type of Object.keys(EXPECTED[name]) as FsmEventType[]) {
    test(`${name} × ${type}`, (t) => {
      const before = at(name);
      const [state, actions] = transition(before, eventOf(type));
      const found = [state.name === name ? 'same' : state.name, ...actions.map(word)].join(' ');
      t.is(found, EXPECTED[name][type] === '' ? 'same' : EXPECTED[name][type]);
      t.deepEqual(before, at(name));
      t.is(
        state.held,
        actions.some((action) => word(action) === '+IdleHold'),
      );
    });
  }
}

const HELD: readonly [FsmEventType, string, boolean][] = [
  ['TcpConnectionConfirmed', 'OpenSent -IdleHold sendOpen +Hold(large)', false],
  ['IdleHoldTimer_Expires', 'Connect -IdleHold +ConnectRetry connect', false],
  ['AutomaticStart', 'Connect -IdleHold +ConnectRetry connect', false],
  ['ManualStop', 'Idle -IdleHold', false],
  ['TcpCR_Acked', 'Idle dropConnection', true],
  ['TcpConnectionFails', 'Idle', true],
  ['NotifMsg', 'Idle', true],
];
for (const [type, expected, held] of HELD)
  test(`held in Idle × ${type}`, (t) => {
    const [state, actions] = transition(at('Idle', true), eventOf(type));
    t.is([state.name, ...actions.map(word)].join(' '), expected);
    t.is(state.held, held);
  });

test('a passive machine waits: it never connects, and retries nothing', (t) => {
  let state = at('Idle');
  const seen: string[] = [];
  const give = (type: FsmEventType) => {
    const [next, actions] = transition(state, eventOf(type));
    state = next;
    seen.push(`${next.name}: ${actions.map(word).join(' ')}`);
  };
  give('AutomaticStart_with_PassiveTcpEstablishment');
  give('ConnectRetryTimer_Expires');
  give('TcpConnectionConfirmed');
  give('TcpConnectionFails');
  give('TcpConnectionConfirmed');
  give('HoldTimer_Expires');
  give('IdleHoldTimer_Expires');
  t.deepEqual(seen, [
    'Active: -IdleHold',
    'Active: ',
    'OpenSent: -ConnectRetry sendOpen +Hold(large)',
    'Active: -Hold dropConnection',
    'OpenSent: -ConnectRetry sendOpen +Hold(large)',
    'Idle: N4/0 -Hold dropConnection +IdleHold',
    'Active: -IdleHold',
  ]);
});

test('a passive machine whose connection fails before its OPEN waits on, and an operator can start it actively', (t) => {
  const passive = { ...at('Active'), passive: true };
  const [state, actions] = transition(passive, eventOf('TcpConnectionFails'));
  t.deepEqual([state, actions.map(word)], [passive, ['dropConnection']]);
  for (const type of ['ManualStart', 'AutomaticStart'] as const)
    t.deepEqual(transition({ ...at('Idle'), passive: true }, eventOf(type))[0], at('Connect'));
});

test('a machine that was not started refuses connections', (t) => {
  t.false(INITIAL_FSM_STATE.passive);
  const [state, actions] = transition(INITIAL_FSM_STATE, eventOf('TcpConnectionConfirmed'));
  t.deepEqual([state.name, actions.map(word)], ['Idle', ['dropConnection']]);
});

test('a KEEPALIVE or UPDATE in Established makes no garbage of actions', (t) => {
  const state = at('Established');
  const first = transition(state, { type: 'UpdateMsg' });
  const second = transition(state, { type: 'KeepAliveMsg' });
  t.is(first[0], state);
  t.is(first[1], second[1]);
});
