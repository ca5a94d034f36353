import type { Rows } from '../config/setting.js';
import { SETTINGS } from '../config/settings.js';

/** The content with its keys in the manual's order. */
export function ordered(
  content: Readonly<Record<string, unknown>>,
  rows: Rows = SETTINGS,
): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const [key, row] of Object.entries(rows)) {
    const value = content[key];
    if (value === undefined) continue;
    if (row.kind === 'section') entries.push([key, ordered(value as Record<string, unknown>, row.rows)]);
    else if (row.kind === 'list')
      entries.push([
        key,
        (value as readonly Record<string, unknown>[]).map((item) => ordered(item, row.rows)),
      ]);
    else entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}
