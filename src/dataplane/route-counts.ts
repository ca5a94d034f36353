interface Leading {
  readonly nexthopId: number;
  routes: number;
}

/** How many of our routes lead to each nexthop, whatever their tables. */
export class RouteCounts {
  /** Nobody's stays until another one is counted. */
  readonly #leading = new Map<number, Leading>();
  /** The one that was counted last: routes in a row mostly lead to one. */
  #latest: Leading | undefined;

  /** Some route leads to the nexthop. */
  leadsTo(nexthopId: number): boolean {
    return (this.#leading.get(nexthopId)?.routes ?? 0) > 0;
  }

  /** One route more leads to the nexthop, or one fewer. */
  count(nexthopId: number, change: 1 | -1): void {
    const latest = this.#latest;
    const leading = latest?.nexthopId === nexthopId ? latest : this.#leadingTo(nexthopId);
    leading.routes += change;
    this.#latest = leading;
  }

  #leadingTo(nexthopId: number): Leading {
    if (this.#latest?.routes === 0) this.#leading.delete(this.#latest.nexthopId);
    let leading = this.#leading.get(nexthopId);
    if (!leading) {
      leading = { nexthopId, routes: 0 };
      this.#leading.set(nexthopId, leading);
    }
    return leading;
  }
}
