import { CeaseSubcode, hardResetContent, NotificationCode } from '../wire/index.js';
import type { NotificationContent } from './fsm-types.js';

/**
 * Why a connection ended, as far as the next one is concerned. `fault`: it may be over again as soon. `returning`: somebody
 * wanted it so, and the neighbor is there. `absent`: somebody wanted it so, and the neighbor takes no connection for now.
 * `limit`: the neighbor's routes were more than they may be, and would be again.
 */
export type Ending = 'fault' | 'returning' | 'absent' | 'limit';

// Connection Rejected, Maximum Prefixes and Out of Resources are faults (RFC 4486 §4)
const CEASES: Readonly<Record<number, Ending>> = {
  [CeaseSubcode.ADMINISTRATIVE_SHUTDOWN]: 'absent',
  [CeaseSubcode.PEER_DECONFIGURED]: 'absent',
  [CeaseSubcode.ADMINISTRATIVE_RESET]: 'returning',
  [CeaseSubcode.OTHER_CONFIGURATION_CHANGE]: 'returning',
  [CeaseSubcode.CONNECTION_COLLISION_RESOLUTION]: 'returning',
  [CeaseSubcode.HARD_RESET]: 'returning',
};

/** Returns what a NOTIFICATION of the neighbor means; a Hard Reset (RFC 8538 §3) what it carries. */
export function endingOf(notification: NotificationContent): Ending {
  const { code, subcode } = hardResetContent(notification) ?? notification;
  return code === NotificationCode.CEASE ? (CEASES[subcode] ?? 'fault') : 'fault';
}

const FIRST_MILLISECONDS = 1000;
/** A retry costs a connection and an OPEN. What it brings is that a fault that was repaired is over soon. */
const LAST_MILLISECONDS = 16_000;
/** A session that stood this long, and twice as long as the hold before it, was no oscillation. */
const STABLE_MILLISECONDS = 10_000;
/** After too many routes: each time takes the table in and out again, on both sides. */
const FIRST_LIMIT_MILLISECONDS = 60_000;
const LAST_LIMIT_MILLISECONDS = 960_000;
/** Connections of the neighbor's own that are taken while it is held: so many at once, then one a second. */
const ADMITTED_AT_ONCE = 5;

/**
 * How long a neighbor stays in Idle when a connection has ended (RFC 4271 §8.1.1, DampPeerOscillations): one second,
 * doubling to 16 with each fault, until a session lasts. Only our own attempts are held back; the neighbor's are taken.
 * After too many routes it is one minute, doubling to 16, and the neighbor's are not taken either.
 */
export class IdleHold {
  #milliseconds = FIRST_MILLISECONDS;
  #limitMilliseconds = FIRST_LIMIT_MILLISECONDS;
  #admitted = ADMITTED_AT_ONCE;
  #admittedAt = 0;

  /** Milliseconds to hold now; `away` is for a neighbor that takes no connection. */
  next(ending: Ending, away: number): number {
    if (ending === 'returning') return FIRST_MILLISECONDS;
    if (ending === 'absent') return Math.max(away, FIRST_MILLISECONDS);
    if (ending === 'limit') {
      const limit = this.#limitMilliseconds;
      this.#limitMilliseconds = Math.min(limit * 2, LAST_LIMIT_MILLISECONDS);
      return limit;
    }
    const milliseconds = this.#milliseconds;
    this.#milliseconds = Math.min(milliseconds * 2, LAST_MILLISECONDS);
    return milliseconds;
  }

  /** A session that was established ended after this time. */
  sessionEnded(milliseconds: number): void {
    if (milliseconds >= Math.max(STABLE_MILLISECONDS, this.#milliseconds))
      this.#milliseconds = FIRST_MILLISECONDS;
    if (milliseconds >= LAST_LIMIT_MILLISECONDS) this.#limitMilliseconds = FIRST_LIMIT_MILLISECONDS;
  }

  reset(): void {
    this.#milliseconds = FIRST_MILLISECONDS;
    this.#limitMilliseconds = FIRST_LIMIT_MILLISECONDS;
  }

  /** True where a connection of the neighbor's is to be taken at `now`, in milliseconds, though it is held. */
  admits(now: number): boolean {
    const admitted = this.#admitted + (now - this.#admittedAt) / 1000;
    this.#admitted = Math.min(ADMITTED_AT_ONCE, admitted);
    this.#admittedAt = now;
    if (this.#admitted < 1) return false;
    this.#admitted--;
    return true;
  }
}
