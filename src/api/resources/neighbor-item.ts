import { type Static, Type } from '@sinclair/typebox';
import type { NeighborError, NeighborStatus, Refusal } from '../../bgp/index.js';
import { UNUSED } from '../../evpn/index.js';
import { formatNlri, hardResetContent } from '../../wire/index.js';
import { Capability, capabilityItems } from '../parts/capability.js';
import {
  Family,
  familyItem,
  GracefulRestart,
  gracefulRestartItem,
  StaleRoutes,
  staleRoutesItem,
} from '../parts/family.js';
import { RouteCounts, routeCountsItem } from '../parts/nlri.js';
import { ReasonCountSchema, reasonCount, refusalItems } from '../parts/reason-count.js';
import { routerIdText, timeText } from '../present.js';
import type { RouteUse } from '../rooms/route-survey.js';
import { Address, Count, closed, nullable, ref, Text, Time } from '../schema-words.js';
import { BfdSchema, bfdItem } from './bfd-item.js';
import { RouterSchema, routerItem } from './router-item.js';

const MessageCounts = Type.Object(
  {
    open: Count(),
    update: Count(),
    notification: Count(),
    keepalive: Count(),
    routeRefresh: Count(),
  },
  closed,
);

const FsmStateNames = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

export const NeighborSchema = Type.Object(
  {
    name: Text(
      'What names it: its address as configured, or its interface; in a VRF with `@` and the VRF behind.',
    ),
    vrf: nullable(Text('The VRF that it is in (`vrf`).')),
    address: nullable(
      Address(
        'As configured; of a neighbor by interface the link-local address with its zone, null as long as it is not known.',
      ),
    ),
    interface: nullable(Text('The interface that it is behind (BGP unnumbered); null if it has an address.')),
    router: nullable(ref(RouterSchema)),
    description: nullable(Text()),
    peerGroup: nullable(Text('The peer group that settings of it come from.')),
    listenRange: nullable(
      Text(
        'The prefix of the listen range that it connected from; null for a neighbor that is configured itself.',
      ),
    ),
    state: Type.Union(
      FsmStateNames.map((state) => Type.Literal(state)),
      { description: 'RFC 4271 §8.2.2.' },
    ),
    established: Type.Boolean(),
    uptimeSeconds: nullable(Count('Since the session was established.')),
    localAs: Type.Integer({ minimum: 1, maximum: 4294967295 }),
    remoteAs: nullable(
      Type.Integer({
        minimum: 1,
        maximum: 4294967295,
        description: "From the neighbor's OPEN, or configured.",
      }),
    ),
    type: Type.Union([Type.Literal('internal'), Type.Literal('external')]),
    remoteRouterId: nullable(Address()),
    localAddress: nullable(Address("Our end of the session's connection.")),
    passive: Type.Boolean(),
    md5: Type.Boolean({ description: 'Whether its connections are signed by TCP MD5 (`password-file`).' }),
    ttlSecurityHops: nullable(
      Count('How many hops away it may be (`ttl-security`, RFC 5082); null if that is not checked.'),
    ),
    holdTimeSeconds: nullable(Count('Negotiated; 0 for none; null without a session.')),
    keepaliveSeconds: nullable(Count('Negotiated.')),
    sendHoldSeconds: Count(
      'The session ends when the neighbor has read nothing for so long of what waits for it (RFC 9687); 0 for never.',
    ),
    sendStalledSince: nullable(
      Time('When it stopped reading what is sent to it; null if nothing waits to be sent.'),
    ),
    capabilities: Type.Object(
      { sent: nullable(Type.Array(Capability)), received: nullable(Type.Array(Capability)) },
      closed,
    ),
    gracefulRestart: GracefulRestart(
      'Graceful restart for EVPN as the neighbor offered it in the present session (RFC 4724); null if it offered none, so that its routes are removed with the session.',
    ),
    staleRoutes: StaleRoutes(
      'EVPN routes of the previous session, kept while the neighbor restarts (RFC 4724).',
    ),
    families: Type.Array(Family, {
      description:
        'Each address family that is offered to the neighbor. `prefixes`, `routes`, `gracefulRestart` and `staleRoutes` are of L2VPN/EVPN alone, `endOfRibReceivedAt` of all families.',
    }),
    messages: Type.Object({ sent: MessageCounts, received: MessageCounts }, closed),
    prefixes: Type.Object({ received: RouteCounts, sent: RouteCounts }, closed),
    routes: Type.Object(
      {
        used: nullable(
          Count(
            'Routes of the neighbor that some VNI takes into account now; null in the answer of a command.',
          ),
        ),
        unused: Type.Array(ref(ReasonCountSchema), {
          description: 'Routes in the table that no VNI uses, by reason; /api/v1/routes?unused= lists them.',
        }),
        rejected: Count('Routes in the table that the import policy rejects.'),
        refused: Type.Array(ref(ReasonCountSchema), {
          description:
            'Announcements since the session came up that were not accepted into the table, by reason.',
        }),
        lastRefused: nullable(
          Type.Object(
            {
              reason: Text('As in `refused`.'),
              key: Text('As in /api/v1/routes.'),
              rd: Text(),
              asPath: Type.Array(Count()),
              at: Time(),
            },
            closed,
          ),
        ),
      },
      closed,
    ),
    limits: Type.Object(
      {
        routes: Count('Number of routes in the table.'),
        maxRoutes: Count('`max-routes`; 0 for no limit.'),
        attributeSets: Count('Distinct attribute sets of these routes.'),
        octets: Count('Octets of these sets.'),
        maxOctets: Count('`max-octets`; 0 for no limit.'),
        onLimit: Type.Union([Type.Literal('close'), Type.Literal('stop'), Type.Literal('warn')]),
        level: Type.Union([Type.Literal('within'), Type.Literal('near'), Type.Literal('over')], {
          description: 'near: from 80 % of a limit on, which is a problem.',
        }),
      },
      { ...closed, description: "Use of the neighbor's limits, and the limits." },
    ),
    faults: Type.Object(
      {
        attributesDiscarded: Count('RFC 7606 attribute discard.'),
        treatedAsWithdraw: Count('RFC 7606 treat-as-withdraw.'),
        unknownRouteTypes: Count('Routes skipped because their type is unknown.'),
        malformedRoutes: Count(
          'Malformed routes of types 1, 4 and 5, skipped: the others of their UPDATE were taken.',
        ),
        last: nullable(
          Type.Object(
            {
              outcome: Type.Union(
                [Type.Literal('discard'), Type.Literal('treat-as-withdraw'), Type.Literal('skip')],
                { description: 'What was done (RFC 7606 §2); skip: routes were ignored.' },
              ),
              field: Text("The attribute's name, or NLRI."),
              detail: Text('What was found, and what was expected; of several faults the first.'),
              count: Type.Integer({
                minimum: 1,
                description: 'Routes, or repetitions of the attribute, that it stands for.',
              }),
              at: Time(),
            },
            { ...closed, description: 'The last UPDATE with a fault that did not end the session.' },
          ),
        ),
      },
      closed,
    ),
    lastError: nullable(
      Type.Object(
        {
          direction: Type.Union([Type.Literal('sent'), Type.Literal('received')]),
          code: Type.Integer({ minimum: 0, maximum: 255 }),
          subcode: Type.Integer({ minimum: 0, maximum: 255 }),
          text: Text('The names of code and subcode, and of those that a Hard Reset carries.'),
          hardReset: nullable(
            Type.Object(
              {
                code: Type.Integer({ minimum: 0, maximum: 255 }),
                subcode: Type.Integer({ minimum: 0, maximum: 255 }),
              },
              { ...closed, description: 'What a Cease/Hard Reset carries (RFC 8538 §3); null otherwise.' },
            ),
          ),
          dataHex: Type.String({ pattern: '^([0-9a-f]{2})*$' }),
          at: Time(),
        },
        { ...closed, description: 'The last NOTIFICATION.' },
      ),
    ),
    lastDown: nullable(
      Type.Object(
        { reason: Text(), at: Time() },
        {
          ...closed,
          description: 'Why the last established session ended; failed attempts do not change it.',
        },
      ),
    ),
    lastFailedAttempt: nullable(
      Type.Object(
        { reason: Text(), at: Time() },
        { ...closed, description: 'Why the last attempt without a session failed.' },
      ),
    ),
    failedAttempts: Count('Attempts that failed since the last session.'),
    idleHold: nullable(
      Type.Object(
        { reason: Text('The error before it.'), until: Time() },
        {
          ...closed,
          description:
            'evpnd makes no connection to the neighbor until then (RFC 4271 §8.1.1, DampPeerOscillations); the neighbor may.',
        },
      ),
    ),
    shutdown: nullable(
      Type.Object(
        {
          message: Text('The message sent to the neighbor (RFC 9003); may be empty.'),
          since: Time(),
          by: Type.Union([Type.Literal('setting'), Type.Literal('command'), Type.Literal('limit')], {
            description:
              'setting: its `shutdown`, which no command undoes; limit: its routes were too many (`on-limit: stop`).',
          }),
        },
        { ...closed, description: 'Present while an operator keeps the neighbor shut down.' },
      ),
    ),
    bfd: nullable(ref(BfdSchema)),
    flaps: Count('How often an established session was lost.'),
    lateness: nullable(
      Type.Object(
        {
          samples: Count('How often that was measured.'),
          medianMs: Type.Number({
            description: 'Half of the times no later than this; rounded up to a bound.',
          }),
          p99Ms: Type.Number({ description: '99 of 100 times no later than this.' }),
        },
        {
          ...closed,
          description:
            'How much later than another neighbor it announces the same MACs; null where it never was.',
        },
      ),
    ),
    endOfRibReceivedAt: nullable(Time("End-of-RIB (RFC 4724) of this session's first table.")),
  },
  { $id: 'Neighbor', ...closed },
);

export type NeighborItem = Static<typeof NeighborSchema>;

/** Milliseconds beyond which nothing is told apart. */
const LATEST_MS = 10_000;

function latenessItem(lateness: NeighborStatus['lateness']): NeighborItem['lateness'] {
  if (!lateness) return null;
  const milliseconds = (share: number) => Math.min(LATEST_MS, (lateness.quantile(share) ?? 0) * 1000);
  return { samples: lateness.count, medianMs: milliseconds(0.5), p99Ms: milliseconds(0.99) };
}

/** Returns the item of a neighbor; `use`: the use of its routes, if it was counted. */
export function neighborItem(status: NeighborStatus, use: RouteUse | undefined): NeighborItem {
  const { negotiated, configuredRemoteAs, messagesIn, messagesOut, routes } = status;
  const remoteAs = status.remoteAs ?? asNumber(configuredRemoteAs, status.localAs);
  const notification = newest(status.lastNotificationSent, status.lastNotificationReceived);
  return {
    name: status.address,
    vrf: status.vrf ?? null,
    address: status.peerAddress ?? null,
    interface: status.interface ?? null,
    router: status.linkPeer ? routerItem(status.linkPeer) : null,
    description: status.description ?? null,
    peerGroup: status.peerGroup ?? null,
    listenRange: status.listenRange ?? null,
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
    md5: status.isSigned,
    ttlSecurityHops: status.ttlSecurity ?? null,
    holdTimeSeconds: negotiated?.holdTime ?? null,
    keepaliveSeconds: negotiated?.keepaliveTime ?? null,
    sendHoldSeconds: status.sendHoldTime,
    sendStalledSince: timeText(status.sendStalledSince),
    capabilities: {
      sent: capabilityItems(status.capabilitiesSent),
      received: capabilityItems(status.capabilitiesReceived),
    },
    gracefulRestart: gracefulRestartItem(negotiated?.gracefulRestart),
    staleRoutes: staleRoutesItem(status.staleRoutes),
    families: status.families.map(familyItem),
    messages: { sent: { ...messagesOut }, received: { ...messagesIn } },
    prefixes: { received: routeCountsItem(routes.accepted), sent: routeCountsItem(routes.sent) },
    routes: {
      used: use?.used ?? null,
      unused: [...(use?.unused ?? [])].map(([reason, count]) => reasonCount(reason, count, UNUSED[reason])),
      rejected: routes.rejected,
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
          hardReset: carriedItem(notification),
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
      ? {
          message: status.shutdown.message,
          since: timeText(status.shutdown.since) ?? '',
          by: status.shutdown.by,
        }
      : null,
    bfd: status.bfd ? bfdItem(status.bfd) : null,
    flaps: status.flaps,
    lateness: latenessItem(status.lateness),
    endOfRibReceivedAt: timeText(status.endOfRibAt),
  };
}

function errorItem(error: NeighborError | undefined): NeighborItem['lastDown'] {
  return error ? { reason: error.reason, at: timeText(error.time) ?? '' } : null;
}

function faultItem(last: NeighborStatus['faults']['last']): NeighborItem['faults']['last'] {
  if (!last) return null;
  const { outcome, field, detail, count, time } = last;
  return { outcome, field, detail, count, at: timeText(time) ?? '' };
}

function carriedItem(
  notification: NonNullable<NeighborStatus['lastNotificationReceived']>,
): { code: number; subcode: number } | null {
  const carried = hardResetContent(notification);
  return carried === undefined ? null : { code: carried.code, subcode: carried.subcode };
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
