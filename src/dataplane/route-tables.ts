import { KernelRoutes } from './kernel-routes.js';
import type { PlaneKey } from './kernel-tables/key.js';
import type { RoutesPosition } from './kernel-tables/routes-place.js';
import { NexthopBook } from './nexthop-book.js';
import type { OtherTables } from './other-tables.js';
import { RTPROT_EVPND } from './ownership.js';
import type { Rechecks } from './rechecks.js';
import type { LostRows, RouteRows } from './route-rows.js';
import { RoutesPlane } from './routes-plane.js';
import type { NexthopRow, RouteRow } from './rows.js';

/** Of no routing table: its owner has what nobody else wants. */
const NO_TABLE: RoutesPosition = { tableId: 0, metric: 0 };

/**
 * The routing tables that evpnd writes, and what is heard of them: one with the underlay's routes, and one of each VRF, where routes to
 * other leaves and those of its neighbors have a metric each.
 */
export class RouteTables {
  readonly rows: RouteRows;
  readonly #others: OtherTables;
  readonly #book: NexthopBook<RoutesPlane>;
  readonly #planes: RoutesPlane[] = [];
  /** The one that a route was heard of last: the next is mostly of the same. */
  #latest: RoutesPlane | undefined;
  readonly #heir: KernelRoutes;

  /** `first`: of the underlay, where it is on. */
  constructor(
    { routes, others }: { readonly routes: RouteRows; readonly others: OtherTables },
    readonly rechecks: Rechecks,
    first: RoutesPosition = NO_TABLE,
  ) {
    this.rows = routes;
    this.#others = others;
    this.#book = new NexthopBook(routes);
    this.#heir = this.give(first);
    this.#book.heir = this.#heir.plane;
  }

  /** The routes of the underlay; undefined where it is off. */
  get underlay(): KernelRoutes | undefined {
    return this.#heir.plane.at.tableId === NO_TABLE.tableId ? undefined : this.#heir;
  }

  [Symbol.iterator](): Iterator<RoutesPlane> {
    return this.#planes.values();
  }

  /** Returns how many routes of ours stand, in every routing table. */
  get count(): number {
    return this.rows.routeCount;
  }

  /** Returns how many rows of ours stand: routes, nexthops and groups of them. */
  get rowCount(): number {
    let nexthops = 0;
    for (const { protocol } of this.rows.nexthops()) if (protocol === RTPROT_EVPND) nexthops++;
    return this.count + nexthops;
  }

  /**
   * The routes of one routing table and metric; whoever asks has them to itself, until it drops them. What it knows of others' routes
   * is of the main table, or of its own.
   */
  give(at: RoutesPosition, others: 'main' | 'own' = 'main'): KernelRoutes {
    this.#forgetRetired();
    let plane = this.#planes.find((each) => isAt(each, at));
    if (!plane) {
      plane = new RoutesPlane(at, this.rows, this.#book);
      this.#planes.push(plane);
    }
    plane.retired = false;
    const known = others === 'own' ? this.#others.of(at.tableId) : this.#others.main;
    const routes = new KernelRoutes(plane, this.rechecks, known);
    // What an earlier owner of it has left there
    if (this.rechecks.sweeping) {
      plane.markUnwantedRows();
      this.rechecks.reconciler.queue(plane);
    }
    return routes;
  }

  /** True where somebody has them already, or the underlay has that routing table. */
  has({ tableId, metric }: RoutesPosition): boolean {
    return this.#planes.some(
      (plane) =>
        plane.at.tableId === tableId &&
        !plane.retired &&
        (plane.at.metric === metric || plane === this.#heir.plane),
    );
  }

  /** Nothing is wanted of them any more: what stands goes. */
  drop(routes: KernelRoutes): void {
    routes.clearAll();
    routes.plane.retired = true;
  }

  /** From now on rows of ours that nobody wants are removed; `stray` is called with each. */
  sweep(stray: (plane: RoutesPlane, which: PlaneKey) => void): void {
    for (const plane of this.#planes) {
      plane.markUnwantedRows((which) => stray(plane, which));
      this.rechecks.reconciler.queue(plane);
    }
    this.#removeElsewhere();
  }

  /** Wants nothing any more: what is ours goes. */
  clearAll(): void {
    for (const plane of this.#planes) new KernelRoutes(plane, this.rechecks, this.#others.main).clearAll();
    this.#removeElsewhere();
  }

  /** Removes routes of ours that an earlier process wrote with another metric, or in a routing table that nobody has now. */
  #removeElsewhere(): void {
    const strays = [...this.rows.routesElsewhere((at) => this.#planes.some((plane) => isAt(plane, at)))];
    this.rechecks.reconciler.removeStrays(
      strays.map((row) => ({ ...row, table: 'route', verb: 'delete', replaces: false })),
    );
  }

  nexthopRow(row: NexthopRow): void {
    if (!this.rows.putNexthop(row)) return;
    const plane = this.#book.ownerOf(row.id);
    if (!plane) return;
    if (row.protocol !== RTPROT_EVPND) {
      plane.idTaken(row.id);
      this.rechecks.reconciler.queue(plane);
    }
    this.#recheck(plane, keyOf(plane, row));
  }

  nexthopRowGone(id: number): void {
    this.#lost(this.rows.dropNexthop(id));
  }

  routeRow(row: RouteRow): void {
    if (!this.rows.putRoute(row)) return;
    const plane = this.#planeAt(row);
    if (plane) this.#recheck(plane, { table: 'route', key: row.prefix });
  }

  routeRowGone(row: RouteRow, byKernel: boolean): void {
    const was = row.protocol === RTPROT_EVPND && this.rows.dropRoute(row);
    const plane = this.#planeAt(row);
    if (!plane) return;
    const which = { table: 'route', key: row.prefix } as const;
    if (was && byKernel) plane.setSettled(which, false);
    if (was) this.#recheck(plane, which);
    // What was in the way of ours may be gone
    else if (plane.wants(which)) this.rechecks.reconciler.mark(plane, which);
  }

  /** What the kernel itself took away is written again, if it is still wanted, and is nobody's fault. */
  #lost({ nexthops, routes }: LostRows): void {
    const { reconciler } = this.rechecks;
    if (nexthops.length === 0) return;
    reconciler.rethink();
    const marked = new Set<RoutesPlane>();
    for (const id of nexthops) {
      const plane = this.#book.ownerOf(id);
      if (!plane) continue;
      const table = plane.wants({ table: 'nexthop', key: id }) ? 'nexthop' : 'nexthop-group';
      plane.setSettled({ table, key: id }, false);
      plane.mark({ table, key: id });
      marked.add(plane);
    }
    for (const row of routes) {
      const plane = this.#planeAt(row);
      if (!plane) continue;
      plane.setSettled({ table: 'route', key: row.prefix }, false);
      plane.mark({ table: 'route', key: row.prefix });
      marked.add(plane);
    }
    for (const plane of marked) reconciler.queue(plane);
  }

  #planeAt(row: RoutesPosition): RoutesPlane | undefined {
    if (this.#latest === undefined || !isAt(this.#latest, row))
      this.#latest = this.#planes.find((plane) => isAt(plane, row));
    return this.#latest;
  }

  #recheck(plane: RoutesPlane, which: PlaneKey): void {
    this.rechecks.reconciler.rethink();
    this.rechecks.recheck(plane, which);
  }

  #forgetRetired(): void {
    for (let i = this.#planes.length - 1; i >= 0; i--) {
      const plane = this.#planes[i];
      if (!plane.retired || !plane.isEmpty) continue;
      this.#planes.splice(i, 1);
      if (this.#latest === plane) this.#latest = undefined;
    }
  }
}

function isAt({ at }: RoutesPlane, { tableId, metric }: RoutesPosition): boolean {
  return at.tableId === tableId && at.metric === metric;
}

function keyOf(plane: RoutesPlane, { id, members }: NexthopRow): PlaneKey {
  const group = { table: 'nexthop-group', key: id } as const;
  return members !== undefined || plane.wants(group) ? group : { table: 'nexthop', key: id };
}
