import { KEY_WORDS, NumberTable } from '../tables/index.js';
import type { PrefixKey } from '../types/index.js';
import { RTPROT_EVPND } from './ownership.js';
import type { RouteCounts } from './route-counts.js';
import type { RouteRow } from './rows.js';

/** Our routes of one routing table and metric, as the kernel holds them: which nexthop each leads to. */
export class RoutePlace {
  /** A word a row: the id. */
  readonly #numbers = new NumberTable<number>(1);
  /** IPv6 prefixes; many have none. */
  readonly #texts = new Map<string, number>();

  constructor(
    readonly tableId: number,
    readonly metric: number,
    /** Those of all places. */
    readonly counts: RouteCounts,
  ) {}

  get size(): number {
    return this.#numbers.size + this.#texts.size;
  }

  /** The id of the nexthop that the route leads to; undefined where there is no such route. */
  nexthopOf(prefix: PrefixKey): number | undefined {
    if (typeof prefix === 'string') return this.#texts.get(prefix);
    const row = this.#numbers.find(prefix);
    return row < 0 ? undefined : this.#numbers.cells[this.#cellOf(row)];
  }

  /** Stores where the route leads; false where nothing changed. */
  put(prefix: PrefixKey, nexthopId: number): boolean {
    const before =
      typeof prefix === 'string' ? this.#putText(prefix, nexthopId) : this.#putNumber(prefix, nexthopId);
    if (before === nexthopId) return false;
    if (before !== undefined) this.counts.count(before, -1);
    this.counts.count(nexthopId, 1);
    return true;
  }

  /** Returns where the route led before; undefined where there was none. */
  #putNumber(prefix: PrefixKey & number, nexthopId: number): number | undefined {
    const numbers = this.#numbers;
    const { size } = numbers;
    const row = numbers.add(prefix);
    const cell = this.#cellOf(row);
    const before = row < size ? numbers.cells[cell] : undefined;
    numbers.cells[cell] = nexthopId;
    return before;
  }

  #putText(prefix: PrefixKey & string, nexthopId: number): number | undefined {
    const before = this.#texts.get(prefix);
    this.#texts.set(prefix, nexthopId);
    return before;
  }

  /** Returns false where there was no such route. */
  delete(prefix: PrefixKey): boolean {
    const nexthopId = this.nexthopOf(prefix);
    if (nexthopId === undefined) return false;
    this.counts.count(nexthopId, -1);
    if (typeof prefix === 'string') this.#texts.delete(prefix);
    else this.#numbers.remove(prefix);
    return true;
  }

  /** The prefixes; none may come or go meanwhile. */
  *prefixes(): IterableIterator<PrefixKey> {
    for (let row = 0; row < this.#numbers.size; row++) yield this.#numbers.keyOf(row) as PrefixKey;
    yield* this.#texts.keys() as IterableIterator<PrefixKey>;
  }

  *rows(): IterableIterator<RouteRow> {
    for (const prefix of this.prefixes()) yield this.rowOf(prefix, this.nexthopOf(prefix) ?? 0);
  }

  rowOf(prefix: PrefixKey, nexthopId: number): RouteRow {
    return { tableId: this.tableId, prefix, metric: this.metric, protocol: RTPROT_EVPND, nexthopId };
  }

  #cellOf(row: number): number {
    return row * this.#numbers.stride + KEY_WORDS;
  }
}
