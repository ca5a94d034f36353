import type { PrefixKey } from '../types/index.js';
import { RTPROT_EVPND } from './ownership.js';
import type { NexthopRow, RouteRow } from './rows.js';

/** What went, or was changed, with a nexthop. */
export interface LostRows {
  /** Nexthops and groups that are gone, and groups that have fewer members. */
  readonly nexthops: readonly number[];
  readonly routes: readonly RouteRow[];
}

const NOTHING_LOST: LostRows = { nexthops: [], routes: [] };

/**
 * What the kernel holds of nexthops, whoever's they are, and of routes with our protocol, as far as it has reported; and what
 * follows for it from the end of a nexthop, which it does not report.
 */
export class RouteRows {
  readonly #nexthops = new Map<number, NexthopRow>();
  /** By routing table and metric. */
  readonly #places = new Map<string, Map<PrefixKey, RouteRow>>();

  /** The nexthop or group of that id. */
  nexthop(id: number): NexthopRow | undefined {
    return this.#nexthops.get(id);
  }

  nexthops(): Iterable<NexthopRow> {
    return this.#nexthops.values();
  }

  /** The route of ours. */
  route(tableId: number, metric: number, prefix: PrefixKey): RouteRow | undefined {
    return this.#places.get(placeKey(tableId, metric))?.get(prefix);
  }

  /** Our routes of that table and metric. */
  routesAt(tableId: number, metric: number): Iterable<RouteRow> {
    return this.#places.get(placeKey(tableId, metric))?.values() ?? [];
  }

  /** All our routes. */
  *routes(): Iterable<RouteRow> {
    for (const rows of this.#places.values()) yield* rows.values();
  }

  /** Stores the nexthop; false where nothing changed. */
  putNexthop(row: NexthopRow): boolean {
    const before = this.#nexthops.get(row.id);
    if (before && sameNexthop(before, row)) return false;
    this.#nexthops.set(row.id, row);
    return true;
  }

  /**
   * Forgets the nexthop or group, and what goes with it in the kernel: it is taken out of groups, of which one goes that is
   * empty then, and routes go whose nexthop is gone (net/ipv4/nexthop.c __remove_nexthop).
   */
  dropNexthop(id: number): LostRows {
    if (!this.#nexthops.has(id)) return NOTHING_LOST;
    const nexthops: number[] = [];
    const gone = new Set<number>();
    this.#remove(id, nexthops, gone);
    const routes: RouteRow[] = [];
    for (const row of this.routes()) if (gone.has(row.nexthopId)) routes.push(row);
    for (const row of routes) this.dropRoute(row);
    return { nexthops, routes };
  }

  #remove(id: number, changed: number[], gone: Set<number>): void {
    this.#nexthops.delete(id);
    changed.push(id);
    gone.add(id);
    for (const group of [...this.#nexthops.values()]) {
      if (!group.members?.includes(id)) continue;
      const members = group.members.filter((member) => member !== id);
      if (members.length === 0) this.#remove(group.id, changed, gone);
      else {
        this.#nexthops.set(group.id, { ...group, members });
        changed.push(group.id);
      }
    }
  }

  /** Forgets the nexthops of a device that is gone, down or without carrier (net/ipv4/nexthop.c nh_netdev_event). */
  dropDevice(ifindex: number): LostRows {
    const ids: number[] = [];
    for (const row of this.#nexthops.values()) if (row.ifindex === ifindex) ids.push(row.id);
    if (ids.length === 0) return NOTHING_LOST;
    const nexthops: number[] = [];
    const routes: RouteRow[] = [];
    for (const id of ids) {
      const lost = this.dropNexthop(id);
      nexthops.push(...lost.nexthops);
      for (const row of lost.routes) routes.push(row);
    }
    return { nexthops, routes };
  }

  /** Stores a route of ours; false where nothing changed. */
  putRoute(row: RouteRow): boolean {
    if (row.protocol !== RTPROT_EVPND) return false;
    const key = placeKey(row.tableId, row.metric);
    let rows = this.#places.get(key);
    if (!rows) {
      rows = new Map();
      this.#places.set(key, rows);
    }
    if (rows.get(row.prefix)?.nexthopId === row.nexthopId) return false;
    rows.set(row.prefix, row);
    return true;
  }

  /** Forgets a route of ours; false where there was none. */
  dropRoute({ tableId, metric, prefix }: Pick<RouteRow, 'tableId' | 'metric' | 'prefix'>): boolean {
    const key = placeKey(tableId, metric);
    const rows = this.#places.get(key);
    if (!rows?.delete(prefix)) return false;
    if (rows.size === 0) this.#places.delete(key);
    return true;
  }
}

function placeKey(tableId: number, metric: number): string {
  return `${tableId} ${metric}`;
}

function sameNexthop(a: NexthopRow, b: NexthopRow): boolean {
  return (
    a.protocol === b.protocol &&
    a.ifindex === b.ifindex &&
    a.gateway === b.gateway &&
    sameMembers(a.members, b.members)
  );
}

/** True where both have the same members. */
export function sameMembers(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
