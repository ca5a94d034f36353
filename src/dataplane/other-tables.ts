import { OtherRoutes } from './other-routes.js';
import { MAIN_TABLE, type OtherRoute } from './rows.js';

/** Routes of others in each routing table that is followed: the main one for the underlay, those of VRFs that announce such or have neighbors. */
export class OtherTables {
  readonly #tables = new Map<number, OtherRoutes>();

  /** Those of one routing table; none where it is not followed. */
  of(tableId: number): OtherRoutes {
    let routes = this.#tables.get(tableId);
    if (!routes) {
      routes = new OtherRoutes();
      this.#tables.set(tableId, routes);
    }
    return routes;
  }

  get main(): OtherRoutes {
    return this.of(MAIN_TABLE);
  }

  /** Stores the route; false where nothing changed. */
  put(row: OtherRoute): boolean {
    return this.of(row.tableId).put(row);
  }

  /** Forgets the route, or of several ways those of the row; false where nothing changed. */
  drop(row: OtherRoute): boolean {
    return this.of(row.tableId).drop(row);
  }

  /** True where a route leads by the device. */
  leadBy(ifindex: number): boolean {
    for (const routes of this.#tables.values()) if (routes.leadBy(ifindex)) return true;
    return false;
  }

  get size(): number {
    let size = 0;
    for (const routes of this.#tables.values()) size += routes.size;
    return size;
  }

  /** All routes; none may come or go meanwhile. */
  *rows(): Iterable<OtherRoute> {
    for (const routes of this.#tables.values()) yield* routes.rows();
  }
}
