import { counted } from './types/index.js';

/**
 * Returns the result of the first synchronization, for the log. `removed`: MACs, IPs and VTEPs of which an earlier
 * process left rows and that have not been announced since.
 */
export function sweepText(removed: number, observes: boolean): string {
  const done = 'the first synchronization is done';
  if (removed === 0) return `${done}: no rows were left over`;
  const rows = `rows of ${counted(removed, 'address', 'addresses')} that nobody announced again`;
  return observes ? `${done}: ${rows} would be removed in mode active` : `${done}: ${rows} are being removed`;
}
