/**
 * Switch ASICs that forward for the kernel (switchdev): which VNIs have one, what it took of our rows, and what follows where
 * it did not take them. The kernel hands what we install to the driver by itself; this room looks at what became of it.
 *
 * Supports drivers that take bridge and VXLAN FDB rows. Nothing here runs where no bridge with a VNI has a port of a
 * switch.
 */
export * from './hardware-watch.js';
export type { RouteCounts, RouteOffload, RouteOffloadState } from './route-offloads.js';
export type { OffloadCounts, RowsInHardware } from './vni-offload.js';
