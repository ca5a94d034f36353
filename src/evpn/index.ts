/**
 * The brain: what a leaf announces to the fabric and what it wants from its kernel.
 *
 * Supported: RFC 7432 Type-2 and Type-3 routes in the VLAN-based service with VXLAN (RFC 8365: the label is the VNI,
 * ingress replication; a multicast group of the device is announced as a PIM-SM tree, RFC 6514 §5), MAC mobility with
 * sequence numbers and sticky MACs (RFC 7432 §7.7, §15), MAC/IP bindings for ARP/ND suppression with the router flag
 * (RFC 9047), the SVI's own addresses with the default-gateway community, IPs that move between MACs (RFC 9135 §7), and of
 * multihoming what a remote leaf does: Type-1 routes decide whether, and by which leaf of its Ethernet segment, a MAC is
 * reached (RFC 7432 §8.2 mass withdraw, §8.4 aliasing and backup path).
 * Symmetric IRB (RFC 9135 §5): MAC/IP routes with both labels become routes of a VRF, as do Type-5 routes in the interface-less
 * model (RFC 9136 §4.4.1), which are originated for connected and configured prefixes; they may also name a gateway (RFC 9136 §4.1).
 * Not supported: being a leaf of an Ethernet segment (Type-4, RFC 7432 §8.5), overlay indexes that are Ethernet segments (RFC 9136 §3.2), labels
 * that are no L3VNI of ours, assisted replication; such routes are kept and shown, and install nothing.
 *
 * Pure but for its arguments: routes come from and go to the BGP rooms' RIBs, rows to the data plane, time from a clock.
 */
export { type Conflict, Conflicts } from './conflicts.js';
export * from './duplicates.js';
export * from './evpn.js';
export { type Few, hasItem, itemsOf, listOf } from './few.js';
export {
  type AutoRt,
  autoExportTargets,
  autoImportTargets,
  importingSetting,
} from './import-target.js';
export { prefixOfKey, routedLabel } from './l3/claims.js';
export { type VrfFault, vrfFaults } from './l3/faults.js';
export type { IpVrf } from './l3/ip-vrf.js';
export { type HeardRoute, lookUp, type PrefixLook, prefixesHolding } from './l3/look.js';
export * from './local-reasons.js';
export type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
export * from './mobility.js';
export { type Move, MoveHistory } from './moves.js';
export type { PortShare } from './port-share.js';
export * from './rd-allocator.js';
export {
  claimOf,
  compareIpClaims,
  compareRemoteClaims,
  isMacThere,
  type RemoteClaim,
} from './remote-claims.js';
export * from './route-types/index.js';
export * from './rules.js';
export * from './settings.js';
export * from './unused.js';
export * from './unused-reasons.js';
export type { Vtep, VtepTable } from './vteps.js';
export * from './why.js';
export * from './why-path-unused.js';
export * from './why-unused.js';
