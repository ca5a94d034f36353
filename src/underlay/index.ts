/**
 * The underlay: IPv4 and IPv6 unicast (RFC 4271, RFC 2545) between BGP and the kernel's routing table, so that a leaf needs no
 * other routing daemon to reach the VTEPs. Pure: what it reads are RIBs and the topology, what it makes are routes that are
 * originated, and those that the data plane wants.
 *
 * - A route is installed with all its equally good paths (ECMP); a set of BGP next hops is one nexthop group of the kernel's, so
 *   that the loss of a link is one write, whatever the number of routes.
 * - A next hop is looked up in the networks that the machine is in, in other programs' routes of the main table and in BGP's own
 *   (RFC 4271 §5.1.3), and a path without a way to its next hop is no choice (§9.1.2.1); a link that loses its carrier is lost at once.
 * - Networks that the machine is in are announced by the prefix list. What a neighbor announced is announced to no other neighbor.
 *
 * - A VRF whose neighbors are in it has RIBs of its own, next hops by its devices and table, and routes in its table; it announces nothing
 *   to them yet.
 */
export { formatNextHop, type NextHops } from './next-hops.js';
export type { NextHop } from './reach.js';
export type { Resolution, Unreachable } from './tracked.js';
export { type DeadEnd, Underlay, type UnderlaySettings, UnicastRibs } from './underlay.js';
export { VrfRibs, VrfUnderlays } from './vrf-underlays.js';
