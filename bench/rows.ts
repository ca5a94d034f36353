/** The benchmarks, a row of the table each. */
import type { Row } from './row.js';
import { ATTACK_ROWS } from './rows-attacks.js';
import { BULK_ROWS } from './rows-bulk.js';
import { FLAT_ROWS } from './rows-flat.js';
import { LIFECYCLE_ROWS } from './rows-lifecycle.js';
import { MOVE_ROWS } from './rows-moves.js';
import { SCALE_ROWS } from './rows-scale.js';
import { SHAPE_ROWS } from './rows-shapes.js';
import { START_ROWS } from './rows-start.js';
import { UNDERLAY_ROWS } from './rows-underlay.js';
import { VRF_ROWS } from './rows-vrfs.js';

export const ROWS: readonly Row[] = [
  ...BULK_ROWS,
  ...SHAPE_ROWS,
  ...MOVE_ROWS,
  ...LIFECYCLE_ROWS,
  ...START_ROWS,
  ...UNDERLAY_ROWS,
  ...VRF_ROWS,
  ...SCALE_ROWS,
  ...ATTACK_ROWS,
  ...FLAT_ROWS,
];

/** The rows of a name, which a row, a family or a group of rows has; none where there is no such name. */
export function rowsNamed(name: string): readonly Row[] {
  return ROWS.filter((row) => row.name === name || row.family === name || row.group === name);
}
