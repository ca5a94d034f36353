import type { Row, Rows } from './setting.js';
import { SETTINGS } from './settings.js';
import type { Path } from './source.js';

/**
 * A valid value in place of one that a finding was made of, so that the rest of the file can be judged in the same pass:
 * another for each list index; undefined where the place may be left out.
 */
export function standInFor(path: Path): unknown {
  const index = Number(path.findLast((step) => typeof step === 'number') ?? 0);
  return within(SETTINGS, path, index);
}

function within(rows: Rows, [key, ...rest]: Path, index: number): unknown {
  const row: Row | undefined = rows[key];
  switch (row?.kind) {
    case 'setting':
      return rest.length === 0 ? row.standIn?.(index) : row.itemStandIn?.(index);
    case 'section':
      return rest.length === 0 ? undefined : within(row.rows, rest, index);
    case 'list':
      if (rest.length === 0) return row.isRequired ? [] : undefined;
      return rest.length === 1 ? itemOf(row.rows, index) : within(row.rows, rest.slice(1), index);
  }
}

/** An item with what it must have. */
function itemOf(rows: Rows, index: number): object {
  const required = Object.entries(rows).filter(([, row]) => row.kind === 'setting' && row.isRequired);
  return Object.fromEntries(required.map(([key]) => [key, within(rows, [key], index)]));
}

/** `neighbors[].address`: without what distinguishes items. */
export function generalPath(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? '[]' : i === 0 ? step : `.${step}`)).join('');
}
