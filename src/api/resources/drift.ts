import { type Static, Type } from '@sinclair/typebox';
import { type Drift, type DriftLog, vniOf } from '../../dataplane/index.js';
import type { Vni } from '../../types/index.js';
import { numberOrder } from '../orders.js';
import { type KeyOrder, type Pages, pagesByKey } from '../paging.js';
import { PageQuery, vniFilter } from '../parameters.js';
import { FailureSchema, failureItem } from '../parts/failure.js';
import { PlaneKeyProperties, planeKeyItem } from '../parts/plane-key.js';
import { timeText } from '../present.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import { Count, closed, literals, nullable, ref, Text, Time } from '../schema-words.js';

export const DriftSchema = Type.Object(
  {
    id: Count('Grows with every drift.'),
    ...PlaneKeyProperties,
    cause: literals(
      ['foreign-change', 'refused', 'stray', 'blocked'] as const,
      'foreign-change: another program changed or removed a row of evpnd; refused: the kernel refused the row; stray: a row ' +
        'with the mark of evpnd that no route needs; blocked: a row that evpnd must not overwrite is in the way.',
    ),
    since: Time('When it was detected.'),
    found: Text('The rows that were found.'),
    wanted: Text('The wanted rows.'),
    action: literals(
      [
        'queued',
        'retrying',
        'left-alone',
        'rewritten',
        'removed',
        'restored-by-another',
        'no-longer-wanted',
        'device-gone',
      ] as const,
      'What was done; queued, retrying and left-alone are of open drifts.',
    ),
    fix: nullable(Text('If a row is in the way, the command that deletes it.')),
    failure: nullable(ref(FailureSchema)),
    resolvedAt: nullable(Time('When it was resolved; null if it is open.')),
  },
  { $id: 'Drift', ...closed },
);

export type DriftItem = Static<typeof DriftSchema>;

const DriftQuery = Type.Object(
  {
    ...PageQuery.properties,
    vni: vniFilter('Only of this VNI.'),
    open: Type.Optional(
      Type.Boolean({
        description: 'true: only open ones; false: only resolved ones.',
        allowed: 'true or false',
      }),
    ),
  },
  closed,
);

/** Which differences; an undefined field does not restrict. */
export interface DriftFilter {
  readonly vni: Vni | undefined;
  /** true: only open ones; false: only resolved ones. */
  readonly open: boolean | undefined;
}

interface DriftReads {
  /** The latest first. */
  drifts(filter: DriftFilter): Pages<DriftItem>;
}

/** Rows that differed from what is wanted. */
export const drift: Resource<DriftReads> = {
  schemas: [FailureSchema, DriftSchema],
  endpoints: [
    {
      path: '/drift',
      summary:
        'Differences between wanted and actual rows, the open ones and the last resolved ones, newest first',
      query: DriftQuery,
      answer: listOf('Drift'),
      problems: [400],
      handle: (model, { query }, turns) => {
        const { vni, open } = query as Static<typeof DriftQuery>;
        return pageOf(model.drifts({ vni: vni as Vni | undefined, open }), query, turns);
      },
    },
  ],
  reads: ({ dataPlane }) => ({ drifts: (filter) => driftPages(dataPlane.drift, filter) }),
};

/** A drift as the API shows it. */
export function driftItem(drift: Drift): DriftItem {
  return {
    id: drift.id,
    ...planeKeyItem(vniOf(drift.owner), drift.which),
    cause: drift.cause,
    since: timeText(drift.since) ?? '',
    found: drift.found,
    wanted: drift.wanted,
    action: drift.action,
    fix: drift.fix ?? null,
    failure: failureItem(drift.failure),
    resolvedAt: timeText(drift.resolvedAt),
  };
}

/** The latest first. */
const newestFirst: KeyOrder<number> = { ...numberOrder, compare: (a, b) => b - a };

function driftPages(log: DriftLog, { vni, open }: DriftFilter): Pages<DriftItem> {
  const all = vni === undefined && open === undefined;
  return pagesByKey({
    total: all ? log.size : null,
    rows: () => log.drifts(),
    where: (drift) =>
      (vni === undefined || vniOf(drift.owner) === vni) &&
      (open === undefined || open === (drift.resolvedAt === undefined)),
    key: (drift) => drift.id,
    order: newestFirst,
    item: driftItem,
  });
}
