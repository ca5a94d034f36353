import { allocateMessage, HEADER_LENGTH } from './header.js';
import { MessageType, type RouteRefreshMessage } from './messages.js';
import { lengthField } from './notification.js';
import { HeaderSubcode, NotificationCode, RouteRefreshSubcode } from './notification-codes.js';
import { WireError } from './wire-error.js';

const BODY_LENGTH = 4;

/** A whole ROUTE-REFRESH (RFC 2918 §3, RFC 7313 §3.2). */
export function encodeRouteRefresh(refresh: RouteRefreshMessage): Buffer {
  const message = allocateMessage(MessageType.ROUTE_REFRESH, BODY_LENGTH);
  message.writeUInt16BE(refresh.afi, HEADER_LENGTH);
  message[HEADER_LENGTH + 2] = refresh.subtype;
  message[HEADER_LENGTH + 3] = refresh.safi;
  return message;
}

/**
 * Reads the body of a ROUTE-REFRESH. An outbound route filter behind a request (RFC 5291) is passed over: we never
 * offered to take one. Throws WireError 7/1 for a marker (subtype 1, 2) of any other length than 4, whose data is the
 * whole message, and 1/2 for fewer than four octets.
 */
export function decodeRouteRefresh(body: Buffer): RouteRefreshMessage {
  if (body.length < BODY_LENGTH)
    throw new WireError(
      NotificationCode.MESSAGE_HEADER_ERROR,
      HeaderSubcode.BAD_MESSAGE_LENGTH,
      `ROUTE-REFRESH of ${body.length} octets after the header: expected ${BODY_LENGTH}`,
      lengthField(body.length),
    );
  const subtype = body[2];
  if (body.length !== BODY_LENGTH && (subtype === 1 || subtype === 2)) {
    const message = allocateMessage(MessageType.ROUTE_REFRESH, body.length);
    message.set(body, HEADER_LENGTH);
    throw new WireError(
      NotificationCode.ROUTE_REFRESH_ERROR,
      RouteRefreshSubcode.INVALID_MESSAGE_LENGTH,
      `ROUTE-REFRESH subtype ${subtype} of ${body.length} octets after the header: expected ${BODY_LENGTH}`,
      message,
    );
  }
  return { afi: body.readUInt16BE(0), subtype, safi: body[3] };
}
