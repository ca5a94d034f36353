/** What the looks at a switch ASIC cost: at rest they are half a minute apart. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PAUSE_FACTOR, PENDING_MS, REST_MS } from '../src/hardware/hardware-watch.js';
import { median } from './measure.js';

/** Each is a row of the bridge and one of the VXLAN device. */
const MACS = 50_000;

/** Processor time of one look at 50,000 remote MACs, and what part of a processor that is at rest and while rows are pending. */
export function offloadPoll(): Readonly<Record<string, number>> {
  const file = fileURLToPath(new URL('./offload-poll-process.js', import.meta.url));
  const output = execFileSync('unshare', ['--net', process.execPath, file, String(MACS)], {
    encoding: 'utf8',
  });
  const lookMs = median(JSON.parse(output) as number[]);
  return {
    macs: MACS,
    lookMs,
    restPercent: (100 * lookMs) / REST_MS,
    pendingPercent: (100 * lookMs) / Math.max(PENDING_MS, lookMs * (1 + PAUSE_FACTOR)),
  };
}
