import type { Esi, Ip, Mac, RouteDistinguisher } from '../types/index.js';
import { type EvpnNlri, RouteType } from '../wire/index.js';

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

type Head = Mac | Ip | Esi;
type Buckets<T> = Map<Head, T>;

/** Number of route types plus one: arrays indexed by route type have this length. */
export const ROUTE_TYPE_SLOTS = 6;

/** The part of the key that picks the bucket: the one that differs most among routes of the type. */
function headOf(nlri: EvpnNlri): Head {
  switch (nlri.type) {
    case RouteType.MAC_IP_ADVERTISEMENT:
      return nlri.mac;
    case RouteType.INCLUSIVE_MULTICAST:
      return nlri.originator;
    case RouteType.IP_PREFIX:
      return nlri.prefix;
    default:
      return nlri.esi;
  }
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
  return a.rd === b.rd && a.type === b.type && headOf(a) === headOf(b) && sameTail(a, b);
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

/**
 * EVPN routes by their key, without building a string or an object per lookup: per RD and type a Map by the part that
 * differs most, and behind it a chain that the entries themselves form, nearly always of one or two.
 */
export class EvpnTable<T extends TableEntry<T>> {
  readonly #distinguishers = new Map<RouteDistinguisher, (Buckets<T> | undefined)[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(nlri: EvpnNlri): T | undefined {
    let entry = this.#distinguishers.get(nlri.rd)?.[nlri.type]?.get(headOf(nlri));
    while (entry !== undefined && !sameTail(entry.nlri, nlri)) entry = entry.chained;
    return entry;
  }

  /** Adds an entry whose key is not in the table; the caller has looked. */
  add(entry: T): void {
    const { nlri } = entry;
    let types = this.#distinguishers.get(nlri.rd);
    if (types === undefined) {
      types = new Array<Buckets<T> | undefined>(ROUTE_TYPE_SLOTS);
      this.#distinguishers.set(nlri.rd, types);
    }
    let buckets = types[nlri.type];
    if (buckets === undefined) {
      buckets = new Map();
      types[nlri.type] = buckets;
    }
    const head = headOf(nlri);
    const first = buckets.get(head);
    if (first === undefined) {
      buckets.set(head, entry);
    } else {
      // Behind the first, so that the Map and a walk over it are left alone
      entry.chained = first.chained;
      first.chained = entry;
    }
    this.#size++;
  }

  /** Removes this very entry; its own chain link stays, so that a walk that stands on it goes on. */
  remove(entry: T): void {
    const { nlri } = entry;
    const types = this.#distinguishers.get(nlri.rd);
    const buckets = types?.[nlri.type];
    const head = headOf(nlri);
    const first = buckets?.get(head);
    if (types === undefined || buckets === undefined || first === undefined) return;
    if (first === entry) {
      if (entry.chained === undefined) buckets.delete(head);
      else buckets.set(head, entry.chained);
    } else {
      let before = first;
      while (before.chained !== entry) {
        if (before.chained === undefined) return;
        before = before.chained;
      }
      before.chained = entry.chained;
    }
    this.#size--;
    if (buckets.size > 0) return;
    types[nlri.type] = undefined;
    if (types.every((other) => other === undefined)) this.#distinguishers.delete(nlri.rd);
  }

  /** Every entry that the filter names. Entries may come and go while the walk is under way. */
  *entries(filter: TableFilter = {}): IterableIterator<T> {
    const { rd, mac } = filter;
    const type = mac === undefined ? filter.type : RouteType.MAC_IP_ADVERTISEMENT;
    if (filter.type !== undefined && type !== filter.type) return;
    const rows = rd === undefined ? this.#distinguishers.values() : [this.#distinguishers.get(rd) ?? []];
    for (const types of rows) {
      for (let t = type ?? 1; t <= (type ?? ROUTE_TYPE_SLOTS - 1); t++) {
        const buckets = types[t];
        if (buckets === undefined) continue;
        for (const first of mac === undefined ? buckets.values() : [buckets.get(mac)]) {
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
}
