import { type NeighborStatus, REFUSED, type RefusalReason } from '../../bgp/index.js';
import { RouteType } from '../../wire/index.js';
import { counter, gauge, type Metric, type Sample } from './metric.js';

/* Sessions and what came over them, by neighbor: `peer` is its address or interface as configured. */

const PEER = ['peer'] as const;

/** One sample for each neighbor that has the value. */
function perPeer(value: (neighbor: NeighborStatus) => number | undefined): Metric['samples'] {
  return ({ speaker }) =>
    speaker.neighbors().flatMap((neighbor): Sample[] => {
      const found = value(neighbor);
      return found === undefined ? [] : [[found, neighbor.address]];
    });
}

/** Several samples for each neighbor, each with the label's value. */
function perPeerAnd(
  values: (neighbor: NeighborStatus) => Iterable<readonly [string, number]>,
): Metric['samples'] {
  return ({ speaker }) =>
    speaker
      .neighbors()
      .flatMap((neighbor) =>
        [...values(neighbor)].map(([label, value]): Sample => [value, neighbor.address, label]),
      );
}

/** The states that frr_exporter has too. */
function stateOf({ state, shutdown }: NeighborStatus): number {
  if (shutdown) return 2;
  return state === 'Established' ? 1 : 0;
}

const byType = (counts: readonly number[]) =>
  Object.values(RouteType).map((type) => [String(type), counts[type] ?? 0] as const);

const messages = (counters: NeighborStatus['messagesIn']) =>
  Object.entries(counters).map(([type, count]) => [snake(type), count] as const);

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const NEIGHBOR_METRICS: readonly Metric[] = [
  gauge(
    'evpnd_bgp_peer_state',
    'State of the session: 1 established, 0 not, 2 shut down by an operator or a limit.',
    PEER,
    perPeer(stateOf),
  ),
  gauge(
    'evpnd_bgp_peer_uptime_seconds',
    'Time since the session was established; absent without one.',
    PEER,
    perPeer(({ uptime }) => uptime && uptime / 1000),
  ),
  counter(
    'evpnd_bgp_peer_flaps_total',
    'Established sessions that were lost.',
    PEER,
    perPeer(({ flaps }) => flaps),
  ),
  gauge(
    'evpnd_bgp_peer_failed_attempts',
    'Attempts that failed since the last session.',
    PEER,
    perPeer(({ failedAttempts }) => failedAttempts),
  ),
  counter(
    'evpnd_bgp_peer_messages_received_total',
    'BGP messages received, by type.',
    [...PEER, 'type'],
    perPeerAnd(({ messagesIn }) => messages(messagesIn)),
  ),
  counter(
    'evpnd_bgp_peer_messages_sent_total',
    'BGP messages sent, by type.',
    [...PEER, 'type'],
    perPeerAnd(({ messagesOut }) => messages(messagesOut)),
  ),
  gauge(
    'evpnd_bgp_peer_routes_received',
    'Routes of the neighbor in the table, by address family.',
    [...PEER, 'family'],
    perPeerAnd(({ families }) => families.map(({ family, received }) => [family.name, received])),
  ),
  gauge(
    'evpnd_bgp_peer_routes_sent',
    'Routes that the neighbor has been sent, by address family.',
    [...PEER, 'family'],
    perPeerAnd(({ families }) => families.map(({ family, sent }) => [family.name, sent])),
  ),
  gauge(
    'evpnd_bgp_peer_evpn_routes_received',
    'EVPN routes of the neighbor in the table, by route type.',
    [...PEER, 'route_type'],
    perPeerAnd(({ routes }) => byType(routes.accepted)),
  ),
  gauge(
    'evpnd_bgp_peer_evpn_routes_sent',
    'EVPN routes that the neighbor has been sent, by route type.',
    [...PEER, 'route_type'],
    perPeerAnd(({ routes }) => byType(routes.sent)),
  ),
  gauge(
    'evpnd_bgp_peer_routes_rejected',
    'Routes in the table that the import policy rejects, of every address family.',
    PEER,
    perPeer(({ families }) => families.reduce((sum, { rejected }) => sum + rejected, 0)),
  ),
  gauge(
    'evpnd_bgp_peer_routes_refused',
    'Announcements of the present session that were not accepted into the table, by reason, of every address family.',
    [...PEER, 'reason'],
    perPeerAnd(({ families }) =>
      (Object.keys(REFUSED) as RefusalReason[]).map((reason) => [
        reason,
        families.reduce((sum, { refused }) => sum + refused[reason], 0),
      ]),
    ),
  ),
  gauge(
    'evpnd_bgp_peer_routes_stale',
    'EVPN routes of the previous session that are kept while the neighbor restarts.',
    PEER,
    perPeer(({ staleRoutes }) => staleRoutes?.count ?? 0),
  ),
  gauge(
    'evpnd_bgp_peer_limit_use_ratio',
    'Share of its limits that the neighbor uses, of the one that it uses most; above 1 it is over.',
    PEER,
    perPeer(limitUse),
  ),
  counter(
    'evpnd_bgp_peer_faults_total',
    'Faults in UPDATEs that did not end the session (attributes discarded, UPDATEs treated as withdraw, routes skipped), by what was done (RFC 7606).',
    [...PEER, 'outcome'],
    perPeerAnd(({ faults }) => [
      ['discard', faults.discard],
      ['treat-as-withdraw', faults.treatAsWithdraw],
      ['skip', faults.skippedRoutes],
    ]),
  ),
  gauge(
    'evpnd_bgp_peer_send_stalled',
    '1 while the neighbor does not read what is sent to it.',
    PEER,
    perPeer(({ sendStalledSince }) => (sendStalledSince === undefined ? 0 : 1)),
  ),
  gauge(
    'evpnd_bfd_peer_state',
    'State of the BFD session with the neighbor: 1 up, 0 not; absent without BFD.',
    PEER,
    perPeer(({ bfd }) => bfd && (bfd.state === 'Up' ? 1 : 0)),
  ),
];

function limitUse({ limitUse: { used, limit } }: NeighborStatus): number {
  return limit === 0 ? 0 : used / limit;
}
