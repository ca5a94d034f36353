import { type Static, Type } from '@sinclair/typebox';
import { REFUSED, type RefusalCounts, type RefusalReason } from '../../bgp/index.js';
import { Count, closed, nullable, Text } from '../schema-words.js';

export const ReasonCountSchema = Type.Object(
  {
    reason: Text('Its name.'),
    routes: Count(),
    text: Text('What it means.'),
    cure: nullable(Text('What an operator can do; null if nothing needs to be done.')),
  },
  { $id: 'ReasonCount', ...closed },
);

export type ReasonCount = Static<typeof ReasonCountSchema>;

/** Returns the count of a reason as an item. */
export function reasonCount(
  reason: string,
  routes: number,
  { text, cure }: { readonly text: string; readonly cure?: string | undefined },
): ReasonCount {
  return { reason, routes, text, cure: cure ?? null };
}

/** Returns the refusals that there were as items. */
export function refusalItems(counts: Readonly<RefusalCounts>): ReasonCount[] {
  return (Object.keys(counts) as RefusalReason[])
    .filter((reason) => counts[reason] > 0)
    .map((reason) => reasonCount(reason, counts[reason], REFUSED[reason]));
}
