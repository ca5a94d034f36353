import type { Ip, Vni } from '../types/index.js';

/** A remote leaf as the routes show it. */
export interface Vtep {
  readonly address: Ip;
  /** Imported routes whose next hop it is. */
  readonly routes: number;
  /** MACs that are behind it by our decision. */
  readonly macs: number;
  /** In which VNIs it has MACs or receives BUM traffic; the number is that of the reasons. */
  readonly vnis: ReadonlyMap<Vni, number>;
}

class Entry implements Vtep {
  routes = 0;
  macs = 0;
  readonly vnis = new Map<Vni, number>();
  constructor(readonly address: Ip) {}
}

/** Counts kept where they change, so that nobody has to walk the tables to know them. */
export class VtepTable {
  readonly #entries = new Map<Ip, Entry>();
  /** The one that was counted last: what is one leaf's comes together. */
  #latest: Entry | undefined;

  has(address: Ip): boolean {
    return this.#entries.has(address);
  }

  get size(): number {
    return this.#entries.size;
  }

  values(): IterableIterator<Vtep> {
    return this.#entries.values();
  }

  /** All but those that are this machine's own: a route that comes back has such a next hop. */
  *remotes(own: ReadonlySet<Ip>): IterableIterator<Vtep> {
    for (const entry of this.#entries.values()) if (!own.has(entry.address)) yield entry;
  }

  /** Returns how many `remotes` gives. */
  remoteCount(own: ReadonlySet<Ip>): number {
    let count = this.#entries.size;
    for (const address of own) if (this.#entries.has(address)) count--;
    return count;
  }

  countRoute(address: Ip, change: 1 | -1): void {
    const entry = this.#entry(address);
    entry.routes += change;
    this.#prune(entry);
  }

  countMac(address: Ip, vni: Vni, change: 1 | -1): void {
    const entry = this.#entry(address);
    entry.macs += change;
    this.#countVni(entry, vni, change);
  }

  countFlood(address: Ip, vni: Vni, change: 1 | -1): void {
    this.#countVni(this.#entry(address), vni, change);
  }

  #countVni(entry: Entry, vni: Vni, change: 1 | -1): void {
    const count = (entry.vnis.get(vni) ?? 0) + change;
    if (count > 0) entry.vnis.set(vni, count);
    else entry.vnis.delete(vni);
    this.#prune(entry);
  }

  #entry(address: Ip): Entry {
    if (this.#latest?.address === address) return this.#latest;
    let entry = this.#entries.get(address);
    if (!entry) {
      entry = new Entry(address);
      this.#entries.set(address, entry);
    }
    this.#latest = entry;
    return entry;
  }

  #prune(entry: Entry): void {
    if (entry.routes !== 0 || entry.vnis.size !== 0) return;
    this.#entries.delete(entry.address);
    this.#latest = undefined;
  }
}
