import type { PrefixKey } from '../types/index.js';
import type { PlaneKey } from './kernel-tables/key.js';
import type { OtherRoutes } from './other-routes.js';
import type { Rechecks } from './rechecks.js';
import type { Hop, HopGroup, RoutesPlane } from './routes-plane.js';

/** What should be true of the routes of one routing table. */
export class KernelRoutes {
  constructor(
    readonly plane: RoutesPlane,
    readonly rechecks: Rechecks,
    /** Routes of the main table, or of the same one, that others wrote: read alone. */
    readonly others: OtherRoutes,
  ) {}

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

  /** The keys of what is wanted of a route: its own, that of its group, and those of the nexthops of that. */
  keysOf(prefix: PrefixKey): PlaneKey[] {
    const { tables } = this.plane;
    const group = tables.route.intents.get(prefix)?.nexthopId ?? 0;
    const route = { table: 'route', key: prefix } as const;
    if (group === 0) return [route];
    const members = tables['nexthop-group'].intents.get(group)?.members ?? [];
    return [
      route,
      { table: 'nexthop-group', key: group },
      ...members.map((key) => ({ table: 'nexthop', key }) as const),
    ];
  }

  /** Wants nothing any more: what is ours goes. */
  clearAll(): void {
    this.plane.markIntents();
    this.plane.markUnwantedRows();
    this.plane.clearIntents();
    this.#queue();
  }

  #queue(): void {
    this.rechecks.reconciler.queue(this.plane);
  }
}
