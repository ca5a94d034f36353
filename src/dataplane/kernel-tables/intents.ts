import type { Ip, Mac } from '../../types/index.js';
import type { MacDestination } from './destination.js';

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

/** What is wanted of a key, and how far it got. */
export interface Intent {
  /** The kernel was seen to hold it; when it no longer does, somebody else changed it. */
  readonly settled: boolean;
  readonly failure: Failure | undefined;
}

/** A remote MAC: a bridge row to the VXLAN device, and a vxlan row to the destination. */
export interface MacIntent extends Intent {
  readonly to: MacDestination;
  /** No frame may move it: sticky, a default gateway's, immutable, or frozen there. */
  readonly pinned: boolean;
  /** The epoch of the local row that this route has beaten and may overwrite; 0 when it may overwrite none. */
  readonly overEpoch: number;
}

/** A default destination (all-zero MAC). */
export type FloodIntent = Intent;

/** A remote neighbor on the SVI. */
export interface NeighIntent extends Intent {
  readonly mac: Mac;
  readonly router: boolean;
  /** The epoch of the local neighbor that this route has beaten and may overwrite; 0 when it may overwrite none. */
  readonly overEpoch: number;
}

/** A nexthop: a neighbor on a device, or with an unspecified gateway the device alone. */
export interface NexthopIntent extends Intent {
  readonly ifindex: number;
  readonly gateway: Ip;
  readonly isOnlink?: boolean;
}

/** A group of nexthops, over which traffic is spread evenly. */
export interface NexthopGroupIntent extends Intent {
  /** Ids of the nexthops, ascending. */
  readonly members: readonly number[];
}

/** A route. */
export interface RouteIntent extends Intent {
  /** Id of the group that its traffic goes to. */
  readonly nexthopId: number;
}

/** What one owner wants of one table. */
export interface Intents<Key, Want extends Intent = Intent> {
  readonly size: number;
  has(key: Key): boolean;
  /** A copy of what is wanted of the key, if anything is. */
  get(key: Key): Want | undefined;
  /** The same without a copy, for a look at once: the next call of anything here may make another of it. */
  peek(key: Key): Want | undefined;
  /** Every key. None must come or go meanwhile. */
  keys(): Iterable<Key>;
  clear(): void;
  /** Notes whether the kernel holds the key's rows as they are wanted. */
  settle(key: Key, settled: boolean): void;
  /** Notes how the last attempt failed; undefined where it did not. */
  fail(key: Key, failure: Failure | undefined): void;
}
