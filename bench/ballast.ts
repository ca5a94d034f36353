/**
 * Rows of a VXLAN device that has no part in any measurement: they use up what earlier runs left in the kernel's
 * allocator of per-CPU memory, so that all runs begin alike.
 *
 * A row of a VXLAN device owns a piece of per-CPU memory (`dst_cache_init` in drivers/net/vxlan/vxlan_core.c). It is
 * asked for under a lock, so that only pages that are there can serve (mm/percpu.c). When a table goes, up to a megabyte
 * of such pages stays, and it is chance whether in the chunk that the kernel looks at first. Where it is not, each row
 * first looks through that chunk in vain, 7 µs long, until those pages are spent: the same 100,000 rows took the kernel
 * alone 340 or 500 ms, FRR and evpnd as much longer.
 */
import type { Batch } from '../lab/kernel-setup.js';
import { formatMac, type Mac } from '../src/types/index.js';

const DEVICE = 'ballast';
/** More rows than a chunk's left pages hold, 21,800, and those that others left too. */
const ROWS = 50_000;

const FIRST_MAC = 0x02_77_00_00_00_00;

const rowAt = (i: number): string =>
  `fdb append ${formatMac((FIRST_MAC + i) as Mac)} dev ${DEVICE} dst 10.9.9.9 self`;

let rows: string[] | undefined;

/** What makes the device with its rows, on a node where nobody measures. */
export function loadBallast(): Batch {
  rows ??= Array.from({ length: ROWS }, (_, i) => rowAt(i));
  return { ip: [`link add ${DEVICE} type vxlan id 7 dstport 4789 nolearning`], bridge: rows };
}

/** What removes it. */
export const DROP_BALLAST: Batch = { ip: [`link del ${DEVICE}`], bridge: [] };
