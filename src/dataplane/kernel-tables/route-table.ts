import { MixedQueue } from '../../tables/index.js';
import { formatPrefix, type PrefixKey } from '../../types/index.js';
import type { Operation } from '../kernel.js';
import type { RouteIntent } from './intents.js';
import { OwnedTable } from './owned-table.js';
import { RouteIntents } from './route-intents.js';
import type { RoutesPlace } from './routes-place.js';

/**
 * With so many waiting, routes are written in any order: to remove 100,000 in the order of their prefixes takes the kernel twice as
 * long, since it halves its trie of them again and again (docs/netlink.md).
 */
const SCATTERED_FROM = 512;

/** The routes of an owner, all of one routing table and metric. Only those of our own protocol are known, and touched. */
export class Routes extends OwnedTable<PrefixKey, RouteIntent, RoutesPlace> {
  declare readonly intents: RouteIntents;

  constructor(place: RoutesPlace) {
    super(place, new RouteIntents(), new MixedQueue(SCATTERED_FROM));
  }

  difference(prefix: PrefixKey, want: RouteIntent | undefined, out: Operation[]): void {
    const standing = this.#standing(prefix);
    if (want?.nexthopId === standing) return;
    const { tableId, metric } = this.place.at;
    const verb = want ? 'add' : 'delete';
    const nexthopId = want?.nexthopId ?? 0;
    const replaces = want !== undefined && standing !== undefined;
    out.push({ table: 'route', verb, tableId, prefix, metric, nexthopId, replaces });
  }

  fits(prefix: PrefixKey): boolean {
    const want = this.intents.peek(prefix);
    return want === undefined || this.#standing(prefix) === want.nexthopId;
  }

  holdsOwn(prefix: PrefixKey): boolean {
    return this.#standing(prefix) !== undefined;
  }

  /** What others have is not known: where it is in the way, the kernel refuses. */
  isSetByHand(): boolean {
    return false;
  }

  ownedKeys(): Iterable<PrefixKey> {
    const { at, rows } = this.place;
    return rows.prefixesAt(at.tableId, at.metric);
  }

  found(prefix: PrefixKey): string {
    const nexthopId = this.#standing(prefix);
    return nexthopId !== undefined
      ? this.#words(prefix, { nexthopId })
      : `no route of ours to ${formatPrefix(prefix)}`;
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

  /** The id that the route of ours leads to. */
  #standing(prefix: PrefixKey): number | undefined {
    const { tableId, metric } = this.place.at;
    return this.place.rows.nexthopOfRoute(tableId, metric, prefix);
  }
}
