import type { RouteRows } from '../route-rows.js';
import type { OwnerPlace } from './owned-table.js';

/** Of which routing table, and with which metric, the routes of an owner are. */
export interface RoutesPosition {
  readonly tableId: number;
  readonly metric: number;
}

/** Where the rows of a routing table's owner stand, and what stands there. */
export interface RoutesPlace extends OwnerPlace {
  readonly at: RoutesPosition;
  readonly rows: RouteRows;
  /** The nexthop or group of that id is the owner's. */
  ownsNexthop(id: number): boolean;
}
