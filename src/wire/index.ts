/**
 * BGP's octets and what they mean: framing, every message type, path attributes, EVPN routes. Pure functions and
 * small tables; no socket, no clock, no state of a session but what is passed in.
 */
export * from './extended-community.js';
export * from './format-nlri.js';
export { encodeKeepalive, HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from './header.js';
export * from './message-reader.js';
export * from './messages.js';
export * from './nlri.js';
export {
  decodeNotification,
  decodeShutdownCommunication,
  encodeNotification,
  encodeShutdownCommunication,
} from './notification.js';
export * from './notification-codes.js';
export { type CapabilityLayout, decodeOpen, encodeOpen } from './open.js';
export * from './path-attributes.js';
export { decodeRouteRefresh, encodeRouteRefresh } from './route-refresh.js';
export * from './update-decoder.js';
export * from './update-encoder.js';
export * from './wire-error.js';
