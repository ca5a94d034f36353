import type { PathAttributes, Prefix } from '../wire/index.js';
import { isBeside, type Multipath, selectSeveral } from './decision.js';
import type { RibPath } from './destination.js';
import { isRejected } from './import-policy.js';
import type { RibRules } from './latest-pair.js';
import { isOnOtherLink } from './next-hop-zone.js';
import { PrefixDestination } from './prefix-destination.js';
import type { Path, PathSource } from './route.js';

/** A path that was chosen beside the best, and its attributes then. */
interface Choice {
  path: RibPath<Prefix>;
  source: PathSource;
  attributes: PathAttributes;
}

const NONE: readonly Choice[] = [];

/**
 * A destination for which several equally good paths are chosen. The best is the RIB's own to compare with what it was; the one
 * beside it, of which most have no more, stands here without an object of its own.
 */
export class MultipathDestination extends PrefixDestination {
  #other: RibPath<Prefix> | undefined = undefined;
  /** As they were when it was chosen. */
  #otherSource: PathSource | undefined = undefined;
  #otherAttributes: PathAttributes | undefined = undefined;
  /** Those behind it. */
  #more = NONE;

  override get chosen(): readonly RibPath<Prefix>[] {
    const { best } = this;
    if (best === undefined) return [];
    const other = this.#other;
    if (other === undefined) return [best];
    const more = this.#more;
    return more.length === 0 ? [best, other] : [best, other, ...more.map(({ path }) => path)];
  }

  override choose(rules: RibRules<Path<Prefix>>, multipath?: Multipath): RibPath<Prefix> | undefined {
    const { second } = this;
    if (
      rules.latest?.isWithinUpdate !== true ||
      multipath === undefined ||
      second === undefined ||
      this.hasMoreThanTwo ||
      isRejected(this.attributes) ||
      isRejected(second.attributes)
    )
      return super.choose(rules);
    return rules.latest.prefersFirst<Path<Prefix>>(this, second, rules, multipath) ? this : second;
  }

  override chooseSeveral(rules: RibRules<Path<Prefix>>, multipath: Multipath | undefined): boolean {
    const { best } = this;
    let other: RibPath<Prefix> | undefined;
    let more = NONE;
    if (best !== undefined && multipath !== undefined) {
      if (this.hasMoreThanTwo) {
        const beside = selectSeveral(this.paths, multipath, rules).filter((path) => path !== best);
        other = beside[0];
        if (beside.length > 1) more = beside.slice(1).map(choiceOf);
      } else {
        const candidate = best === this ? this.second : this;
        if (
          candidate !== undefined &&
          !isRejected(candidate.attributes) &&
          this.isBesideBest(best, candidate, rules, multipath)
        )
          other = candidate;
      }
    }
    const before = this.#more;
    const differs = isOther(other, this.#otherAttributes, this.#otherSource) || areOther(more, before);
    this.#other = other;
    this.#otherSource = other?.source;
    this.#otherAttributes = other?.attributes;
    this.#more = more;
    return differs;
  }

  /** Of the only two paths, within an UPDATE in the order in which `choose` has compared them: that there is a better one says which. */
  private isBesideBest(
    best: RibPath<Prefix>,
    candidate: RibPath<Prefix>,
    rules: RibRules<Path<Prefix>>,
    multipath: Multipath,
  ): boolean {
    const { latest } = rules;
    if (latest?.isWithinUpdate !== true) return isBeside<Path<Prefix>>(best, candidate, multipath, rules);
    return best === this
      ? latest.areBeside<Path<Prefix>>(best, candidate, rules, multipath)
      : latest.areBeside<Path<Prefix>>(candidate, best, rules, multipath);
  }
}

function choiceOf(path: RibPath<Prefix>): Choice {
  return { path, source: path.source, attributes: path.attributes };
}

/** True where the path leads elsewhere, or says something else, than the one that stood in its place. */
function isOther(
  path: RibPath<Prefix> | undefined,
  attributes: PathAttributes | undefined,
  source: PathSource | undefined,
): boolean {
  if (path === undefined || source === undefined) return (path === undefined) !== (source === undefined);
  return path.attributes !== attributes || isOnOtherLink(path, source);
}

function areOther(choices: readonly Choice[], before: readonly Choice[]): boolean {
  return (
    choices.length !== before.length ||
    choices.some(({ path }, n) => isOther(path, before[n].attributes, before[n].source))
  );
}
