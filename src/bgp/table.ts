import { type Esi, type Ip, type Mac, MacMap, type RouteDistinguisher } from '../types/index.js';
import { type EvpnNlri, type MacIpAdvertisement, RouteType } from '../wire/index.js';

/** What a table holds: something with an NLRI, and the link to the next of the same bucket, which the table owns. */
export interface TableEntry<Self> {
  readonly nlri: EvpnNlri;
  /** Written by the table alone. */
  chained: Self | undefined;
}

/** Which part of a table to walk. */
export interface TableFilter {
  readonly rd?: RouteDistinguisher;
  readonly type?: RouteType;
  /** MAC/IP routes of this MAC alone, found without a walk over the others. */
  readonly mac?: Mac;
}

type Head = Ip | Esi;

/** Number of route types plus one: arrays indexed by route type have this length. */
export const ROUTE_TYPE_SLOTS = 6;

/** The part of the key that picks the bucket: the one that differs most among routes of the type. */
function headOf(nlri: Exclude<EvpnNlri, MacIpAdvertisement>): Head {
  switch (nlri.type) {
    case RouteType.INCLUSIVE_MULTICAST:
      return nlri.originator;
    case RouteType.IP_PREFIX:
      return nlri.prefix;
    default:
      return nlri.esi;
  }
}

function sameHead(a: EvpnNlri, b: EvpnNlri): boolean {
  if (a.type === RouteType.MAC_IP_ADVERTISEMENT) return a.type === b.type && a.mac === b.mac;
  return a.type === b.type && headOf(a) === headOf(b);
}

/** Equality of the rest of the key, given equal RD, type and head. */
function sameTail(a: EvpnNlri, b: EvpnNlri): boolean {
  switch (a.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return a.type === b.type && a.ip === b.ip && a.ethernetTag === b.ethernetTag;
    case RouteType.IP_PREFIX:
      return a.type === b.type && a.prefixLength === b.prefixLength && a.ethernetTag === b.ethernetTag;
    case RouteType.ETHERNET_SEGMENT:
      return a.type === b.type && a.originator === b.originator;
    default:
      return a.type === b.type && a.ethernetTag === b.ethernetTag;
  }
}

/** True where both name the same destination (RFC 7432 §7, RFC 9136 §3.1: ESI and labels of types 2 and 5 do not count). */
export function sameKey(a: EvpnNlri, b: EvpnNlri): boolean {
  return a.rd === b.rd && sameHead(a, b) && sameTail(a, b);
}

/** True where also what is not in the key is equal: ESI, labels, gateway. */
export function sameNlri(a: EvpnNlri, b: EvpnNlri): boolean {
  if (a === b) return true;
  if (!sameKey(a, b)) return false;
  switch (a.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return a.type === b.type && a.label1 === b.label1 && a.label2 === b.label2 && a.esi === b.esi;
    case RouteType.IP_PREFIX:
      return a.type === b.type && a.label === b.label && a.gateway === b.gateway && a.esi === b.esi;
    case RouteType.ETHERNET_AUTO_DISCOVERY:
      return a.type === b.type && a.label === b.label;
    default:
      return true;
  }
}

/** The routes of one RD: the first of each chain by its head. */
class Row<T extends TableEntry<T>> {
  readonly macs = new MacMap<T>();
  /** The other types, by their number. */
  readonly #others: (Map<Head, T> | undefined)[] = new Array<undefined>(ROUTE_TYPE_SLOTS).fill(undefined);

  get isEmpty(): boolean {
    return this.macs.size === 0 && this.#others.every((buckets) => buckets === undefined);
  }

  first(nlri: EvpnNlri): T | undefined {
    if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) return this.macs.get(nlri.mac);
    return this.#others[nlri.type]?.get(headOf(nlri));
  }

  setFirst(entry: T): void {
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

  deleteFirst(nlri: EvpnNlri): void {
    if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) {
      this.macs.delete(nlri.mac);
      return;
    }
    const buckets = this.#others[nlri.type];
    buckets?.delete(headOf(nlri));
    if (buckets?.size === 0) this.#others[nlri.type] = undefined;
  }

  firsts(type: number): Iterable<T> {
    return type === RouteType.MAC_IP_ADVERTISEMENT
      ? this.macs.values()
      : (this.#others[type]?.values() ?? []);
  }
}

/**
 * EVPN routes by their key, without building a string or an object per lookup: per RD and type a map by the part that
 * differs most, and behind it a chain that the entries themselves form, nearly always of one or two.
 */
export class EvpnTable<T extends TableEntry<T>> {
  readonly #rows = new Map<RouteDistinguisher, Row<T>>();
  /** The row that was asked for last: routes of one RD come together. */
  #latestRd: RouteDistinguisher | undefined;
  #latestRow: Row<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(nlri: EvpnNlri): T | undefined {
    let entry = this.#rowOf(nlri.rd)?.first(nlri);
    while (entry !== undefined && !sameTail(entry.nlri, nlri)) entry = entry.chained;
    return entry;
  }

  /** Adds an entry whose key is not in the table; the caller has looked. */
  add(entry: T): void {
    const { nlri } = entry;
    let row = this.#rowOf(nlri.rd);
    if (row === undefined) {
      row = new Row();
      this.#rows.set(nlri.rd, row);
      this.#latestRow = row;
    }
    const first = row.first(nlri);
    if (first === undefined) {
      row.setFirst(entry);
    } else {
      // Behind the first, so that the map and a walk over it are left alone
      entry.chained = first.chained;
      first.chained = entry;
    }
    this.#size++;
  }

  /** Removes this very entry; its own chain link stays, so that a walk that stands on it goes on. */
  remove(entry: T): void {
    const { nlri } = entry;
    const row = this.#rowOf(nlri.rd);
    const first = row?.first(nlri);
    if (row === undefined || first === undefined) return;
    if (first === entry) {
      if (entry.chained === undefined) row.deleteFirst(nlri);
      else row.setFirst(entry.chained);
    } else {
      let before = first;
      while (before.chained !== entry) {
        if (before.chained === undefined) return;
        before = before.chained;
      }
      before.chained = entry.chained;
    }
    this.#size--;
    if (!row.isEmpty) return;
    this.#rows.delete(nlri.rd);
    this.#latestRow = undefined;
  }

  /** Every entry that the filter names. Entries may come and go while the walk is under way. */
  *entries(filter: TableFilter = {}): IterableIterator<T, undefined> {
    const { rd, mac } = filter;
    const type = mac === undefined ? filter.type : RouteType.MAC_IP_ADVERTISEMENT;
    if (filter.type !== undefined && type !== filter.type) return;
    for (const row of rd === undefined ? this.#rows.values() : [this.#rows.get(rd)]) {
      if (row === undefined) continue;
      for (let t = type ?? 1; t <= (type ?? ROUTE_TYPE_SLOTS - 1); t++) {
        for (const first of mac === undefined ? row.firsts(t) : [row.macs.get(mac)]) {
          let entry: T | undefined = first;
          while (entry !== undefined) {
            const next: T | undefined = entry.chained;
            yield entry;
            entry = next;
          }
        }
      }
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
