import { PrefixLengths } from '../tables/index.js';
import type { Ip, PrefixKey } from '../types/index.js';
import type { OtherRoute } from './rows.js';

const NONE: readonly OtherRoute[] = [];

/**
 * Routes of one routing table that are neither ours nor the kernel's own of its networks: an administrator's and other daemons'.
 * They are read alone, to say by which of them an address is reached, and to announce those of a VRF.
 */
export class OtherRoutes {
  /** Of each prefix by ascending metric, as the kernel prefers them. */
  readonly #rows = new Map<PrefixKey, readonly OtherRoute[]>();
  readonly #lengths = new PrefixLengths();
  /** How many ways lead by each device. */
  readonly #devices = new Map<number, number>();

  readonly #listeners = new Set<(prefix: PrefixKey) => void>();

  /** `changed` is called with the prefix of each route that comes, goes or leads elsewhere, until what is returned is called. */
  listen(changed: (prefix: PrefixKey) => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #tell(prefix: PrefixKey): void {
    for (const changed of this.#listeners) changed(prefix);
  }

  /** Stores the route; false where nothing changed. */
  put(row: OtherRoute): boolean {
    const rows = this.#rows.get(row.prefix) ?? NONE;
    const before = rows.find(({ metric }) => metric === row.metric);
    if (before && sameWays(before, row) && before.protocol === row.protocol) return false;
    if (rows.length === 0) this.#lengths.add(row.prefix);
    this.#count(before, -1);
    this.#count(row, 1);
    const others = rows.filter((each) => each !== before);
    this.#rows.set(
      row.prefix,
      [...others, row].sort((a, b) => a.metric - b.metric),
    );
    this.#tell(row.prefix);
    return true;
  }

  /** Forgets the route, or of several ways those of the row; false where nothing changed. */
  drop(row: OtherRoute): boolean {
    const rows = this.#rows.get(row.prefix) ?? NONE;
    const before = rows.find(({ metric }) => metric === row.metric);
    if (!before) return false;
    const left = before.ways.filter((way) => !row.ways.some((gone) => sameWay(gone, way)));
    // Of an IPv6 route with several ways the kernel reports the end of each (net/ipv6/route.c: ip6_route_del)
    if (row.ways.length > 0 && left.length > 0) return this.put({ ...before, ways: left });
    const others = rows.filter((each) => each !== before);
    this.#count(before, -1);
    if (others.length > 0) this.#rows.set(row.prefix, others);
    else {
      this.#rows.delete(row.prefix);
      this.#lengths.remove(row.prefix);
    }
    this.#tell(row.prefix);
    return true;
  }

  /** The routes to the very prefix, the lowest metric first. */
  at(prefix: PrefixKey): readonly OtherRoute[] {
    return this.#rows.get(prefix) ?? NONE;
  }

  /** The lengths of the prefixes of the address's family, the longest first. */
  lengths(ip: Ip): readonly number[] {
    return this.#lengths.of(ip);
  }

  /** True where a route leads by the device. */
  leadBy(ifindex: number): boolean {
    return this.#devices.has(ifindex);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** All routes; none may come or go meanwhile. */
  *rows(): Iterable<OtherRoute> {
    for (const rows of this.#rows.values()) yield* rows;
  }

  #count(row: OtherRoute | undefined, change: 1 | -1): void {
    for (const { ifindex } of row?.ways ?? []) {
      const count = (this.#devices.get(ifindex) ?? 0) + change;
      if (count > 0) this.#devices.set(ifindex, count);
      else this.#devices.delete(ifindex);
    }
  }
}

type Way = OtherRoute['ways'][number];

function sameWay(a: Way, b: Way): boolean {
  return a.ifindex === b.ifindex && a.gateway === b.gateway;
}

function sameWays({ ways }: OtherRoute, other: OtherRoute): boolean {
  return ways.length === other.ways.length && ways.every((way) => other.ways.some((it) => sameWay(it, way)));
}
