import { type BfdState, Diagnostic } from './packet.js';

/**
 * What moves a session: a state that the neighbor sent, the end of the detection time, and what the operator wants of our
 * own end.
 */
export type BfdEvent = BfdState | 'expired' | 'disable' | 'enable';

/** The state after an event, and the diagnostic where the event gives another one (bfd.LocalDiag). */
export interface BfdTransition {
  readonly state: BfdState;
  readonly diagnostic?: number;
}

type Table = Readonly<Record<BfdState, Readonly<Record<BfdEvent, BfdTransition>>>>;

const ADMIN_DOWN: BfdTransition = { state: 'AdminDown' };
const DOWN: BfdTransition = { state: 'Down' };
const INIT: BfdTransition = { state: 'Init' };
const UP: BfdTransition = { state: 'Up' };
const COMES_UP: BfdTransition = { state: 'Up', diagnostic: Diagnostic.NONE };
const DISABLED: BfdTransition = { state: 'AdminDown', diagnostic: Diagnostic.ADMINISTRATIVELY_DOWN };
const ENABLED: BfdTransition = { state: 'Down', diagnostic: Diagnostic.NONE };
const EXPIRED: BfdTransition = { state: 'Down', diagnostic: Diagnostic.DETECTION_TIME_EXPIRED };
const SIGNALED: BfdTransition = { state: 'Down', diagnostic: Diagnostic.NEIGHBOR_SIGNALED_DOWN };

// RFC 5880 §6.2 and §6.8.6; the detection time of §6.8.4 concerns Init and Up alone
const TABLE: Table = {
  AdminDown: {
    AdminDown: ADMIN_DOWN,
    Down: ADMIN_DOWN,
    Init: ADMIN_DOWN,
    Up: ADMIN_DOWN,
    expired: ADMIN_DOWN,
    disable: ADMIN_DOWN,
    enable: ENABLED,
  },
  Down: {
    AdminDown: DOWN,
    Down: INIT,
    Init: COMES_UP,
    Up: DOWN,
    expired: DOWN,
    disable: DISABLED,
    enable: DOWN,
  },
  Init: {
    AdminDown: SIGNALED,
    Down: INIT,
    Init: COMES_UP,
    Up: COMES_UP,
    expired: EXPIRED,
    disable: DISABLED,
    enable: INIT,
  },
  Up: {
    AdminDown: SIGNALED,
    Down: SIGNALED,
    Init: UP,
    Up: UP,
    expired: EXPIRED,
    disable: DISABLED,
    enable: UP,
  },
};

/** The state machine of RFC 5880 §6.8.6 in asynchronous mode, pure. */
export function transition(state: BfdState, event: BfdEvent): BfdTransition {
  return TABLE[state][event];
}
