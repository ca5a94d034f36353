import { EVENT_KINDS } from '../../../src/events/index.js';

/** The table of the manual: every kind of event. */
export function eventReference(): string {
  return [
    '| `kind` | meaning |',
    '|---|---|',
    ...Object.entries(EVENT_KINDS).map(([kind, { meaning }]) => `| \`${kind}\` | ${meaning} |`),
  ].join('\n');
}
