import {
  type AnyFamily,
  CeaseSubcode,
  encodeNotification,
  encodeShutdownCommunication,
  NO_OCTETS,
  NotificationCode,
} from '../wire/index.js';
import type { Attempts } from './attempts.js';
import type { FsmState, NotificationContent } from './fsm-types.js';
import type { AdministrativeShutdown } from './neighbor-status.js';
import type { LimitUse } from './route-limits.js';
import type { Connection } from './transport.js';

/**
 * A Cease (RFC 4486) with the words of an operator, which Administrative Shutdown and Administrative Reset alone can carry
 * (RFC 9003). No words are no data.
 */
export function cease(
  subcode: (typeof CeaseSubcode)[keyof typeof CeaseSubcode],
  words = '',
): NotificationContent {
  const data = words === '' ? NO_OCTETS : encodeShutdownCommunication(words);
  return { code: NotificationCode.CEASE, subcode, data };
}

/**
 * A Cease/Maximum Number of Prefixes Reached: with the family and its limit (RFC 4486 §4) where it is one of the routes of a
 * family, or the neighbor has one family alone.
 */
export function ceaseOverLimit(
  { what, limit, family }: LimitUse,
  families: readonly AnyFamily[],
): NotificationContent {
  const content = cease(CeaseSubcode.MAXIMUM_PREFIXES_REACHED);
  const limited = family ?? (families.length === 1 ? families[0] : undefined);
  if (what !== 'routes' || limited === undefined) return content;
  const data = Buffer.alloc(7);
  data.writeUInt16BE(limited.afi, 0);
  data[2] = limited.safi;
  data.writeUInt32BE(limit, 3);
  return { ...content, data };
}

/** The reason of an end that an operator wants, with the message to the neighbor. */
export function byOperator(what: string, words: string): string {
  return words === '' ? `${what} by the operator` : `${what} by the operator: ${words}`;
}

/** Returns the NOTIFICATION to a connection that is not taken now; undefined if it is. */
export function refusalOf(
  { name, held }: FsmState,
  attempts: Pick<Attempts, 'admits'>,
  shutdown: AdministrativeShutdown | undefined,
): NotificationContent | undefined {
  if (shutdown !== undefined) return cease(CeaseSubcode.ADMINISTRATIVE_SHUTDOWN, shutdown.message);
  if ((name !== 'Idle' || held) && attempts.admits()) return undefined;
  return cease(CeaseSubcode.CONNECTION_REJECTED);
}

/** Says why a connection that came in is not taken, and ends it. */
export function refuse(connection: Connection, notification: NotificationContent): void {
  connection.write(encodeNotification(notification));
  connection.end();
}
