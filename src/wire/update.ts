import {
  type AttributeFault,
  decodeAttributes,
  encodeAttributes,
  type PathAttribute,
} from './attribute-section.js';
import { allocateMessage, HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH } from './header.js';
import { MessageType } from './messages.js';
import { lengthField } from './notification.js';
import { HeaderSubcode, NotificationCode, UpdateSubcode } from './notification-codes.js';
import type { UpdateContext } from './update-context.js';
import { WireError } from './wire-error.js';

/** Where the three parts of an UPDATE lie in its body (RFC 4271 §4.3). */
export interface UpdateLayout {
  readonly withdrawnEnd: number;
  readonly attributesAt: number;
  readonly attributesEnd: number;
}

const WITHDRAWN_AT = 2;
const MAX_IPV4_PREFIX_LENGTH = 32;

/**
 * Finds the parts. Throws WireError 3/1 where withdrawn routes and path attributes are longer than the message
 * (RFC 7606 §3 a), 3/10 where an IPv4 route in the fields around them cannot be separated from the next (RFC 7606 §5.3), and
 * 1/2 for a body of fewer than four octets.
 */
export function layOutUpdate(body: Buffer): UpdateLayout {
  if (body.length < 4)
    throw new WireError(
      NotificationCode.MESSAGE_HEADER_ERROR,
      HeaderSubcode.BAD_MESSAGE_LENGTH,
      `UPDATE of ${body.length} octets after the header: expected 4 or more`,
      lengthField(body.length),
    );
  const withdrawnEnd = WITHDRAWN_AT + body.readUInt16BE(0);
  const attributesAt = withdrawnEnd + 2;
  if (attributesAt > body.length)
    throw malformedList(`withdrawn routes length ${withdrawnEnd - WITHDRAWN_AT}`, body.length - 4);
  const attributesEnd = attributesAt + body.readUInt16BE(withdrawnEnd);
  if (attributesEnd > body.length)
    throw malformedList(
      `total path attribute length ${attributesEnd - attributesAt}`,
      body.length - attributesAt,
    );
  checkIpv4Routes(body, WITHDRAWN_AT, withdrawnEnd, 'withdrawn routes');
  checkIpv4Routes(body, attributesEnd, body.length, 'NLRI');
  return { withdrawnEnd, attributesAt, attributesEnd };
}

function malformedList(field: string, most: number): WireError {
  return new WireError(
    NotificationCode.UPDATE_MESSAGE_ERROR,
    UpdateSubcode.MALFORMED_ATTRIBUTE_LIST,
    `${field}: the message leaves room for ${most}`,
  );
}

function checkIpv4Routes(body: Buffer, start: number, end: number, field: string): void {
  for (let at = start; at < end; ) {
    const prefixLength = body[at];
    const next = at + 1 + ((prefixLength + 7) >>> 3);
    if (prefixLength > MAX_IPV4_PREFIX_LENGTH || next > end)
      throw new WireError(
        NotificationCode.UPDATE_MESSAGE_ERROR,
        UpdateSubcode.INVALID_NETWORK_FIELD,
        `${field}: prefix length ${prefixLength} with ${end - at - 1} octets left: expected 0 to 32 bits that fit`,
      );
    at = next;
  }
}

/** All content of an UPDATE, in the order and with the flags it came with. */
export interface DecodedUpdate {
  /** The IPv4 withdrawn routes field as it came. */
  readonly withdrawnRoutes: Uint8Array;
  readonly attributes: readonly PathAttribute[];
  /** Octets behind the last whole attribute; none in a sound message. */
  readonly remainder: Uint8Array;
  /** The IPv4 NLRI field as it came. */
  readonly nlri: Uint8Array;
  readonly faults: readonly AttributeFault[];
}

/** Reads the body of an UPDATE without loss. Throws WireError where RFC 7606 leaves only a reset. */
export function decodeUpdateFully(body: Buffer, context: UpdateContext): DecodedUpdate {
  const { withdrawnEnd, attributesAt, attributesEnd } = layOutUpdate(body);
  return {
    withdrawnRoutes: Uint8Array.from(body.subarray(WITHDRAWN_AT, withdrawnEnd)),
    ...decodeAttributes(body, attributesAt, attributesEnd, context, true),
    nlri: Uint8Array.from(body.subarray(attributesEnd)),
  };
}

/** The whole message again, octet for octet what was decoded. Throws RangeError beyond 65535 octets. */
export function encodeUpdateFully(update: Omit<DecodedUpdate, 'faults'>, context: UpdateContext): Buffer {
  const attributes = encodeAttributes(update.attributes, context);
  const attributesLength = attributes.length + update.remainder.length;
  const bodyLength = 4 + update.withdrawnRoutes.length + attributesLength + update.nlri.length;
  if (HEADER_LENGTH + bodyLength > MAX_EXTENDED_MESSAGE_LENGTH)
    throw new RangeError(
      `UPDATE of ${HEADER_LENGTH + bodyLength} octets: at most ${MAX_EXTENDED_MESSAGE_LENGTH} fit`,
    );
  const message = allocateMessage(MessageType.UPDATE, bodyLength);
  let at = message.writeUInt16BE(update.withdrawnRoutes.length, HEADER_LENGTH);
  message.set(update.withdrawnRoutes, at);
  at = message.writeUInt16BE(attributesLength, at + update.withdrawnRoutes.length);
  message.set(attributes, at);
  message.set(update.remainder, at + attributes.length);
  message.set(update.nlri, at + attributesLength);
  return message;
}
