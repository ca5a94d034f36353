import type { PathAttributes, Prefix } from '../wire/index.js';
import { type DecisionRules, isBeside, type Multipath, selectSeveral } from './decision.js';
import type { Arrival, RibPath } from './destination.js';
import { isRejected } from './import-policy.js';
import { isOnOtherLink } from './next-hop-zone.js';
import { PrefixDestination } from './prefix-destination.js';
import type { Path, PathSource } from './route.js';

/** A path that was chosen beside the best, and its attributes then; written anew at each choice. */
class Choice {
  next: Choice | undefined = undefined;
  source: PathSource;
  attributes: PathAttributes;

  constructor(public path: RibPath<Prefix>) {
    this.source = path.source;
    this.attributes = path.attributes;
  }
}

/** A destination for which several equally good paths are chosen. */
export class MultipathDestination extends PrefixDestination {
  readonly #multipath: Multipath;
  /** The first beside `best`, of which the RIB itself looks at what has changed. */
  #second: Choice | undefined = undefined;

  constructor(arrival: Arrival, attributes: PathAttributes, prefix: Prefix, multipath: Multipath) {
    super(arrival, attributes, prefix);
    this.#multipath = multipath;
  }

  override get chosen(): readonly RibPath<Prefix>[] {
    const { best } = this;
    if (best === undefined) return [];
    const second = this.#second;
    if (second === undefined) return [best];
    const chosen = [best, second.path];
    for (let choice = second.next; choice !== undefined; choice = choice.next) chosen.push(choice.path);
    return chosen;
  }

  override chooseSeveral(rules: DecisionRules<Path<Prefix>>): boolean {
    const { best } = this;
    if (best === undefined) return this.#endWith(undefined);
    if (this.hasMoreThanTwo) return this.#chooseOf(selectSeveral(this.paths, this.#multipath, rules), best);
    const other = best === this ? this.second : this;
    if (
      other === undefined ||
      isRejected(other.attributes) ||
      !isBeside<Path<Prefix>>(best, other, this.#multipath, rules)
    )
      return this.#endWith(undefined);
    const differs = this.#enter(undefined, other);
    return this.#endWith(this.#second) || differs;
  }

  #chooseOf(paths: readonly RibPath<Prefix>[], best: RibPath<Prefix>): boolean {
    let differs = false;
    let last: Choice | undefined;
    for (const path of paths) {
      if (path === best) continue;
      if (this.#enter(last, path)) differs = true;
      last = last === undefined ? this.#second : last.next;
    }
    return this.#endWith(last) || differs;
  }

  /** Enters the path behind the choice, or behind the best; true where another stood there. */
  #enter(last: Choice | undefined, path: RibPath<Prefix>): boolean {
    const standing = last === undefined ? this.#second : last.next;
    if (standing !== undefined) return this.#isOther(standing, path);
    const choice = new Choice(path);
    if (last === undefined) this.#second = choice;
    else last.next = choice;
    return true;
  }

  /** Nothing is chosen behind the choice, or behind the best; true where something was. */
  #endWith(last: Choice | undefined): boolean {
    if (last === undefined) {
      const differs = this.#second !== undefined;
      this.#second = undefined;
      return differs;
    }
    const differs = last.next !== undefined;
    last.next = undefined;
    return differs;
  }

  /** True where the path that is chosen now leads elsewhere, or says something else, than the one in its place before. */
  #isOther(choice: Choice, path: RibPath<Prefix>): boolean {
    const { source, attributes } = path;
    const isOther = attributes !== choice.attributes || isOnOtherLink(path, choice.source);
    choice.path = path;
    choice.source = source;
    choice.attributes = attributes;
    return isOther;
  }
}
