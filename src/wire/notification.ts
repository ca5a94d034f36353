import { plainText } from '../types/index.js';
import { allocateMessage, HEADER_LENGTH, MAX_MESSAGE_LENGTH } from './header.js';
import { MessageType, type NotificationMessage } from './messages.js';
import { CeaseSubcode, HeaderSubcode, NotificationCode } from './notification-codes.js';
import { WireError } from './wire-error.js';

const MAX_DATA_LENGTH = MAX_MESSAGE_LENGTH - HEADER_LENGTH - 2;
const MAX_COMMUNICATION_LENGTH = 255;

/** A whole NOTIFICATION (RFC 4271 §4.5). Data beyond what 4096 octets hold is cut: its start is what helps the peer. */
export function encodeNotification(notification: NotificationMessage): Buffer {
  const data = notification.data.subarray(0, MAX_DATA_LENGTH);
  const message = allocateMessage(MessageType.NOTIFICATION, 2 + data.length);
  message[HEADER_LENGTH] = notification.code;
  message[HEADER_LENGTH + 1] = notification.subcode;
  message.set(data, HEADER_LENGTH + 2);
  return message;
}

/** Reads the body of a NOTIFICATION; any code and data are taken. Throws WireError 1/2 for fewer than two octets. */
export function decodeNotification(body: Buffer): NotificationMessage {
  if (body.length < 2)
    throw new WireError(
      NotificationCode.MESSAGE_HEADER_ERROR,
      HeaderSubcode.BAD_MESSAGE_LENGTH,
      `NOTIFICATION of ${body.length} octets after the header: expected 2 or more`,
      lengthField(body.length),
    );
  return { code: body[0], subcode: body[1], data: Uint8Array.from(body.subarray(2)) };
}

/** The header's length field of a message with such a body, as NOTIFICATION 1/2 wants it. */
export function lengthField(bodyLength: number): Uint8Array {
  const length = HEADER_LENGTH + bodyLength;
  return Uint8Array.of(length >>> 8, length);
}

/** Returns what a Cease/Hard Reset carries (RFC 8538 §3); undefined for another NOTIFICATION and for one that carries nothing. */
export function hardResetContent({
  code,
  subcode,
  data,
}: NotificationMessage): NotificationMessage | undefined {
  if (code !== NotificationCode.CEASE || subcode !== CeaseSubcode.HARD_RESET || data.length < 2)
    return undefined;
  return { code: data[0], subcode: data[1], data: data.subarray(2) };
}

/** Returns the Cease/Hard Reset that carries this NOTIFICATION (RFC 8538 §3). */
export function hardReset({ code, subcode, data }: NotificationMessage): NotificationMessage {
  return {
    code: NotificationCode.CEASE,
    subcode: CeaseSubcode.HARD_RESET,
    data: Uint8Array.of(code, subcode, ...data),
  };
}

/**
 * Data for Cease subcodes 2 and 4: a length octet and UTF-8 text (RFC 9003 §2). Text beyond 255 octets is cut between
 * two characters.
 */
export function encodeShutdownCommunication(text: string): Uint8Array {
  const octets = new Uint8Array(MAX_COMMUNICATION_LENGTH);
  const { written } = new TextEncoder().encodeInto(text, octets);
  return Uint8Array.of(written, ...octets.subarray(0, written));
}

/**
 * The operator's words in a Cease with subcode 2 or 4, also one that a Hard Reset carries; undefined for other notifications and
 * an empty text. They go into logs as plain text; where the length does not fit, or the octets are not UTF-8, those are shown
 * (RFC 9003 §4).
 */
export function decodeShutdownCommunication(notification: NotificationMessage): string | undefined {
  const { code, subcode, data } = hardResetContent(notification) ?? notification;
  if (code !== NotificationCode.CEASE) return undefined;
  if (subcode !== CeaseSubcode.ADMINISTRATIVE_SHUTDOWN && subcode !== CeaseSubcode.ADMINISTRATIVE_RESET)
    return undefined;
  if (data.length === 0 || data[0] === 0) return undefined;
  const shown = () => Buffer.from(data).toString('hex');
  if (data[0] > data.length - 1) return `message of ${data[0]} octets, cut short: ${shown()}`;
  try {
    return plainText(new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(1, 1 + data[0])));
  } catch {
    return `message that is not UTF-8: ${shown()}`;
  }
}
