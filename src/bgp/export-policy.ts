import type { LargeCommunity } from '../types/index.js';
import {
  type AnyFamily,
  type AttributeChanges,
  AttributeCode,
  changeOriginated,
  isRouteTarget,
  type Nlri,
  type OriginatedAttributes,
} from '../wire/index.js';
import { MadeSets } from './made-sets.js';
import { judge, type MatchedAttributes, type RoutePolicy } from './policy.js';
import type { LocalRoute } from './route.js';

const NO_ASES: ReadonlySet<number> = new Set();

/** What a policy makes of the routes that a neighbor is sent. */
export class ExportPolicy {
  readonly #made: MadeSets<OriginatedAttributes>;
  readonly #matched = new WeakMap<OriginatedAttributes, MatchedAttributes>();

  /** `siteOfOrigin`: an extended community that each route gets; `last`: what is changed of each, whatever the rules make of it. */
  constructor(
    readonly policy: RoutePolicy,
    readonly siteOfOrigin: bigint | undefined = undefined,
    readonly last: AttributeChanges | undefined = undefined,
  ) {
    this.#made = new MadeSets(policy);
  }

  /** The route as the neighbor is to have it; undefined where it is not to. */
  apply<Own extends Nlri>(family: AnyFamily, route: LocalRoute<Own>): LocalRoute<Own> | undefined {
    const { policy, siteOfOrigin, last } = this;
    const { accepted, changes } = judge(policy, family, route.nlri, this.#matchedOf(route.attributes));
    if (!accepted) return undefined;
    if (changes.length === 0 && siteOfOrigin === undefined && last === undefined) return route;
    return { nlri: route.nlri, attributes: this.#make(route.attributes, changes) };
  }

  #make(before: OriginatedAttributes, changes: readonly AttributeChanges[]): OriginatedAttributes {
    const site = this.siteOfOrigin === undefined ? [] : [{ addExtendedCommunities: [this.siteOfOrigin] }];
    const last = this.last === undefined ? [] : [this.last];
    return this.#made.of(before, changes, '', () => changeOriginated(before, [...changes, ...site, ...last]));
  }

  #matchedOf(attributes: OriginatedAttributes): MatchedAttributes {
    let matched = this.#matched.get(attributes);
    if (matched === undefined) {
      const othersValue = (of: number) => attributes.others?.find(({ code }) => code === of)?.value;
      matched = {
        routeTargets: attributes.extendedCommunities.filter(isRouteTarget),
        communities: (othersValue(AttributeCode.COMMUNITIES) as readonly number[] | undefined) ?? [],
        largeCommunities:
          (othersValue(AttributeCode.LARGE_COMMUNITIES) as readonly LargeCommunity[] | undefined) ?? [],
        asns: NO_ASES,
        tunnelLabel: attributes.pmsiTunnel?.vni,
      };
      this.#matched.set(attributes, matched);
    }
    return matched;
  }
}
