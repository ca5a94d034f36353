import { type Static, Type } from '@sinclair/typebox';
import type { FamilyStatus } from '../../bgp/index.js';
import { timeText } from '../present.js';
import { Count, closed, nullable, ref, Text, Time } from '../schema-words.js';
import { ReasonCountSchema, refusalItems } from './reason-count.js';

/* What a session has of an address family, as the API shows it. */

export const GracefulRestart = (description: string) =>
  nullable(
    Type.Object(
      {
        restartTimeSeconds: Count('Seconds for which its routes are kept after the session.'),
        forwardingPreserved: Type.Boolean({ description: 'The F bit, of its last restart.' }),
        notification: Type.Boolean({
          description: 'Routes are kept over a NOTIFICATION too: both sides have the N bit (RFC 8538).',
        }),
        longLivedSeconds: Count(
          'Seconds for which its routes are kept after that, as the last resort (RFC 9494); 0 if either side does not.',
        ),
      },
      { ...closed, description },
    ),
  );

export const StaleRoutes = (description: string) =>
  nullable(
    Type.Object(
      {
        count: Count('Number of routes that it has not announced again.'),
        until: Time('When they are removed at the latest; earlier with its End-of-RIB.'),
        longLived: Type.Boolean({
          description:
            'Its restart time is over, or it has gone again before its End-of-RIB: they are chosen where there is no other alone (RFC 9494); what it has told since has a restart time of its own.',
        }),
      },
      { ...closed, description },
    ),
  );

export const Family = Type.Object(
  {
    name: Text('Such as L2VPN/EVPN.'),
    afi: Count('RFC 4760 §2.'),
    safi: Count(),
    negotiated: Type.Boolean({ description: 'The present session has it.' }),
    received: Count('Number of routes of the neighbor in the table.'),
    rejected: Count('Those of them that the import policy rejects.'),
    refused: Type.Array(ref(ReasonCountSchema), {
      description:
        'Announcements since the session came up that were not accepted into the table, by reason.',
    }),
    maxRoutes: nullable(Count('`max-family-routes` of the family; null for no limit of its own.')),
    sent: Count('Number of routes that the neighbor has been sent.'),
    gracefulRestart: GracefulRestart('As the neighbor offered it for the family; null if it did not.'),
    staleRoutes: StaleRoutes('Routes of the previous session, kept while the neighbor restarts.'),
    endOfRibReceivedAt: nullable(Time("End-of-RIB of this session's first table.")),
  },
  closed,
);

/** Returns the offer as an item. */
export function gracefulRestartItem(
  restart: FamilyStatus['gracefulRestart'],
): Static<ReturnType<typeof GracefulRestart>> {
  return restart
    ? {
        restartTimeSeconds: restart.restartTime,
        forwardingPreserved: restart.forwardingPreserved,
        notification: restart.outlivesNotification,
        longLivedSeconds: restart.longLivedStaleTime,
      }
    : null;
}

/** Returns the stale routes as an item. */
export function staleRoutesItem(stale: FamilyStatus['staleRoutes']): Static<ReturnType<typeof StaleRoutes>> {
  return stale
    ? { count: stale.count, until: timeText(stale.until) ?? '', longLived: stale.isLongLived }
    : null;
}

/** Returns a family as an item. */
export function familyItem(status: FamilyStatus): Static<typeof Family> {
  const { name, afi, safi } = status.family;
  return {
    name,
    afi,
    safi,
    negotiated: status.isNegotiated,
    received: status.received,
    rejected: status.rejected,
    refused: refusalItems(status.refused),
    maxRoutes: status.maxRoutes ?? null,
    sent: status.sent,
    gracefulRestart: gracefulRestartItem(status.gracefulRestart),
    staleRoutes: staleRoutesItem(status.staleRoutes),
    endOfRibReceivedAt: timeText(status.endOfRibAt),
  };
}
