import type { PrefixKey } from '../types/index.js';
import { NexthopRows } from './nexthop-rows.js';
import { RTPROT_EVPND } from './ownership.js';
import { RouteCounts } from './route-counts.js';
import { RoutePlace } from './route-place.js';
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
  readonly #nexthops = new NexthopRows();
  /** Of all routing tables and metrics: there are few. */
  readonly #places: RoutePlace[] = [];
  readonly #counts = new RouteCounts();
  /** The place that was asked for last. */
  #latest: RoutePlace | undefined;

  /** The nexthop or group of that id. */
  nexthop(id: number): NexthopRow | undefined {
    return this.#nexthops.get(id);
  }

  get nexthopCount(): number {
    return this.#nexthops.size;
  }

  nexthops(): Iterable<NexthopRow> {
    return this.#nexthops.values();
  }

  /** The route of ours. */
  route(tableId: number, metric: number, prefix: PrefixKey): RouteRow | undefined {
    const nexthopId = this.nexthopOfRoute(tableId, metric, prefix);
    return nexthopId === undefined ? undefined : this.#placeOf(tableId, metric)?.rowOf(prefix, nexthopId);
  }

  /** The id of the nexthop that the route of ours leads to; undefined where there is no such route. */
  nexthopOfRoute(tableId: number, metric: number, prefix: PrefixKey): number | undefined {
    return this.#placeOf(tableId, metric)?.nexthopOf(prefix);
  }

  /** The prefixes of our routes of that table and metric; none may come or go meanwhile. */
  prefixesAt(tableId: number, metric: number): Iterable<PrefixKey> {
    return this.#placeOf(tableId, metric)?.prefixes() ?? [];
  }

  /** How many routes of ours there are. */
  get routeCount(): number {
    return this.#places.reduce((sum, { size }) => sum + size, 0);
  }

  /** All our routes; none may come or go meanwhile. */
  *routes(): Iterable<RouteRow> {
    for (const place of this.#places) yield* place.rows();
  }

  /** Those of tables and metrics that are nobody's. */
  *routesElsewhere(
    isTaken: (place: { readonly tableId: number; readonly metric: number }) => boolean,
  ): Iterable<RouteRow> {
    for (const place of this.#places) if (!isTaken(place)) yield* place.rows();
  }

  /** Stores the nexthop; false where nothing changed. */
  putNexthop(row: NexthopRow): boolean {
    const before = this.#nexthops.get(row.id);
    if (before && sameNexthop(before, row)) return false;
    this.#nexthops.put(row);
    return true;
  }

  /**
   * Forgets the nexthop or group, and what goes with it in the kernel: it is taken out of groups, of which one goes that is
   * empty then, and routes go whose nexthop is gone (net/ipv4/nexthop.c __remove_nexthop).
   */
  dropNexthop(id: number): LostRows {
    if (!this.#nexthops.get(id)) return NOTHING_LOST;
    const nexthops: number[] = [];
    const gone = new Set<number>();
    this.#remove(id, nexthops, gone);
    const routes: RouteRow[] = [];
    // Mostly none does: ours are removed when nothing leads to them, and a walk is as long as all tables
    if (![...gone].some((each) => this.#counts.leadsTo(each))) return { nexthops, routes };
    for (const place of this.#places)
      for (const row of place.rows()) if (gone.has(row.nexthopId)) routes.push(row);
    for (const row of routes) this.dropRoute(row);
    return { nexthops, routes };
  }

  /** The nexthops on the device. */
  *nexthopsOn(ifindex: number): Iterable<NexthopRow> {
    for (const id of this.#nexthops.onDevice(ifindex)) {
      const row = this.#nexthops.get(id);
      if (row) yield row;
    }
  }

  /** The groups that have the nexthop as a member. */
  *groupsOf(member: number): Iterable<NexthopRow> {
    for (const id of this.#nexthops.groupsOf(member)) {
      const row = this.#nexthops.get(id);
      if (row) yield row;
    }
  }

  #remove(id: number, changed: number[], gone: Set<number>): void {
    this.#nexthops.delete(id);
    changed.push(id);
    gone.add(id);
    for (const group of [...this.groupsOf(id)]) {
      const members = group.members?.filter((member) => member !== id) ?? [];
      if (members.length === 0) this.#remove(group.id, changed, gone);
      else {
        this.#nexthops.put({ ...group, members });
        changed.push(group.id);
      }
    }
  }

  /** Forgets the nexthops of a device that is gone, down or without carrier (net/ipv4/nexthop.c nh_netdev_event). */
  dropDevice(ifindex: number): LostRows {
    const ids = [...this.#nexthops.onDevice(ifindex)];
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
    return row.protocol === RTPROT_EVPND && this.putOurs(row);
  }

  /** Stores a route that is known to be ours; false where nothing changed. */
  putOurs({ tableId, metric, prefix, nexthopId }: Omit<RouteRow, 'protocol'>): boolean {
    let place = this.#placeOf(tableId, metric);
    if (!place) {
      place = new RoutePlace(tableId, metric, this.#counts);
      this.#places.push(place);
    }
    return place.put(prefix, nexthopId);
  }

  /** Forgets a route of ours; false where there was none. */
  dropRoute({ tableId, metric, prefix }: Pick<RouteRow, 'tableId' | 'metric' | 'prefix'>): boolean {
    return this.#placeOf(tableId, metric)?.delete(prefix) ?? false;
  }

  #placeOf(tableId: number, metric: number): RoutePlace | undefined {
    const latest = this.#latest;
    if (latest?.tableId === tableId && latest.metric === metric) return latest;
    for (const place of this.#places)
      if (place.tableId === tableId && place.metric === metric) {
        this.#latest = place;
        return place;
      }
    return undefined;
  }
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
