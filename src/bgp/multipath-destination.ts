import type { Family, PathAttributes, Route } from '../wire/index.js';
import { type DecisionRules, type Multipath, selectSeveral } from './decision.js';
import { type Arrival, PlainDestination, type RibPath } from './destination.js';
import { isOnOtherLink } from './next-hop-zone.js';
import type { Path, PathSource } from './route.js';

/** A path that was chosen, and its attributes then. */
interface Choice<Nlri extends Route> {
  readonly path: RibPath<Nlri>;
  readonly source: PathSource;
  readonly attributes: PathAttributes;
  readonly nlri: Nlri;
}

/** A destination for which several equally good paths are chosen. */
export class MultipathDestination<Nlri extends Route> extends PlainDestination<Nlri> {
  readonly #multipath: Multipath;
  #chosen: readonly Choice<Nlri>[] = [];

  constructor(
    arrival: Arrival,
    attributes: PathAttributes,
    nlri: Nlri,
    family: Family<Nlri>,
    multipath: Multipath,
  ) {
    super(arrival, attributes, nlri, family);
    this.#multipath = multipath;
  }

  override get chosen(): readonly RibPath<Nlri>[] {
    return this.#chosen.map(({ path }) => path);
  }

  override chooseSeveral(rules: DecisionRules<Path<Nlri>>): boolean {
    const before = this.#chosen;
    const chosen = selectSeveral(this.paths, this.#multipath, rules);
    this.#chosen = chosen.map((path) => ({
      path,
      source: path.source,
      attributes: path.attributes,
      nlri: path.nlri,
    }));
    return (
      chosen.length !== before.length ||
      chosen.some(
        (path, n) =>
          path.attributes !== before[n].attributes ||
          isOnOtherLink(path, before[n].source) ||
          !this.same(path.nlri, before[n].nlri),
      )
    );
  }
}
