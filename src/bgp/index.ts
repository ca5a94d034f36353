/**
 * The BGP speaker of a leaf: sessions with its neighbors, their routes of each family with the best of each, and our own
 * routes as each neighbor is sent them. It is no transit: received routes are never announced.
 *
 * Supported: RFC 4271 (sessions, decision process without interior cost), RFC 2918 (route refresh), RFC 4456 (loop
 * detection and tie-breaking for reflected routes), RFC 4486 and RFC 9003 (Cease), RFC 4724 (End-of-RIB; a restart of ours
 * in which the data plane forwarded on, announced with the R and F bits; helper for a peer that restarts), RFC 5492
 * (capabilities), RFC 6286 (identifiers unique in an AS), RFC 6608 (FSM error subcodes), RFC 6793 (4-octet AS), RFC 7432
 * §7.7 and §15 (MAC mobility in best path), RFC 7313 (enhanced route refresh, where it is enabled), RFC 7606 (UPDATE errors), RFC 7705 (another AS for a neighbor, without the part for internal paths),
 * RFC 8950 (IPv6 next hops of IPv4 unicast, with neighbors by interface),
 * RFC 8538 (hard-reset.ts has which NOTIFICATIONs end all), RFC 9494 (long-lived graceful restart as a helper, which a second loss does not end; we pass on no route that could be marked),
 * RFC 8654 (extended messages), RFC 2385 (TCP MD5) and RFC 5082 (GTSM) by the sockets that it
 * is given. Not supported: TCP-AO, multiple paths (RFC 7911),
 * the selection deferral of a restarting speaker (RFC 4724 §4.1: a leaf passes no routes on),
 * DelayOpen, any address family but L2VPN/EVPN and, for those who give the speaker their RIBs, IPv4 and IPv6
 * unicast.
 */
export { addressOf, canonicalAddress, zoneOf } from './address.js';
export type { ListenRange, LocalIdentity, NeighborConfig, SpeakerConfig } from './config.js';
export type { LocalAddress, LocalInterface } from './connected.js';
export {
  type Decision,
  type DecisionSettings,
  decide,
  decideSeveral,
  type Multipath,
  type MultipathDecision,
  selectBest,
  selectSeveral,
} from './decision.js';
export { STEP_TABLE, TIE_BREAKERS } from './decision-steps.js';
export { Rib } from './evpn-rib.js';
export { ExportPolicy } from './export-policy.js';
export { type FamilyRibs, ribsOf } from './family-ribs.js';
export { transition } from './fsm.js';
export type * from './fsm-types.js';
export { asReceived, ImportPolicy, isRejected } from './import-policy.js';
export * from './inbound.js';
export { KeyedTable } from './keyed-table.js';
export { FamilyLocalRib, LocalRib } from './local-rib.js';
export type { NeighborRouteCounts } from './neighbor-routes.js';
export type * from './neighbor-status.js';
export { nextHopZone } from './next-hop-zone.js';
export { judge, OTHERWISE, type PolicyMatch, type PolicyRule, type RoutePolicy } from './policy.js';
export { FamilyRib, type RibIdentity } from './rib.js';
export type { RibReader } from './rib-reader.js';
export { plainRoutes } from './rib-routes.js';
export * from './route.js';
export {
  DEFAULT_ROUTE_LIMITS,
  type LimitUse,
  limitSetting,
  limitText,
  NEAR_LIMIT,
  type RouteLimits,
} from './route-limits.js';
export { Speaker } from './speaker.js';
export type { NeighborOutcome, SpeakerDeps } from './speaker-deps.js';
export { Speakers } from './speakers.js';
export { EvpnTable, type TableEntry, type TableFilter } from './table.js';
export { TcpTransport } from './tcp.js';
export type { ListeningHost, ListeningSocket, TcpSockets } from './tcp-sockets.js';
export * from './transport.js';
export { neighborIn, splitNeighbor } from './vrf-neighbor.js';
