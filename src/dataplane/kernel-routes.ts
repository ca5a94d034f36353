import type { PrefixKey } from '../types/index.js';
import type { PlaneKey } from './kernel-tables/key.js';
import type { OtherRoutes } from './other-routes.js';
import { RTPROT_EVPND } from './ownership.js';
import type { Rechecks } from './rechecks.js';
import type { LostRows, RouteRows } from './route-rows.js';
import type { Hop, HopGroup, RoutesPlane } from './routes-plane.js';
import type { NexthopRow, RouteRow } from './rows.js';

/** What should be true of the routes of one routing table, and what is heard of them. */
export class KernelRoutes {
  readonly #rows: RouteRows;
  /** Routes of the main table that others wrote: read alone. */
  readonly others: OtherRoutes;

  constructor(
    readonly plane: RoutesPlane,
    readonly rechecks: Rechecks,
    { others }: { readonly others: OtherRoutes },
  ) {
    this.#rows = plane.rows;
    this.others = others;
  }

  /** Returns how many routes of ours stand, in every routing table. */
  get count(): number {
    return this.#rows.routeCount;
  }

  /** Returns how many rows of ours stand: routes, nexthops and groups of them. */
  get rowCount(): number {
    let nexthops = 0;
    for (const { protocol } of this.#rows.nexthops()) if (protocol === RTPROT_EVPND) nexthops++;
    return this.count + nexthops;
  }

  /** Makes a group of hops, for routes to lead to; it takes no route by itself. */
  addGroup(hops: readonly Hop[]): HopGroup {
    const group = this.plane.addGroup(hops);
    this.#queue();
    return group;
  }

  /** All routes that lead to the group lead over these hops from now on. */
  changeGroup(group: HopGroup, hops: readonly Hop[]): void {
    this.plane.changeGroup(group, hops);
    this.#queue();
  }

  /** The group goes; no route may lead to it any more. */
  removeGroup(group: HopGroup): void {
    this.plane.removeGroup(group);
    this.#queue();
  }

  /** Wants the route to lead to the group. */
  set(prefix: PrefixKey, group: HopGroup): void {
    this.plane.setRoute(prefix, group);
    this.#queue();
  }

  clear(prefix: PrefixKey): void {
    this.plane.clearRoute(prefix);
    this.#queue();
  }

  /** Wants nothing any more: what is ours goes. */
  clearAll(): void {
    this.plane.markIntents();
    this.plane.markUnwantedRows();
    this.plane.clearIntents();
    this.removeElsewhere();
    this.#queue();
  }

  /** Removes routes of ours that an earlier process wrote with another metric, or in another routing table. */
  removeElsewhere(): void {
    const { tableId, metric } = this.plane.at;
    const strays = [...this.#rows.routesElsewhere(tableId, metric)];
    this.rechecks.reconciler.removeStrays(
      strays.map((row) => ({ ...row, table: 'route', verb: 'delete', replaces: false })),
    );
  }

  nexthopRow(row: NexthopRow): void {
    if (!this.#rows.putNexthop(row)) return;
    if (row.protocol !== RTPROT_EVPND) {
      this.plane.idTaken(row.id);
      this.#queue();
    }
    this.#recheck(this.#keyOf(row));
  }

  nexthopRowGone(id: number): void {
    this.#lost(this.#rows.dropNexthop(id));
  }

  routeRow(row: RouteRow): void {
    if (this.#rows.putRoute(row) && this.#isHere(row)) this.#recheck({ table: 'route', key: row.prefix });
  }

  routeRowGone(row: RouteRow, byKernel: boolean): void {
    const was = row.protocol === RTPROT_EVPND && this.#rows.dropRoute(row);
    if (!this.#isHere(row)) return;
    const which = { table: 'route', key: row.prefix } as const;
    if (was && byKernel) this.plane.setSettled(which, false);
    if (was) this.#recheck(which);
    // What was in the way of ours may be gone
    else if (this.plane.wants(which)) this.rechecks.reconciler.mark(this.plane, which);
  }

  /** What the kernel itself took away is written again, if it is still wanted, and is nobody's fault. */
  #lost({ nexthops, routes }: LostRows): void {
    const { plane } = this;
    const { reconciler } = this.rechecks;
    if (nexthops.length === 0) return;
    reconciler.rethink();
    for (const id of nexthops) {
      const table = plane.wants({ table: 'nexthop', key: id }) ? 'nexthop' : 'nexthop-group';
      plane.setSettled({ table, key: id }, false);
      plane.mark({ table, key: id });
    }
    for (const row of routes) {
      if (!this.#isHere(row)) continue;
      plane.setSettled({ table: 'route', key: row.prefix }, false);
      plane.mark({ table: 'route', key: row.prefix });
    }
    reconciler.queue(plane);
  }

  #keyOf({ id, members }: NexthopRow): PlaneKey {
    const group = { table: 'nexthop-group', key: id } as const;
    return members !== undefined || this.plane.wants(group) ? group : { table: 'nexthop', key: id };
  }

  #isHere({ tableId, metric }: RouteRow): boolean {
    return tableId === this.plane.at.tableId && metric === this.plane.at.metric;
  }

  #recheck(which: PlaneKey): void {
    this.rechecks.reconciler.rethink();
    this.rechecks.recheck(this.plane, which);
  }

  #queue(): void {
    this.rechecks.reconciler.queue(this.plane);
  }
}
