import type { DataPlane, OtherRoutes } from '../../dataplane/index.js';
import { type PrefixKey, sameSet } from '../../types/index.js';

/** Other programs' routes of the VRFs' tables: read only where some are to be announced. */
export class VrfOtherRoutes {
  #tables: ReadonlySet<number> = new Set();
  #readings = 0;
  /** By routing table. */
  readonly #unlisten = new Map<number, () => void>();

  constructor(
    readonly dataPlane: Pick<DataPlane, 'mirror' | 'followed'>,
    /** What was to be read has been. */
    readonly read: () => void,
  ) {}

  /** Tables are being read whose routes may have to be announced. */
  get isReading(): boolean {
    return this.#readings > 0;
  }

  /** The routes of one table; `changed` is called with the prefix of each that comes, goes or leads elsewhere. */
  of(tableId: number, changed: (prefix: PrefixKey) => void): OtherRoutes {
    const routes = this.dataPlane.mirror.others.of(tableId);
    this.#unlisten.set(tableId, routes.listen(changed));
    return routes;
  }

  /** The table is no VRF's any more. */
  forget(tableId: number): void {
    this.#unlisten.get(tableId)?.();
    this.#unlisten.delete(tableId);
  }

  /** From now on the routes of these tables are known, and of no others. */
  follow(tables: ReadonlySet<number>): void {
    if (sameSet(tables, this.#tables)) return;
    this.#tables = tables;
    this.#readings++;
    const done = () => {
      this.#readings--;
      this.read();
    };
    this.dataPlane.followed.want(this, tables).then(done, done);
  }
}
