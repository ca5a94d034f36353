import { CeaseSubcode, hardReset, NotificationCode } from '../wire/index.js';
import type { FsmEvent, NotificationContent } from './fsm-types.js';
import type { Negotiated } from './open.js';

/**
 * Which ends of a session are the neighbor's to recover from, so that its routes stay, where both know of that (RFC 8538). The
 * subcodes of Cease as §5.1 suggests them, but for two that it leaves open or gives the other way: an operator's reset is a
 * full one, as in FRR, and what is ended for want of memory has to go. A path that BFD has found dead carries nothing (RFC 5882 §4.3).
 */
const IS_HARD: Readonly<Record<number, boolean>> = {
  [CeaseSubcode.MAXIMUM_PREFIXES_REACHED]: true,
  [CeaseSubcode.ADMINISTRATIVE_SHUTDOWN]: true,
  [CeaseSubcode.PEER_DECONFIGURED]: true,
  [CeaseSubcode.ADMINISTRATIVE_RESET]: true,
  [CeaseSubcode.CONNECTION_REJECTED]: false,
  [CeaseSubcode.OTHER_CONFIGURATION_CHANGE]: false,
  [CeaseSubcode.CONNECTION_COLLISION_RESOLUTION]: false,
  [CeaseSubcode.OUT_OF_RESOURCES]: true,
  [CeaseSubcode.HARD_RESET]: true,
  [CeaseSubcode.BFD_DOWN]: true,
};

/** Of those that a neighbor sends: what it means to be a Hard Reset it says (§3), and what is told of a dead path is as true for us. */
const ENDS_FOR_US: readonly number[] = [CeaseSubcode.HARD_RESET, CeaseSubcode.BFD_DOWN];

/** True where both sides keep each other's routes over a NOTIFICATION. */
export function outlivesNotification(negotiated: Negotiated | undefined): boolean {
  for (const restart of negotiated?.restarts.values() ?? []) if (restart.outlivesNotification) return true;
  return false;
}

/** Returns the NOTIFICATION as it is to be sent: one that is to end all as a Hard Reset, to a neighbor that would keep our routes else. */
export function asSent(
  content: NotificationContent,
  negotiated: Negotiated | undefined,
): NotificationContent {
  const { code, subcode } = content;
  const isHard = code === NotificationCode.CEASE && IS_HARD[subcode] === true;
  return isHard && subcode !== CeaseSubcode.HARD_RESET && outlivesNotification(negotiated)
    ? hardReset(content)
    : content;
}

/**
 * How a session has ended: `lost` without a word (RFC 4724 §4.2), `notified` by a NOTIFICATION, either side's, that a restart
 * may follow (RFC 8538 §4), or `over`.
 */
export type SessionEnd = 'lost' | 'notified' | 'over';

/** Returns what the event that has ended an established session makes of its routes. */
export function sessionEndOf(event: FsmEvent): SessionEnd {
  if (event.type === 'TcpConnectionFails') return 'lost';
  if (!('notification' in event)) return 'notified';
  const { code, subcode } = event.notification;
  if (code !== NotificationCode.CEASE) return 'notified';
  const isOver = event.type === 'NotifMsg' ? ENDS_FOR_US.includes(subcode) : IS_HARD[subcode] === true;
  return isOver ? 'over' : 'notified';
}
