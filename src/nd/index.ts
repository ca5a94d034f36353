/**
 * Who the router at the other end of a link is, for neighbors by interface (BGP unnumbered): router discovery between two
 * routers, each of which advertises itself and takes the other's link-local address from its advertisements. The codec is
 * pure; a `LinkWatch` is one interface, whose owner is told of the router.
 *
 * Supported: RFC 4861 §6.1 (validation), §6.2 (advertisements as a router, with nothing but the lifetime), solicitations sent
 * and answered; RFC 4191's preference, low. Not supported: prefixes and other options, SEND (RFC 3971).
 */
export type { LinkInterface } from './link-peer.js';
export { LinkPeers, type LinkWatch } from './link-peers.js';
export * from './packet.js';
export type * from './status.js';
export * from './transport.js';
