/**
 * The data plane between brain and kernel: what should be true in the kernel (intents), what is true there (the mirror
 * of its tables), and the reconciler that sends the difference as idempotent operations.
 *
 * Rows are those of RFC 7432 and RFC 8365 on Linux: bridge FDB, VXLAN FDB with its default destinations (head-end
 * replication), and neighbors for ARP/ND suppression; and those of the underlay and of VRFs: routes, and the nexthops that they lead to.
 * Not here: multihoming (FDB nexthop groups).
 *
 * Which IPs local hosts have comes from the watch over them (hosts.ts, which the room above implements).
 *
 * Whose a row is follows from the role of its port and from its marks (ownership.ts). On a VXLAN port of a VNI that we
 * serve, a row flagged `extern_learn` is ours to adopt, correct or remove; on an access port a row is a local host's and is
 * never removed. Everything else is somebody's and left alone.
 */

export { askAgain } from './ask-again.js';
export type { MirroredBridgeRow } from './bridge-rows.js';
export * from './data-plane.js';
export type { Drift, DriftAction, DriftCause, DriftLog } from './drift.js';
export type { HostStats, Hosts, HostsOwner, LocalNeigh, RefreshSettings } from './hosts.js';
export * from './kernel.js';
export type { KernelRoutes } from './kernel-routes.js';
export type { MacDestination } from './kernel-tables/destination.js';
export type { Failure, FloodIntent, Intent, MacIntent, NeighIntent } from './kernel-tables/intents.js';
export { addressOf, type PlaneKey, type TableKeys, type TableName } from './kernel-tables/key.js';
export { kindOf } from './kernel-tables/operations.js';
export type { DeviceName } from './kernel-tables/owned-table.js';
export type { RoutesPosition } from './kernel-tables/routes-place.js';
export type { LocalMac } from './local-macs.js';
export { deviceKey, domainKey, type KernelMirror } from './mirror.js';
export type { MirroredNeighRow } from './neigh-rows.js';
export { observedSnooper } from './observing.js';
export { OtherRoutes } from './other-routes.js';
export { OtherTables } from './other-tables.js';
export { type DefaultDestination, type DefaultsMemory, NO_MEMORY } from './our-defaults.js';
export { OUR_ROWS } from './our-rows.js';
export { ownerNumber, type RowOwner, vniOf, vniOwner } from './owner.js';
export type { OwnerPlane } from './owner-plane.js';
export {
  hasOurMark,
  isLocalNeigh,
  isLocalRow,
  isOurNeigh,
  isSetByHand,
  RTPROT_BGP,
  RTPROT_EVPND,
} from './ownership.js';
export { errnoName } from './retry.js';
export type { Hop, HopGroup, RoutesPlane } from './routes-plane.js';
export * from './rows.js';
export * from './snooper.js';
export * from './topology.js';
export type { VniPlane } from './vni-plane.js';
export { admit, admitAll, mayWithhold, withhold } from './withhold.js';
