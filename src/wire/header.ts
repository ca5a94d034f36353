import { MessageType } from './messages.js';

/** Octets of marker, length and type (RFC 4271 §4.1). */
export const HEADER_LENGTH = 19;
/** The longest message of any type without the extended message capability (RFC 4271 §4.1). */
export const MAX_MESSAGE_LENGTH = 4096;
/** The longest UPDATE, NOTIFICATION and ROUTE-REFRESH with it (RFC 8654 §4). */
export const MAX_EXTENDED_MESSAGE_LENGTH = 65535;

const MARKER_LENGTH = 16;

/** A buffer of a whole message, its header written, the rest for the caller to fill. */
export function allocateMessage(type: MessageType, bodyLength: number): Buffer {
  const message = Buffer.allocUnsafe(HEADER_LENGTH + bodyLength);
  message.fill(0xff, 0, MARKER_LENGTH);
  writeLength(message);
  message[MARKER_LENGTH + 2] = type;
  return message;
}

/** Writes into the header that the message is as long as it is. */
export function writeLength(message: Buffer): void {
  message.writeUInt16BE(message.length, MARKER_LENGTH);
}

/** A whole KEEPALIVE: a header and nothing else (RFC 4271 §4.4). */
export function encodeKeepalive(): Buffer {
  return allocateMessage(MessageType.KEEPALIVE, 0);
}
