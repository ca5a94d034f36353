/** States of RFC 4271 §8.2.2. */
export type FsmStateName = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

/** A state machine's whole memory. */
export interface FsmState {
  readonly name: FsmStateName;
  /** PassiveTcpEstablishment: wait for the peer to connect. */
  readonly passive: boolean;
  /** In Idle: held there for the damping time, after which it starts by itself. Elsewhere false. */
  readonly held: boolean;
}

export type FsmTimer = 'ConnectRetryTimer' | 'HoldTimer' | 'KeepaliveTimer' | 'IdleHoldTimer';

/** The content of a NOTIFICATION (RFC 4271 §4.5). */
export interface NotificationContent {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

/**
 * Events of RFC 4271 §8.1 under their names there, and what came later: SendHoldTimer_Expires (RFC 9687 §3) and
 * RouteRefreshMsg, RFC 2918's message.
 */
export type FsmEvent =
  | {
      readonly type:
        | 'ManualStart'
        | 'AutomaticStart'
        | 'ManualStart_with_PassiveTcpEstablishment'
        | 'AutomaticStart_with_PassiveTcpEstablishment'
        | 'ConnectRetryTimer_Expires'
        | 'HoldTimer_Expires'
        | 'KeepaliveTimer_Expires'
        | 'IdleHoldTimer_Expires'
        | 'SendHoldTimer_Expires'
        | 'TcpCR_Acked'
        | 'TcpConnectionConfirmed'
        | 'TcpConnectionFails'
        | 'BGPOpen'
        | 'OpenCollisionDump'
        | 'NotifMsgVerErr'
        | 'KeepAliveMsg'
        | 'UpdateMsg'
        | 'RouteRefreshMsg';
    }
  | {
      /** The stops carry the Cease that the peer shall read, the errors what the decoder found, NotifMsg what the peer has sent. */
      readonly type:
        | 'ManualStop'
        | 'AutomaticStop'
        | 'BGPHeaderErr'
        | 'BGPOpenMsgErr'
        | 'UpdateMsgErr'
        | 'NotifMsg';
      readonly notification: NotificationContent;
    };

export type FsmEventType = FsmEvent['type'];

/** What the driver must do, in order. */
export type FsmAction =
  | {
      readonly type:
        | 'connect'
        | 'dropConnection'
        | 'sendOpen'
        | 'sendKeepalive'
        /** The session is over: its routes are to go, or to become stale. */
        | 'releaseRoutes'
        /** The session is up: the whole Adj-RIB-Out is to be sent. */
        | 'announceAll';
    }
  | ({ readonly type: 'sendNotification' } & NotificationContent)
  | { readonly type: 'startTimer'; readonly timer: Exclude<FsmTimer, 'HoldTimer'> }
  /** `large` is RFC 4271's four minutes before an OPEN has come. */
  | { readonly type: 'startTimer'; readonly timer: 'HoldTimer'; readonly value: 'large' | 'negotiated' }
  | { readonly type: 'stopTimer'; readonly timer: FsmTimer };

export type FsmTransition = readonly [state: FsmState, actions: readonly FsmAction[]];
