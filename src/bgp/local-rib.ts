import type { EvpnNlri, OriginatedAttributes } from '../wire/index.js';
import { EntryOrder, type Ordered } from './entry-order.js';
import type { LocalRoute } from './route.js';
import { sameNlri } from './route-key.js';
import { EvpnTable, type TableEntry } from './table.js';

/** A neighbour that has still to be told of an entry's change, and what it was told last; undefined is "nothing". */
class Owed {
  constructor(
    readonly to: LocalRibListener,
    readonly told: LocalRoute | undefined,
    public next: Owed | undefined,
  ) {}
}

/** One key of ours. It outlives its route while a neighbour has still to be told that the route is gone. */
export class LocalEntry implements TableEntry<LocalEntry>, Ordered {
  chained: LocalEntry | undefined = undefined;
  /** Undefined once withdrawn; replaced, never changed, so that what was sent can be compared with what is. */
  route: LocalRoute | undefined;
  place = 0;
  /** A chain: a leaf has few neighbours, and most changes are owed to each for less than a turn of the event loop. */
  #owed: Owed | undefined = undefined;

  constructor(
    readonly nlri: EvpnNlri,
    /** Grows with every new entry: says whether a walk in order of insertion has passed it. */
    readonly serial: number,
  ) {}

  /** Somebody has still to be told. */
  get isOwed(): boolean {
    return this.#owed !== undefined;
  }

  /** Notes what the neighbour was told before the change, which it is to be told of; false where it is owed one already. */
  owe(to: LocalRibListener, told: LocalRoute | undefined): boolean {
    for (let owed = this.#owed; owed !== undefined; owed = owed.next) if (owed.to === to) return false;
    this.#owed = new Owed(to, told, this.#owed);
    return true;
  }

  /** True where the neighbour is owed a change of which it was told nothing before. */
  isToldNothing(to: LocalRibListener): boolean {
    for (let owed = this.#owed; owed !== undefined; owed = owed.next)
      if (owed.to === to) return owed.told === undefined;
    return false;
  }

  /** The neighbour is owed nothing any more; what it was told last. */
  settle(to: LocalRibListener): LocalRoute | undefined {
    let before: Owed | undefined;
    let owed = this.#owed;
    while (owed !== undefined && owed.to !== to) {
      before = owed;
      owed = owed.next;
    }
    if (before === undefined) this.#owed = owed?.next;
    else before.next = owed?.next;
    return owed?.told;
  }
}

/** Told of each change, with the route as it was before. */
export interface LocalRibListener {
  changed(entry: LocalEntry, before: LocalRoute | undefined): void;
}

/** The routes that we originate: what every neighbour's Adj-RIB-Out is to hold (RFC 4271 §9.1.3). */
export class LocalRib {
  readonly #table = new EvpnTable<LocalEntry>();
  /** The same entries in order of insertion. */
  readonly #order = new EntryOrder<LocalEntry>();
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
    for (const { route } of this.#order.values()) if (route !== undefined) yield route;
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
    if (entry.route !== undefined || entry.isOwed) return;
    this.#table.remove(entry);
    this.#order.delete(entry);
  }

  #tell(entry: LocalEntry, before: LocalRoute | undefined): void {
    for (const listener of this.#listeners) listener.changed(entry, before);
  }
}
