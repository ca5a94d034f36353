import {
  type AnyFamily,
  type AttributeChanges,
  AttributeCode,
  changeOriginated,
  isRouteTarget,
  type Nlri,
  type OriginatedAttributes,
} from '../wire/index.js';
import { judge, type MatchedAttributes, type RoutePolicy } from './policy.js';
import type { LocalRoute } from './route.js';

const NO_ASES: ReadonlySet<number> = new Set();

/** What a policy makes of the routes that a neighbor is sent. */
export class ExportPolicy {
  /** What was made of each set, by the rules that it took: packing compares attributes by identity. */
  readonly #made = new WeakMap<OriginatedAttributes, Map<string, OriginatedAttributes>>();
  readonly #matched = new WeakMap<OriginatedAttributes, MatchedAttributes>();

  /** `siteOfOrigin`: an extended community that each route gets. */
  constructor(
    readonly policy: RoutePolicy,
    readonly siteOfOrigin: bigint | undefined = undefined,
  ) {}

  /** The route as the neighbor is to have it; undefined where it is not to. */
  apply<Own extends Nlri>(family: AnyFamily, route: LocalRoute<Own>): LocalRoute<Own> | undefined {
    const { policy, siteOfOrigin } = this;
    const { accepted, changes } = judge(policy, family, route.nlri, this.#matchedOf(route.attributes));
    if (!accepted) return undefined;
    if (changes.length === 0 && siteOfOrigin === undefined) return route;
    return { nlri: route.nlri, attributes: this.#make(route.attributes, changes) };
  }

  #make(before: OriginatedAttributes, changes: readonly AttributeChanges[]): OriginatedAttributes {
    let made = this.#made.get(before);
    if (made === undefined) {
      made = new Map();
      this.#made.set(before, made);
    }
    const key = changes.map((each) => this.policy.rules.findIndex(({ set }) => set === each)).join();
    let attributes = made.get(key);
    if (attributes === undefined) {
      const site = this.siteOfOrigin === undefined ? [] : [{ addExtendedCommunities: [this.siteOfOrigin] }];
      attributes = changeOriginated(before, [...changes, ...site]);
      made.set(key, attributes);
    }
    return attributes;
  }

  #matchedOf(attributes: OriginatedAttributes): MatchedAttributes {
    let matched = this.#matched.get(attributes);
    if (matched === undefined) {
      const communities = attributes.others?.find(({ code }) => code === AttributeCode.COMMUNITIES)?.value;
      matched = {
        routeTargets: attributes.extendedCommunities.filter(isRouteTarget),
        communities: (communities as readonly number[] | undefined) ?? [],
        asns: NO_ASES,
        tunnelLabel: attributes.pmsiTunnel?.vni,
      };
      this.#matched.set(attributes, matched);
    }
    return matched;
  }
}

/** True where two policies make the same of every route; an absent one leaves routes as they are. */
export function samePolicy(
  a: { readonly policy: RoutePolicy; readonly siteOfOrigin: bigint | undefined } | undefined,
  b: typeof a,
): boolean {
  return (
    a === b ||
    (a !== undefined && b !== undefined && a.policy === b.policy && a.siteOfOrigin === b.siteOfOrigin)
  );
}
