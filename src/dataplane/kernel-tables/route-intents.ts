import { MixedMap } from '../../tables/index.js';
import type { PrefixKey } from '../../types/index.js';
import type { Failure, RouteIntent } from './intents.js';
import { KeptIntents } from './map-intents.js';

/** A group of nexthops as a route leads to it. */
export interface RouteGroup {
  /** 0 while it has no nexthop: then no route to it can stand. */
  readonly id: number;
  /** How many of the routes that are wanted lead to it: for RouteIntents alone to count. */
  routes: number;
}

class Kept implements RouteIntent {
  settled = false;
  failure: Failure | undefined = undefined;

  constructor(public group: RouteGroup) {}

  get nexthopId(): number {
    return this.group.id;
  }
}

/** The routes that are wanted. One whose group leads nowhere now counts as unwanted, until the group leads somewhere. */
export class RouteIntents extends KeptIntents<PrefixKey, RouteIntent, Kept> {
  declare protected readonly kept: MixedMap<PrefixKey, Kept>;

  constructor() {
    super(new MixedMap());
  }

  protected wanted(kept: Kept): RouteIntent | undefined {
    return kept.group.id === 0 ? undefined : kept;
  }

  /** The group may get another id; the copy does not. */
  override get(prefix: PrefixKey): RouteIntent | undefined {
    const kept = this.peek(prefix);
    return kept && { nexthopId: kept.nexthopId, settled: kept.settled, failure: kept.failure };
  }

  /** The routes that lead to the group: a walk until all are found. */
  *leadingTo(group: RouteGroup): Iterable<PrefixKey> {
    let left = group.routes;
    if (left === 0) return;
    for (const prefix of this.kept.keys()) {
      if (this.kept.get(prefix)?.group !== group) continue;
      yield prefix;
      if (--left === 0) return;
    }
  }

  /** Wants the route to lead to the group; false where it leads there already. */
  set(prefix: PrefixKey, group: RouteGroup): boolean {
    const kept = this.kept.get(prefix);
    if (kept?.group === group) return false;
    group.routes++;
    if (kept) {
      kept.group.routes--;
      kept.group = group;
      kept.settled = false;
    } else this.kept.add(prefix, new Kept(group));
    return true;
  }

  override delete(prefix: PrefixKey): boolean {
    const kept = this.kept.get(prefix);
    if (kept) kept.group.routes--;
    return super.delete(prefix);
  }

  override clear(): void {
    for (const prefix of this.kept.keys()) {
      const kept = this.kept.get(prefix);
      if (kept) kept.group.routes = 0;
    }
    super.clear();
  }
}
