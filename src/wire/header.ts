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
  writeHeader(message, type, message.length);
  return message;
}

/** Writes marker, length and type at the start of `message`. */
export function writeHeader(message: Buffer, type: MessageType, length: number): void {
  message.fill(0xff, 0, MARKER_LENGTH);
  message.writeUInt16BE(length, MARKER_LENGTH);
  message[MARKER_LENGTH + 2] = type;
}

/** A whole KEEPALIVE: a header and nothing else (RFC 4271 §4.4). */
export function encodeKeepalive(): Buffer {
  return allocateMessage(MessageType.KEEPALIVE, 0);
}
