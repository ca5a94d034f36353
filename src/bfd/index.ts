/**
 * Whether the path to a neighbor is alive, within a second: Bidirectional Forwarding Detection. The codec and the state
 * machine are pure; a `BfdWatch` is one session, which reports to its owner when it was up and has failed.
 *
 * Supported: RFC 5880 in asynchronous mode and the active role (a neighbor in demand mode is served), RFC 5881 (one hop,
 * IPv4 and IPv6, link-local addresses too), RFC 5883 (several hops), RFC 5882 §3 and §4.3 for those who watch. Not
 * supported: authentication, the echo function, demand mode of our own, S-BFD (RFC 7880), BFD for VXLAN (RFC 8971).
 */
export { Bfd, type BfdWatch } from './bfd.js';
export { type BfdEvent, type BfdTransition, transition } from './fsm.js';
export {
  BFD_STATES,
  type BfdState,
  type ControlPacket,
  decodeControl,
  diagnosticText,
  encodeControl,
  type Malformed,
  PACKET_LENGTH,
} from './packet.js';
export type * from './status.js';
export { detectionTime, jittered, type Range, SLOW_INTERVAL, transmitInterval } from './timing.js';
export * from './transport.js';
