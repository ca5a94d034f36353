import { KEY_WORDS, NumberTable } from '../../tables/index.js';
import type { PrefixKey } from '../../types/index.js';
import type { Failure, Intents, RouteIntent } from './intents.js';

/** A group of nexthops as a route leads to it. */
export interface RouteGroup {
  /** 0 while it has no nexthop: then no route to it can stand. */
  readonly id: number;
  /** How many of the routes that are wanted lead to it, and its number among the groups that some lead to: RouteIntents alone writes these. */
  routes: number;
  number: number;
}

/** Marks of a route's word; above them is the number of its group. */
const SETTLED = 1;
const MARK_BITS = 1;
const NONE = -1;

/** An intent where it was looked at last. */
class RouteIntentView implements RouteIntent {
  nexthopId = 0;
  settled = false;
  failure: Failure | undefined = undefined;
}

/**
 * The routes that are wanted: of IPv4 12 octets each and the index. One whose group leads nowhere now counts as unwanted, until
 * the group leads somewhere.
 */
export class RouteIntents implements Intents<PrefixKey, RouteIntent> {
  /** A word each. */
  readonly #numbers = new NumberTable<number>(1);
  /** The words of IPv6 prefixes; many have none. */
  readonly #texts = new Map<string, number>();
  /** By their numbers those that routes lead to, and the numbers that none has. */
  readonly #groups: (RouteGroup | undefined)[] = [];
  readonly #free: number[] = [];
  /** Few fail. */
  readonly #failures = new Map<PrefixKey, Failure>();
  readonly #view = new RouteIntentView();

  /** Those that count as unwanted included. */
  get size(): number {
    return this.#numbers.size + this.#texts.size;
  }

  has(prefix: PrefixKey): boolean {
    return (this.#groupOf(this.#wordOf(prefix))?.id ?? 0) !== 0;
  }

  /** The group may get another id; the copy does not. */
  get(prefix: PrefixKey): RouteIntent | undefined {
    const view = this.peek(prefix);
    return view && { nexthopId: view.nexthopId, settled: view.settled, failure: view.failure };
  }

  peek(prefix: PrefixKey): RouteIntent | undefined {
    const word = this.#wordOf(prefix);
    const id = this.#groupOf(word)?.id ?? 0;
    if (id === 0) return undefined;
    const view = this.#view;
    view.nexthopId = id;
    view.settled = (word & SETTLED) !== 0;
    view.failure = this.#failures.size > 0 ? this.#failures.get(prefix) : undefined;
    return view;
  }

  *keys(): Iterable<PrefixKey> {
    for (let row = 0; row < this.#numbers.size; row++) yield this.#numbers.keyOf(row) as PrefixKey;
    yield* this.#texts.keys() as Iterable<PrefixKey>;
  }

  /** The routes that lead to the group: a walk until all are found. */
  *leadingTo(group: RouteGroup): Iterable<PrefixKey> {
    let left = group.routes;
    if (left === 0) return;
    for (const prefix of this.keys()) {
      if (this.#groupOf(this.#wordOf(prefix)) !== group) continue;
      yield prefix;
      if (--left === 0) return;
    }
  }

  /** Wants the route to lead to the group; false where it leads there already. */
  set(prefix: PrefixKey, group: RouteGroup): boolean {
    if (typeof prefix === 'string') {
      const before = this.#texts.get(prefix) ?? NONE;
      if (this.#groupOf(before) === group) return false;
      this.#texts.set(prefix, this.#join(group));
      this.#leave(before);
      return true;
    }
    const numbers = this.#numbers;
    const { size } = numbers;
    const row = numbers.add(prefix);
    const cell = this.#cellOf(row);
    const before = row < size ? numbers.cells[cell] : NONE;
    if (this.#groupOf(before) === group) return false;
    numbers.cells[cell] = this.#join(group);
    this.#leave(before);
    return true;
  }

  /** Returns false where nothing was wanted. */
  delete(prefix: PrefixKey): boolean {
    const word = this.#wordOf(prefix);
    if (word === NONE) return false;
    if (typeof prefix === 'string') this.#texts.delete(prefix);
    else this.#numbers.remove(prefix);
    if (this.#failures.size > 0) this.#failures.delete(prefix);
    this.#leave(word);
    return true;
  }

  clear(): void {
    for (const group of this.#groups) if (group) group.routes = 0;
    this.#groups.length = 0;
    this.#free.length = 0;
    this.#numbers.clear();
    this.#texts.clear();
    this.#failures.clear();
  }

  settle(prefix: PrefixKey, settled: boolean): void {
    if (typeof prefix === 'string') {
      const word = this.#texts.get(prefix);
      if (word !== undefined) this.#texts.set(prefix, marked(word, settled));
      return;
    }
    const row = this.#numbers.find(prefix);
    if (row < 0) return;
    const cell = this.#cellOf(row);
    this.#numbers.cells[cell] = marked(this.#numbers.cells[cell], settled);
  }

  fail(prefix: PrefixKey, failure: Failure | undefined): void {
    if (failure === undefined) {
      if (this.#failures.size > 0) this.#failures.delete(prefix);
    } else if (this.#wordOf(prefix) !== NONE) this.#failures.set(prefix, failure);
  }

  /** The route's word; NONE where it is not wanted at all. */
  #wordOf(prefix: PrefixKey): number {
    if (typeof prefix === 'string') return this.#texts.get(prefix) ?? NONE;
    const row = this.#numbers.find(prefix);
    return row < 0 ? NONE : this.#numbers.cells[this.#cellOf(row)];
  }

  #cellOf(row: number): number {
    return row * this.#numbers.stride + KEY_WORDS;
  }

  #groupOf(word: number): RouteGroup | undefined {
    return word === NONE ? undefined : this.#groups[word >>> MARK_BITS];
  }

  /** One more leads to the group; its word, which is not settled. */
  #join(group: RouteGroup): number {
    if (group.routes++ === 0) {
      group.number = this.#free.pop() ?? this.#groups.length;
      this.#groups[group.number] = group;
    }
    return group.number << MARK_BITS;
  }

  /** The route of that word leads to its group no more. */
  #leave(word: number): void {
    const group = this.#groupOf(word);
    if (!group || --group.routes > 0) return;
    this.#groups[group.number] = undefined;
    this.#free.push(group.number);
  }
}

function marked(word: number, settled: boolean): number {
  return settled ? word | SETTLED : word & ~SETTLED;
}
