import type { EvpnNlri, OriginatedAttributes } from '../wire/index.js';
import type { LocalRoute } from './route.js';
import { EvpnTable, sameNlri, type TableEntry } from './table.js';

/** One key of ours. It outlives its route while a neighbour has still to be told that the route is gone. */
export class LocalEntry implements TableEntry<LocalEntry> {
  chained: LocalEntry | undefined = undefined;
  /** Undefined once withdrawn; replaced, never changed, so that what was sent can be compared with what is. */
  route: LocalRoute | undefined;
  /** How many neighbours have it pending. */
  pending = 0;

  constructor(
    readonly nlri: EvpnNlri,
    /** Grows with every new entry: says whether a walk in order of insertion has passed it. */
    readonly serial: number,
  ) {}
}

/** Told of each change, with the route as it was before. */
export interface LocalRibListener {
  changed(entry: LocalEntry, before: LocalRoute | undefined): void;
}

/** The routes that we originate: what every neighbour's Adj-RIB-Out is to hold (RFC 4271 §9.1.3). */
export class LocalRib {
  readonly #table = new EvpnTable<LocalEntry>();
  /** The same entries in order of insertion. */
  readonly #order = new Set<LocalEntry>();
  readonly #listeners = new Set<LocalRibListener>();
  #serial = 0;
  #size = 0;

  /** Routes that stand. */
  get size(): number {
    return this.#size;
  }

  /** Adds the route, or replaces the one of the same key. The same route again costs nothing and sends nothing. */
  originate(nlri: EvpnNlri, attributes: OriginatedAttributes): void {
    let entry = this.#table.get(nlri);
    if (entry === undefined) {
      entry = new LocalEntry(nlri, ++this.#serial);
      this.#table.add(entry);
      this.#order.add(entry);
    }
    const before = entry.route;
    if (before !== undefined && before.attributes === attributes && sameNlri(before.nlri, nlri)) return;
    if (before === undefined) this.#size++;
    entry.route = { nlri, attributes };
    this.#tell(entry, before);
  }

  /** Removes the route of this key; harmless where there is none. */
  withdraw(nlri: EvpnNlri): void {
    const entry = this.#table.get(nlri);
    if (entry?.route === undefined) return;
    const before = entry.route;
    entry.route = undefined;
    this.#size--;
    this.#tell(entry, before);
    this.release(entry);
  }

  /** Every route that stands, oldest key first. */
  *routes(): IterableIterator<LocalRoute> {
    for (const { route } of this.#order) if (route !== undefined) yield route;
  }

  /** The route of this key. */
  route(nlri: EvpnNlri): LocalRoute | undefined {
    return this.#table.get(nlri)?.route;
  }

  /** Entries in order of insertion, withdrawn ones that someone still needs included. */
  entries(): IterableIterator<LocalEntry> {
    return this.#order.values();
  }

  listen(listener: LocalRibListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: LocalRibListener): void {
    this.#listeners.delete(listener);
  }

  /** Lets a withdrawn entry go that no neighbour needs any more. */
  release(entry: LocalEntry): void {
    if (entry.route !== undefined || entry.pending > 0) return;
    this.#table.remove(entry);
    this.#order.delete(entry);
  }

  #tell(entry: LocalEntry, before: LocalRoute | undefined): void {
    for (const listener of this.#listeners) listener.changed(entry, before);
  }
}
