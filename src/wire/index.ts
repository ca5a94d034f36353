/**
 * BGP's octets and what they mean: framing, every message type, path attributes, routes by their family. Pure functions and small
 * tables; no socket, no clock, no state of a session but what is passed in.
 *
 * Supported: RFC 4271 (messages), 4760 (multiprotocol), 5492 and 9072 (capabilities, extended optional parameters), 2918
 * and 7313 (route refresh), 8654 (extended messages), 6793 (4-octet AS), 4360 and 5668 (extended communities), 8092 (large communities), 4456
 * (reflector attributes), 4724 (End-of-RIB, restart capability), 4486, 6608, 8538, 9003 and 9384 (NOTIFICATION), 7432,
 * 8365, 9047, 9135 and 9136 (EVPN route types 1 to 5 and their communities), 6514 (PMSI Tunnel), 7606 and 7607 (errors).
 *
 * Not supported: ADD-PATH (7911), outbound route filters (5291), route types 6 and above (9251), the Tunnel
 * Encapsulation attribute (9012 §2), which is passed over as unknown, AS_SET as an error (9774).
 *
 * A reader starts in message-reader.ts, goes on to open.ts or update-decoder.ts, and finds each attribute as a row of
 * attribute-table.ts, each address family as a file of families/ and each EVPN route type as a file of evpn-routes/.
 */
export { AS_TRANS, asPathLength } from './as-path.js';
export type { AttributeChanges } from './attribute-changes.js';
export type { AttributeFault, PathAttribute } from './attribute-section.js';
export {
  type Aggregator,
  AttributeCode,
  AttributeFlag,
  type AttributeValues,
  attributeName,
} from './attribute-table.js';
export * from './attribute-values.js';
export { capabilityName } from './capabilities.js';
export type { Head } from './evpn-routes/codec.js';
export * from './evpn-routes/index.js';
export { headOf, sameKey, sameNlri, sameTail, tailOf } from './evpn-routes/route-key.js';
export { type EvpnRoute, formatNlri, type UnknownEvpnRoute, vniOfRoute } from './evpn-routes/routes.js';
export * from './extended-community.js';
export * from './families/index.js';
export { encodeKeepalive, HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from './header.js';
export {
  changePathAttributes,
  GRACEFUL_SHUTDOWN,
  LLGR_STALE,
  NO_LLGR,
  type PathAttributes,
  type PolicyVerdict,
} from './interned-attributes.js';
export * from './message-reader.js';
export * from './messages.js';
export type { MpReach, MpUnreach } from './mp-attributes.js';
export {
  decodeNotification,
  decodeShutdownCommunication,
  encodeNotification,
  encodeShutdownCommunication,
  hardReset,
  hardResetContent,
} from './notification.js';
export * from './notification-codes.js';
export { NO_OCTETS } from './octets.js';
export { type CapabilityLayout, decodeOpen, encodeOpen } from './open.js';
export { changeOriginated } from './originated-changes.js';
export { INGRESS_REPLICATION, PIM_SM_TREE } from './pmsi-tunnel.js';
export type { SlicedUpdate } from './route-fields.js';
export { decodeRouteRefresh, encodeRouteRefresh } from './route-refresh.js';
export { type DecodedUpdate, decodeUpdateFully, encodeUpdateFully } from './update.js';
export * from './update-context.js';
export * from './update-decoder.js';
export * from './update-encoder.js';
export * from './wire-error.js';
