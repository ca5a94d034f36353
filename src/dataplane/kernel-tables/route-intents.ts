import type { PrefixKey } from '../../types/index.js';
import type { Failure, RouteIntent } from './intents.js';
import { KeptIntents } from './map-intents.js';

/** A group of nexthops as a route leads to it. */
export interface RouteGroup {
  /** 0 while it has no nexthop: then no route to it can stand. */
  readonly id: number;
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
  protected wanted(kept: Kept): RouteIntent | undefined {
    return kept.group.id === 0 ? undefined : kept;
  }

  /** The group may get another id; the copy does not. */
  override get(prefix: PrefixKey): RouteIntent | undefined {
    const kept = this.peek(prefix);
    return kept && { nexthopId: kept.nexthopId, settled: kept.settled, failure: kept.failure };
  }

  /** Returns what the route leads to; undefined if none is wanted. */
  groupOf(prefix: PrefixKey): RouteGroup | undefined {
    return this.kept.get(prefix)?.group;
  }

  /** The routes that lead to the group: a walk. */
  *leadingTo(group: RouteGroup): Iterable<PrefixKey> {
    for (const [prefix, kept] of this.kept) if (kept.group === group) yield prefix;
  }

  set(prefix: PrefixKey, { group }: { readonly group: RouteGroup }): void {
    const kept = this.kept.get(prefix);
    if (kept) {
      kept.group = group;
      kept.settled = false;
    } else this.kept.set(prefix, new Kept(group));
  }
}
