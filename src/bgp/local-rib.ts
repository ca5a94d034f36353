import { EVPN, type EvpnNlri, type Family, type OriginatedAttributes, type Route } from '../wire/index.js';
import { EntryOrder, type Ordered } from './entry-order.js';
import type { LocalRoute } from './route.js';
import { EvpnTable, type RouteTable, type TableEntry } from './table.js';

/** A neighbor that has still to be sent an entry's change, and what it was sent last; undefined is "nothing". */
class Owed<Nlri extends Route> {
  constructor(
    readonly to: LocalRibListener<Nlri>,
    readonly sent: LocalRoute<Nlri> | undefined,
    public next: Owed<Nlri> | undefined,
  ) {}
}

/** One key of ours. It outlives its route while a neighbor has still to be sent its withdrawal. */
export class LocalEntry<Nlri extends Route = EvpnNlri>
  implements TableEntry<LocalEntry<Nlri>, Nlri>, Ordered
{
  chained: LocalEntry<Nlri> | undefined = undefined;
  /** Undefined once withdrawn; replaced, never changed, so that what was sent can be compared with what is. */
  route: LocalRoute<Nlri> | undefined;
  place = 0;
  /** A chain: a leaf has few neighbors, and most changes are owed to each for less than a turn of the event loop. */
  #owed: Owed<Nlri> | undefined = undefined;

  constructor(
    readonly nlri: Nlri,
    /** Grows with every new entry: shows whether a walk in order of insertion has passed it. */
    readonly serial: number,
  ) {}

  /** Somebody has still to be sent the change. */
  get isOwed(): boolean {
    return this.#owed !== undefined;
  }

  /** Notes what the neighbor was sent before the change, which it is to be sent; false if it is owed one already. */
  owe(to: LocalRibListener<Nlri>, sent: LocalRoute<Nlri> | undefined): boolean {
    for (let owed = this.#owed; owed !== undefined; owed = owed.next) if (owed.to === to) return false;
    this.#owed = new Owed(to, sent, this.#owed);
    return true;
  }

  /** True if the neighbor is owed a change of which it was sent nothing before. */
  isToldNothing(to: LocalRibListener<Nlri>): boolean {
    for (let owed = this.#owed; owed !== undefined; owed = owed.next)
      if (owed.to === to) return owed.sent === undefined;
    return false;
  }

  /** The neighbor is owed nothing any more; returns what it was sent last. */
  settle(to: LocalRibListener<Nlri>): LocalRoute<Nlri> | undefined {
    let before: Owed<Nlri> | undefined;
    let owed = this.#owed;
    while (owed !== undefined && owed.to !== to) {
      before = owed;
      owed = owed.next;
    }
    if (before === undefined) this.#owed = owed?.next;
    else before.next = owed?.next;
    return owed?.sent;
  }
}

/** Told of each change, with the route as it was before. */
export interface LocalRibListener<Nlri extends Route = EvpnNlri> {
  changed(entry: LocalEntry<Nlri>, before: LocalRoute<Nlri> | undefined): void;
}

/** The routes of one family that we originate: what every neighbor's Adj-RIB-Out is to hold (RFC 4271 §9.1.3). */
export class FamilyLocalRib<Nlri extends Route> {
  readonly #table: RouteTable<Nlri, LocalEntry<Nlri>>;
  /** The same entries in order of insertion. */
  readonly #order = new EntryOrder<LocalEntry<Nlri>>();
  readonly #listeners = new Set<LocalRibListener<Nlri>>();
  #serial = 0;
  #size = 0;

  constructor(
    readonly family: Family<Nlri>,
    table: RouteTable<Nlri, LocalEntry<Nlri>>,
  ) {
    this.#table = table;
  }

  /** Routes that stand. */
  get size(): number {
    return this.#size;
  }

  /** Adds the route, or replaces the one of the same key. The same route again costs nothing and sends nothing. */
  originate(nlri: Nlri, attributes: OriginatedAttributes): void {
    let entry = this.#table.get(nlri);
    if (entry === undefined) {
      entry = new LocalEntry(nlri, ++this.#serial);
      this.#table.add(entry);
      this.#order.add(entry);
    }
    const before = entry.route;
    if (before !== undefined && before.attributes === attributes && this.family.same(before.nlri, nlri))
      return;
    if (before === undefined) this.#size++;
    entry.route = { nlri, attributes };
    this.#notify(entry, before);
  }

  /** Removes the route of this key; harmless where there is none. */
  withdraw(nlri: Nlri): void {
    const entry = this.#table.get(nlri);
    if (entry?.route === undefined) return;
    const before = entry.route;
    entry.route = undefined;
    this.#size--;
    this.#notify(entry, before);
    this.release(entry);
  }

  /** Every route that stands, oldest key first. */
  *routes(): IterableIterator<LocalRoute<Nlri>> {
    for (const { route } of this.#order.values()) if (route !== undefined) yield route;
  }

  /** The route of this key. */
  route(nlri: Nlri): LocalRoute<Nlri> | undefined {
    return this.#table.get(nlri)?.route;
  }

  /** Entries in order of insertion, withdrawn ones that someone still needs included. */
  entries(): IterableIterator<LocalEntry<Nlri>> {
    return this.#order.values();
  }

  listen(listener: LocalRibListener<Nlri>): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: LocalRibListener<Nlri>): void {
    this.#listeners.delete(listener);
  }

  /** Lets a withdrawn entry go that no neighbor needs any more. */
  release(entry: LocalEntry<Nlri>): void {
    if (entry.route !== undefined || entry.isOwed) return;
    this.#table.remove(entry);
    this.#order.delete(entry);
  }

  #notify(entry: LocalEntry<Nlri>, before: LocalRoute<Nlri> | undefined): void {
    for (const listener of this.#listeners) listener.changed(entry, before);
  }
}

/** The EVPN routes that we originate. */
export class LocalRib extends FamilyLocalRib<EvpnNlri> {
  constructor() {
    super(EVPN, new EvpnTable<LocalEntry>());
  }
}
