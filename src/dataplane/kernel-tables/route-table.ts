import { formatPrefix, type PrefixKey } from '../../types/index.js';
import type { Operation } from '../kernel.js';
import type { RouteRow } from '../rows.js';
import type { RouteIntent } from './intents.js';
import { MapQueue } from './map-queue.js';
import { OwnedTable } from './owned-table.js';
import { RouteIntents } from './route-intents.js';
import type { RoutesPlace } from './routes-place.js';

/** The routes of an owner, all of one routing table and metric. Only those of our own protocol are known, and touched. */
export class Routes extends OwnedTable<PrefixKey, RouteIntent, RoutesPlace> {
  declare readonly intents: RouteIntents;

  constructor(place: RoutesPlace) {
    super(place, new RouteIntents(), new MapQueue());
  }

  difference(prefix: PrefixKey, want: RouteIntent | undefined, out: Operation[]): void {
    const row = this.#row(prefix);
    if (want?.nexthopId === row?.nexthopId) return;
    const { tableId, metric } = this.place.at;
    const verb = want ? 'add' : 'delete';
    const nexthopId = want?.nexthopId ?? 0;
    const replaces = want !== undefined && row !== undefined;
    out.push({ table: 'route', verb, tableId, prefix, metric, nexthopId, replaces });
  }

  fits(prefix: PrefixKey): boolean {
    const want = this.intents.peek(prefix);
    return want === undefined || this.#row(prefix)?.nexthopId === want.nexthopId;
  }

  holdsOwn(prefix: PrefixKey): boolean {
    return this.#row(prefix) !== undefined;
  }

  /** What others have is not known: where it is in the way, the kernel refuses. */
  isSetByHand(): boolean {
    return false;
  }

  *ownedKeys(): Iterable<PrefixKey> {
    const { at, rows } = this.place;
    for (const { prefix } of rows.routesAt(at.tableId, at.metric)) yield prefix;
  }

  found(prefix: PrefixKey): string {
    const row = this.#row(prefix);
    return row ? this.#words(prefix, row) : `no route of ours to ${formatPrefix(prefix)}`;
  }

  wanted(prefix: PrefixKey, want: RouteIntent | undefined): string {
    return want ? this.#words(prefix, want) : 'nothing';
  }

  strays(): void {}

  keyOf(operation: Operation): PrefixKey | undefined {
    const { tableId, metric } = this.place.at;
    if (operation.table !== 'route' || operation.tableId !== tableId) return undefined;
    return operation.metric === metric ? operation.prefix : undefined;
  }

  #words(prefix: PrefixKey, { nexthopId }: Pick<RouteIntent, 'nexthopId'>): string {
    const { tableId, metric } = this.place.at;
    return `${formatPrefix(prefix)} nhid ${nexthopId} table ${tableId} metric ${metric}`;
  }

  #row(prefix: PrefixKey): RouteRow | undefined {
    const { tableId, metric } = this.place.at;
    return this.place.rows.route(tableId, metric, prefix);
  }
}
