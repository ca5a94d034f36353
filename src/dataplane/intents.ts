import type { Ip, Mac } from '../types/index.js';

/** Why the kernel does not hold what is wanted. */
export interface Failure {
  readonly errno: number;
  readonly name: string;
  /** The kernel's extended-ack text, where it gave one. */
  readonly message: string | undefined;
  readonly attempts: number;
  /** Clock.wallTime() of the last attempt. */
  readonly at: number;
  /** Clock.wallTime() before which it is not tried again, unless something changes. */
  readonly retryAt: number;
}

interface Intent {
  /** The kernel was seen to hold it; when it no longer does, somebody else changed it. */
  settled: boolean;
  failure: Failure | undefined;
}

/** A remote MAC: a bridge row to the VXLAN device and a vxlan row to the VTEP. */
export interface MacIntent extends Readonly<Intent> {
  readonly vtep: Ip;
  /** No frame may move it: sticky, a default gateway's, immutable, or frozen there. */
  readonly pinned: boolean;
  /** The epoch of the local row that this route has beaten and may overwrite; 0 when it may overwrite none. */
  readonly overEpoch: number;
}

/** A default destination (all-zero MAC). */
export type FloodIntent = Intent;

/** A remote neighbour on the SVI. */
export interface NeighIntent extends Readonly<Intent> {
  readonly mac: Mac;
  readonly router: boolean;
  /** The epoch of the local neighbour that this route has beaten and may overwrite; 0 when it may overwrite none. */
  readonly overEpoch: number;
}
