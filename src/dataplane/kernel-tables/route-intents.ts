import type { PrefixKey } from '../../types/index.js';
import type { Failure, Intents, RouteIntent } from './intents.js';

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
export class RouteIntents implements Intents<PrefixKey, RouteIntent> {
  readonly #intents = new Map<PrefixKey, Kept>();

  get size(): number {
    return this.#intents.size;
  }

  has(prefix: PrefixKey): boolean {
    const kept = this.#intents.get(prefix);
    return kept !== undefined && kept.group.id !== 0;
  }

  get(prefix: PrefixKey): RouteIntent | undefined {
    const kept = this.peek(prefix);
    return kept && { nexthopId: kept.nexthopId, settled: kept.settled, failure: kept.failure };
  }

  peek(prefix: PrefixKey): RouteIntent | undefined {
    const kept = this.#intents.get(prefix);
    return kept !== undefined && kept.group.id !== 0 ? kept : undefined;
  }

  keys(): Iterable<PrefixKey> {
    return this.#intents.keys();
  }

  /** What the route leads to; undefined where none is wanted. */
  groupOf(prefix: PrefixKey): RouteGroup | undefined {
    return this.#intents.get(prefix)?.group;
  }

  /** The routes that lead to the group: a walk. */
  *leadingTo(group: RouteGroup): Iterable<PrefixKey> {
    for (const [prefix, kept] of this.#intents) if (kept.group === group) yield prefix;
  }

  set(prefix: PrefixKey, { group }: { readonly group: RouteGroup }): void {
    const kept = this.#intents.get(prefix);
    if (kept) {
      kept.group = group;
      kept.settled = false;
    } else this.#intents.set(prefix, new Kept(group));
  }

  /** Returns false where nothing was wanted. */
  delete(prefix: PrefixKey): boolean {
    return this.#intents.delete(prefix);
  }

  clear(): void {
    this.#intents.clear();
  }

  settle(prefix: PrefixKey, settled: boolean): void {
    const kept = this.#intents.get(prefix);
    if (kept) kept.settled = settled;
  }

  fail(prefix: PrefixKey, failure: Failure | undefined): void {
    const kept = this.#intents.get(prefix);
    if (kept) kept.failure = failure;
  }
}
