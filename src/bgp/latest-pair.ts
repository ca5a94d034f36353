import type { PathAttributes, Route } from '../wire/index.js';
import { better, type DecisionRules, isBeside, type Multipath } from './decision.js';
import type { Path, PathSource } from './route.js';

/** What the decisions of a RIB's destinations are made with. */
export interface RibRules<P extends Path<Route>> extends DecisionRules<P> {
  readonly latest?: LatestPair;
}

/**
 * The two paths that were compared last, by all that decides between paths to a prefix. The routes of an UPDATE have their
 * attributes in common, and mostly what another neighbor has told of them as well: two paths are compared once for all of these.
 * That counts within one UPDATE alone, since which paths are usable may change between two.
 */
export class LatestPair {
  #isWithinUpdate = false;
  #a: PathAttributes | undefined = undefined;
  #b: PathAttributes | undefined = undefined;
  #sourceOfA: PathSource | undefined = undefined;
  #sourceOfB: PathSource | undefined = undefined;
  #isAKept: boolean | undefined = false;
  #isBKept: boolean | undefined = false;
  #prefersA = false;
  #areBeside = false;

  /** An UPDATE is being taken in: only then is anything asked here, since the answer is remembered for its next route. */
  get isWithinUpdate(): boolean {
    return this.#isWithinUpdate;
  }
  set isWithinUpdate(isWithin: boolean) {
    this.#isWithinUpdate = isWithin;
    this.#a = undefined;
    this.#b = undefined;
    this.#sourceOfA = undefined;
    this.#sourceOfB = undefined;
  }

  /** True where the first of a destination's only two paths is the better one; both are accepted. */
  prefersFirst<P extends Path<Route>>(a: P, b: P, rules: DecisionRules<P>, multipath: Multipath): boolean {
    this.#compare(a, b, rules, multipath);
    return this.#prefersA;
  }

  /** True where whichever of the two is not the better one is chosen beside it. */
  areBeside<P extends Path<Route>>(a: P, b: P, rules: DecisionRules<P>, multipath: Multipath): boolean {
    this.#compare(a, b, rules, multipath);
    return this.#areBeside;
  }

  #compare<P extends Path<Route>>(a: P, b: P, rules: DecisionRules<P>, multipath: Multipath): void {
    if (
      this.#a === a.attributes &&
      this.#b === b.attributes &&
      this.#sourceOfA === a.source &&
      this.#sourceOfB === b.source &&
      this.#isAKept === a.isLongLived &&
      this.#isBKept === b.isLongLived
    )
      return;
    this.#a = a.attributes;
    this.#b = b.attributes;
    this.#sourceOfA = a.source;
    this.#sourceOfB = b.source;
    this.#isAKept = a.isLongLived;
    this.#isBKept = b.isLongLived;
    const prefersA = better(a, b, rules) === a;
    this.#prefersA = prefersA;
    this.#areBeside = prefersA ? isBeside(a, b, multipath, rules) : isBeside(b, a, multipath, rules);
  }
}
