import { type Static, Type } from '@sinclair/typebox';
import type { Failure } from '../../dataplane/index.js';
import { timeText } from '../present.js';
import { Count, closed, nullable, Text, Time } from '../schema-words.js';

export const FailureSchema = Type.Object(
  {
    errno: Text('Its name, such as ENOSPC.'),
    kernel: nullable(Text("The kernel's own words, where it had some.")),
    attempts: Count('Number of consecutive refusals.'),
    at: Time('The last attempt.'),
    retryAt: Time('The next attempt, unless something changes before.'),
  },
  { $id: 'Failure', ...closed, description: 'A refusal of the kernel.' },
);

type FailureItem = Static<typeof FailureSchema>;

/** A refusal of the kernel as the API shows it. */
export function failureItem(failure: Failure | undefined): FailureItem | null {
  if (!failure) return null;
  const { name, message, attempts, at, retryAt } = failure;
  return {
    errno: name,
    kernel: message ?? null,
    attempts,
    at: timeText(at) ?? '',
    retryAt: timeText(retryAt) ?? '',
  };
}
