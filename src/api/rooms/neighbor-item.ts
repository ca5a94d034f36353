import {
  type NeighborError,
  type NeighborStatus,
  REFUSED,
  type Refusal,
  type RefusalCounts,
  type RefusalReason,
} from '../../bgp/index.js';
import { UNUSED } from '../../evpn/index.js';
import { type Capability, formatNlri, RouteType } from '../../wire/index.js';
import { routerIdText, timeText } from '../present.js';
import type { NeighborItem } from '../schemas.js';
import type { RouteUse } from './route-survey.js';

/** A neighbour as the API shows it; `use`: what becomes of its routes, where it was counted. */
export function neighborItem(status: NeighborStatus, use: RouteUse | undefined): NeighborItem {
  const { negotiated, configuredRemoteAs, messagesIn, messagesOut, routes } = status;
  const remoteAs = status.remoteAs ?? asNumber(configuredRemoteAs, status.localAs);
  const notification = newest(status.lastNotificationSent, status.lastNotificationReceived);
  return {
    address: status.address,
    description: status.description ?? null,
    state: status.state,
    established: status.state === 'Established',
    uptimeSeconds: status.uptime === undefined ? null : Math.floor(status.uptime / 1000),
    localAs: status.localAs,
    remoteAs: remoteAs ?? null,
    type:
      (status.internal ?? (configuredRemoteAs === 'internal' || remoteAs === status.localAs))
        ? 'internal'
        : 'external',
    remoteRouterId: status.remoteRouterId === undefined ? null : routerIdText(status.remoteRouterId),
    localAddress: status.localEndpoint?.address ?? null,
    passive: status.passive,
    holdTimeSeconds: negotiated?.holdTime ?? null,
    keepaliveSeconds: negotiated?.keepaliveTime ?? null,
    sendHoldSeconds: status.sendHoldTime,
    sendStalledSince: timeText(status.sendStalledSince),
    capabilities: {
      sent: capabilityItems(status.capabilitiesSent),
      received: capabilityItems(status.capabilitiesReceived),
    },
    gracefulRestart: negotiated?.gracefulRestart
      ? {
          restartTimeSeconds: negotiated.gracefulRestart.restartTime,
          forwardingPreserved: negotiated.gracefulRestart.forwardingPreserved,
        }
      : null,
    staleRoutes: status.staleRoutes
      ? { count: status.staleRoutes.count, until: timeText(status.staleRoutes.until) ?? '' }
      : null,
    messages: { sent: { ...messagesOut }, received: { ...messagesIn } },
    prefixes: { received: routeCounts(routes.accepted), sent: routeCounts(routes.sent) },
    routes: {
      used: use?.used ?? null,
      unused: [...(use?.unused ?? [])].map(([reason, count]) => reasonCount(reason, count, UNUSED[reason])),
      refused: refusalItems(routes.refused),
      lastRefused: refusalItem(routes.lastRefusal),
    },
    limits: {
      routes: routes.held,
      maxRoutes: status.limits.maxRoutes,
      attributeSets: routes.sets,
      octets: routes.octets,
      maxOctets: status.limits.maxOctets,
      onLimit: status.limits.onLimit,
      level: status.limitUse.level,
    },
    faults: {
      attributesDiscarded: status.faults.discard,
      treatedAsWithdraw: status.faults.treatAsWithdraw,
      unknownRouteTypes: status.unknownRouteTypes,
      malformedRoutes: status.faults.skippedRoutes,
      last: faultItem(status.faults.last),
    },
    lastError: notification
      ? {
          direction: notification.direction,
          code: notification.code,
          subcode: notification.subcode,
          text: notification.text,
          dataHex: Buffer.from(notification.data).toString('hex'),
          at: timeText(notification.time) ?? '',
        }
      : null,
    lastDown: errorItem(status.lastDown),
    lastFailedAttempt: errorItem(status.lastFailure),
    failedAttempts: status.failedAttempts,
    idleHold: status.idleHold
      ? { reason: status.idleHold.reason, until: timeText(status.idleHold.until) ?? '' }
      : null,
    shutdown: status.shutdown
      ? { message: status.shutdown.message, since: timeText(status.shutdown.since) ?? '' }
      : null,
    flaps: status.flaps,
    endOfRibReceivedAt: timeText(status.endOfRibAt),
  };
}

function errorItem(error: NeighborError | undefined): NeighborItem['lastDown'] {
  return error ? { reason: error.reason, at: timeText(error.time) ?? '' } : null;
}

function faultItem(last: NeighborStatus['faults']['last']): NeighborItem['faults']['last'] {
  if (!last) return null;
  const { outcome, field, detail, time } = last;
  return { outcome, field, detail, at: timeText(time) ?? '' };
}

function newest<Record extends { readonly time: number }>(
  a: Record | undefined,
  b: Record | undefined,
): Record | undefined {
  if (!a || !b) return a ?? b;
  return a.time > b.time ? a : b;
}

function asNumber(configured: number | 'internal' | 'external', localAs: number): number | undefined {
  if (configured === 'internal') return localAs;
  return configured === 'external' ? undefined : configured;
}

function routeCounts(byType: readonly number[]): NeighborItem['prefixes']['received'] {
  return {
    total: byType.reduce((sum, count) => sum + count, 0),
    ethernetAutoDiscovery: byType[RouteType.ETHERNET_AUTO_DISCOVERY],
    macIpAdvertisement: byType[RouteType.MAC_IP_ADVERTISEMENT],
    inclusiveMulticast: byType[RouteType.INCLUSIVE_MULTICAST],
    ethernetSegment: byType[RouteType.ETHERNET_SEGMENT],
    ipPrefix: byType[RouteType.IP_PREFIX],
  };
}

type CapabilityItem = NonNullable<NeighborItem['capabilities']['sent']>[number];

/** Null before an OPEN. */
function capabilityItems(capabilities: readonly Capability[]): CapabilityItem[] | null {
  return capabilities.length === 0 ? null : capabilities.map(capabilityItem);
}

function capabilityItem(capability: Capability): CapabilityItem {
  switch (capability.code) {
    case 1:
      return { code: 1, name: 'multiprotocol', value: `${capability.afi}/${capability.safi}` };
    case 2:
      return { code: 2, name: 'route-refresh', value: null };
    case 6:
      return { code: 6, name: 'extended-message', value: null };
    case 64:
      return {
        code: 64,
        name: 'graceful-restart',
        value: [
          `${capability.restartTime} s`,
          ...capability.families.map(
            ({ afi, safi, forwardingPreserved }) =>
              `${afi}/${safi}${forwardingPreserved ? ' preserved' : ''}`,
          ),
        ].join(', '),
      };
    case 65:
      return { code: 65, name: 'four-octet-as', value: String(capability.asn) };
    case 70:
      return { code: 70, name: 'enhanced-route-refresh', value: null };
    default:
      return {
        code: capability.rawCode,
        name: 'unknown',
        value: Buffer.from(capability.value).toString('hex'),
      };
  }
}

type ReasonCount = NeighborItem['routes']['refused'][number];

function reasonCount(
  reason: string,
  routes: number,
  { text, cure }: { readonly text: string; readonly cure?: string | undefined },
): ReasonCount {
  return { reason, routes, text, cure: cure ?? null };
}

function refusalItems(counts: Readonly<RefusalCounts>): ReasonCount[] {
  return (Object.keys(counts) as RefusalReason[])
    .filter((reason) => counts[reason] > 0)
    .map((reason) => reasonCount(reason, counts[reason], REFUSED[reason]));
}

function refusalItem(last: Refusal | undefined): NeighborItem['routes']['lastRefused'] {
  if (!last) return null;
  const { reason, nlri, asPath, at } = last;
  return {
    reason,
    key: formatNlri(nlri),
    rd: String(nlri.rd),
    asPath: asPath.flatMap(({ asns }) => [...asns]),
    at: timeText(at) ?? '',
  };
}
