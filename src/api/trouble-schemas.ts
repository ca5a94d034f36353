import { type Static, Type } from '@sinclair/typebox';
import { Address, Count, closed, MacText, nullable, ref, Text, Time, VniNumber } from './schema-words.js';

/** The shapes of what is not as it should be: rows that differ, addresses that are in two places. */
const literals = <Value extends string>(values: readonly Value[], description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { description },
  );

export const FailureSchema = Type.Object(
  {
    errno: Text('Its name, such as ENOSPC.'),
    kernel: nullable(Text("The kernel's own words, where it had some.")),
    attempts: Count('Refusals in a row.'),
    at: Time('The last attempt.'),
    retryAt: Time('The next one, unless something changes before.'),
  },
  { $id: 'Failure', ...closed, description: 'A refusal of the kernel.' },
);

export const DriftSchema = Type.Object(
  {
    id: Count('Grows with every drift.'),
    vni: VniNumber(),
    table: literals(
      ['mac', 'flood', 'neigh'] as const,
      'mac: the rows of a remote MAC; flood: a default destination; neigh: a neighbor on the SVI.',
    ),
    mac: nullable(MacText('Where the table is mac.')),
    ip: nullable(Address("The VTEP's where the table is flood, the host's where it is neigh.")),
    cause: literals(
      ['foreign-change', 'refused', 'stray', 'blocked'] as const,
      'foreign-change: somebody changed or removed a row of evpnd; refused: the kernel takes no such row; stray: a row ' +
        'with the mark of evpnd that nobody wants; blocked: a row that is not for evpnd to overwrite is in the way.',
    ),
    since: Time('When it was found.'),
    found: Text('The rows as they were found.'),
    wanted: Text('The rows as they should be.'),
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
      'What was done; queued, retrying and left-alone are of those that stand.',
    ),
    mend: nullable(Text('Where a row is in the way, the command that deletes it.')),
    failure: nullable(ref(FailureSchema)),
    mendedAt: nullable(Time('When the kernel was as wanted again; null while it is not.')),
  },
  { $id: 'Drift', ...closed },
);

export const PendingWriteSchema = Type.Object(
  {
    vni: VniNumber(),
    table: literals(
      ['mac', 'flood', 'neigh'] as const,
      'mac: the rows of a remote MAC; flood: a default destination; neigh: a neighbor on the SVI.',
    ),
    mac: nullable(MacText('Where the table is mac.')),
    ip: nullable(Address("The VTEP's where the table is flood, the host's where it is neigh.")),
    writes: Type.Array(Text('Verb and kernel table; the manual explains the words.'), {
      description: 'The operations, in their order, equal ones once.',
    }),
    found: Text('The rows as they are.'),
    wanted: Text('The rows as they should be.'),
  },
  { $id: 'PendingWrite', ...closed },
);

export const DuplicateSchema = Type.Object(
  {
    vni: VniNumber(),
    mac: nullable(MacText('Exactly one of mac and ip is there.')),
    ip: nullable(Address()),
    since: Time(),
    frozen: Type.Boolean({ description: 'No other leaf gets it.' }),
    moves: Count('Moves within the window when it was found.'),
    places: Type.Array(
      Type.Object(
        {
          device: nullable(Text('The port of this leaf; null where its name is not known.')),
          vtep: nullable(Address('The remote leaf; null for this one.')),
        },
        closed,
      ),
      { description: 'The two places that it moved between last, the later one second.' },
    ),
  },
  { $id: 'Duplicate', ...closed },
);

export const ClearedSchema = Type.Object(
  { cleared: Count('Duplicates that were cleared.') },
  { $id: 'Cleared', ...closed },
);

const Milliseconds = (description: string) => Type.Number({ minimum: 0, description });

export const EventLoopSchema = Type.Object(
  {
    since: Time('When the watch began: at the first request after a minute without one.'),
    samples: Count('Looks since then, one every two milliseconds where the loop turns freely.'),
    delays: nullable(
      Type.Object(
        {
          p50Ms: Milliseconds('Half of the time between two looks is no longer.'),
          p99Ms: Milliseconds('99 of 100 are no longer.'),
          p999Ms: Milliseconds('999 of 1,000 are no longer.'),
          longestMs: Milliseconds('The longest of all.'),
        },
        { ...closed, description: 'null before the first look.' },
      ),
    ),
  },
  { $id: 'EventLoop', ...closed },
);

export type EventLoopItem = Static<typeof EventLoopSchema>;
export type FailureItem = Static<typeof FailureSchema>;
export type DriftItem = Static<typeof DriftSchema>;
export type PendingWriteItem = Static<typeof PendingWriteSchema>;
export type DuplicateItem = Static<typeof DuplicateSchema>;
