import { type CeaseSubcode, encodeShutdownCommunication, NotificationCode } from '../wire/index.js';
import type { NotificationContent } from './fsm-types.js';

/**
 * A Cease (RFC 4486) with the words of an operator, which Administrative Shutdown and Administrative Reset alone can carry
 * (RFC 9003). No words are no data.
 */
export function cease(
  subcode: (typeof CeaseSubcode)[keyof typeof CeaseSubcode],
  words = '',
): NotificationContent {
  const data = words === '' ? new Uint8Array(0) : encodeShutdownCommunication(words);
  return { code: NotificationCode.CEASE, subcode, data };
}
