import { NumberMap } from '../tables/index.js';
import type { Mac, RouteDistinguisher } from '../types/index.js';
import {
  type EvpnNlri,
  type Head,
  headOf,
  ROUTE_TYPE_SLOTS,
  type Route,
  RouteType,
  sameTail,
  tailOf,
} from '../wire/index.js';

/** What a table holds: something with an NLRI, and the link to the next of the same bucket, which the table owns. */
export interface TableEntry<Self, Nlri extends Route = EvpnNlri> {
  readonly nlri: Nlri;
  /** Written by the table alone. */
  chained: Self | undefined;
}

/** The routes of one family by their key. */
export interface RouteTable<Nlri extends Route, Entry> {
  readonly size: number;
  get(nlri: Nlri): Entry | undefined;
  /** Adds an entry whose key is not in the table; the caller has looked. */
  add(entry: Entry): void;
  /** Removes this very entry, so that a walk that stands on it goes on. */
  remove(entry: Entry): void;
  /** Every entry. Entries may come and go while the walk is under way. */
  entries(): IterableIterator<Entry, undefined>;
}

/** Which part of a table to walk. */
export interface TableFilter {
  readonly rd?: RouteDistinguisher;
  readonly type?: RouteType;
  /** MAC/IP routes of this MAC alone, found without a walk over the others. */
  readonly mac?: Mac;
}

/** Entries of one head that stand in a chain; those beyond are found by their whole key, in a map. */
const CHAIN_LENGTH = 16;

/** The routes of one RD: the first of each chain by its head, and those that found their chain full. */
class Row<T extends TableEntry<T>> {
  readonly macs = new NumberMap<Mac, T>();
  /** The other types, by their number. */
  readonly #others: (Map<Head, T> | undefined)[] = new Array<undefined>(ROUTE_TYPE_SLOTS).fill(undefined);
  /** By type, head and the rest of the key. Whoever sends many routes with one head pays for the text of their keys. */
  #crowds: (Map<Head, Map<string, T>> | undefined)[] | undefined = undefined;

  get isEmpty(): boolean {
    return (
      this.macs.size === 0 &&
      this.#others.every((buckets) => buckets === undefined) &&
      this.#crowds === undefined
    );
  }

  get(nlri: EvpnNlri): T | undefined {
    let entry = this.#first(nlri);
    while (entry !== undefined && !sameTail(entry.nlri, nlri)) entry = entry.chained;
    if (entry !== undefined || this.#crowds === undefined) return entry;
    return this.#crowds[nlri.type]?.get(headOf(nlri))?.get(tailOf(nlri));
  }

  add(entry: T): void {
    const { nlri } = entry;
    const first = this.#first(nlri);
    if (first === undefined) {
      this.#setFirst(entry);
      return;
    }
    let length = 1;
    for (let last = first; last.chained !== undefined; last = last.chained) length++;
    if (length >= CHAIN_LENGTH) {
      this.#addToCrowd(entry);
      return;
    }
    // Behind the first, so that the map and a walk over it are left alone
    entry.chained = first.chained;
    first.chained = entry;
  }

  /** Removes this very entry; false where it is not here. */
  remove(entry: T): boolean {
    const { nlri } = entry;
    const first = this.#first(nlri);
    if (first === entry) {
      if (entry.chained === undefined) this.#deleteFirst(nlri);
      else this.#setFirst(entry.chained);
      return true;
    }
    for (let before = first; before !== undefined; before = before.chained) {
      if (before.chained !== entry) continue;
      before.chained = entry.chained;
      return true;
    }
    return this.#removeFromCrowd(entry);
  }

  *entries(type: number, mac: Mac | undefined): IterableIterator<T, undefined> {
    for (const first of mac === undefined ? this.#firsts(type) : [this.macs.get(mac)]) {
      let entry: T | undefined = first;
      while (entry !== undefined) {
        const next: T | undefined = entry.chained;
        yield entry;
        entry = next;
      }
    }
    const crowds = this.#crowds?.[type];
    if (crowds === undefined) return;
    for (const crowd of mac === undefined ? crowds.values() : [crowds.get(mac)])
      if (crowd !== undefined) yield* crowd.values();
  }

  #first(nlri: EvpnNlri): T | undefined {
    if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) return this.macs.get(nlri.mac);
    return this.#others[nlri.type]?.get(headOf(nlri));
  }

  #setFirst(entry: T): void {
    const { nlri } = entry;
    if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
      this.macs.set(nlri.mac, entry);
      return;
    }
    let buckets = this.#others[nlri.type];
    if (buckets === undefined) {
      buckets = new Map();
      this.#others[nlri.type] = buckets;
    }
    buckets.set(headOf(nlri), entry);
  }

  #deleteFirst(nlri: EvpnNlri): void {
    if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
      this.macs.delete(nlri.mac);
      return;
    }
    const buckets = this.#others[nlri.type];
    buckets?.delete(headOf(nlri));
    if (buckets?.size === 0) this.#others[nlri.type] = undefined;
  }

  #firsts(type: number): Iterable<T> {
    return type === RouteType.MAC_IP_ADVERTISEMENT
      ? this.macs.values()
      : (this.#others[type]?.values() ?? []);
  }

  #addToCrowd(entry: T): void {
    const { nlri } = entry;
    this.#crowds ??= new Array<undefined>(ROUTE_TYPE_SLOTS).fill(undefined);
    let crowds = this.#crowds[nlri.type];
    if (crowds === undefined) {
      crowds = new Map();
      this.#crowds[nlri.type] = crowds;
    }
    const head = headOf(nlri);
    const crowd = crowds.get(head);
    if (crowd === undefined) crowds.set(head, new Map([[tailOf(nlri), entry]]));
    else crowd.set(tailOf(nlri), entry);
  }

  #removeFromCrowd(entry: T): boolean {
    const { nlri } = entry;
    const crowds = this.#crowds?.[nlri.type];
    const crowd = crowds?.get(headOf(nlri));
    if (!this.#crowds || !crowds || !crowd) return false;
    const tail = tailOf(nlri);
    if (crowd.get(tail) !== entry) return false;
    crowd.delete(tail);
    if (crowd.size === 0) crowds.delete(headOf(nlri));
    if (crowds.size === 0) this.#crowds[nlri.type] = undefined;
    if (this.#crowds.every((left) => left === undefined)) this.#crowds = undefined;
    return true;
  }
}

/**
 * EVPN routes by their key, without building a string or an object per lookup: per RD and type a map by the part that
 * differs most, and behind it a chain that the entries themselves form, nearly always of one or two. What a chain has no
 * room for is found by its whole key, so that no step grows with the number of routes that share a head.
 */
export class EvpnTable<T extends TableEntry<T>> implements RouteTable<EvpnNlri, T> {
  readonly #rows = new Map<RouteDistinguisher, Row<T>>();
  /** The row that was asked for last: routes of one RD come together. */
  #latestRd: RouteDistinguisher | undefined;
  #latestRow: Row<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(nlri: EvpnNlri): T | undefined {
    return this.#rowOf(nlri.rd)?.get(nlri);
  }

  /** Adds an entry whose key is not in the table; the caller has looked. */
  add(entry: T): void {
    const { rd } = entry.nlri;
    let row = this.#rowOf(rd);
    if (row === undefined) {
      row = new Row();
      this.#rows.set(rd, row);
      this.#latestRow = row;
    }
    row.add(entry);
    this.#size++;
  }

  /** Removes this very entry; its own chain link stays, so that a walk that stands on it goes on. */
  remove(entry: T): void {
    const { rd } = entry.nlri;
    const row = this.#rowOf(rd);
    if (!row?.remove(entry)) return;
    this.#size--;
    if (!row.isEmpty) return;
    this.#rows.delete(rd);
    this.#latestRow = undefined;
  }

  /** Every entry that the filter names. Entries may come and go while the walk is under way. */
  *entries(filter: TableFilter = {}): IterableIterator<T, undefined> {
    const { rd, mac } = filter;
    const type = mac === undefined ? filter.type : RouteType.MAC_IP_ADVERTISEMENT;
    if (filter.type !== undefined && type !== filter.type) return;
    for (const row of rd === undefined ? this.#rows.values() : [this.#rows.get(rd)]) {
      if (row === undefined) continue;
      for (let t = type ?? 1; t <= (type ?? ROUTE_TYPE_SLOTS - 1); t++) yield* row.entries(t, mac);
    }
  }

  #rowOf(rd: RouteDistinguisher): Row<T> | undefined {
    if (rd !== this.#latestRd) {
      this.#latestRd = rd;
      this.#latestRow = this.#rows.get(rd);
    }
    return this.#latestRow;
  }
}
