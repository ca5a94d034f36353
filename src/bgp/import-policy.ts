import {
  type AnyFamily,
  type AttributeChanges,
  changePathAttributes,
  type Nlri,
  type PathAttributes,
  type Route,
} from '../wire/index.js';
import { MadeSets } from './made-sets.js';
import { judge, type MatchedAttributes, type RoutePolicy } from './policy.js';

const NOTHING: MatchedAttributes = {
  routeTargets: [],
  communities: [],
  largeCommunities: [],
  asns: new Set(),
  tunnelLabel: undefined,
};

/** The name under which routes of our own site are refused. */
export const SITE_OF_ORIGIN = 'site-of-origin';

/**
 * What a policy makes of a neighbor's routes (RFC 4271 §9.1.1: the Adj-RIB-In holds them as they came). A route that it rejects
 * stays in the RIB as one that is never chosen, with the attributes that it came with, so that it can be explained and is
 * there when the policy changes; of one that it changes the RIB has the changed attributes, which lead back to the others.
 */
export class ImportPolicy {
  readonly #made: MadeSets<PathAttributes>;
  #matchedFor: PathAttributes | undefined;
  #matched: MatchedAttributes = NOTHING;

  /** `siteOfOrigin`: an extended community by which routes of our own site are known, and rejected before all rules. */
  constructor(
    readonly policy: RoutePolicy,
    readonly siteOfOrigin: bigint | undefined = undefined,
  ) {
    this.#made = new MadeSets(policy);
  }

  /** The attributes that the RIB has of the route: `verdict` has what became of it. */
  apply(family: AnyFamily, nlri: Route, attributes: PathAttributes): PathAttributes {
    const { policy, siteOfOrigin } = this;
    if (siteOfOrigin !== undefined && attributes.extendedCommunities.includes(siteOfOrigin))
      return this.#make(attributes, false, SITE_OF_ORIGIN, []);
    const { accepted, rule, changes } = judge(policy, family, nlri as Nlri, this.#matchedOf(attributes));
    return this.#make(attributes, accepted, rule, changes);
  }

  #make(
    before: PathAttributes,
    accepted: boolean,
    rule: string,
    changes: readonly AttributeChanges[],
  ): PathAttributes {
    return this.#made.of(before, changes, `${accepted} ${rule}`, () =>
      changePathAttributes(before, accepted ? changes : [], {
        before,
        accepted,
        policy: this.policy.name,
        rule,
      }),
    );
  }

  /** Routes that share their attributes come together. */
  #matchedOf(attributes: PathAttributes): MatchedAttributes {
    if (this.#matchedFor !== attributes) {
      this.#matchedFor = attributes;
      this.#matched = {
        routeTargets: attributes.routeTargets,
        communities: attributes.communities,
        largeCommunities: attributes.largeCommunities,
        asns: new Set(attributes.asPath.flatMap(({ asns }) => asns)),
        tunnelLabel: attributes.pmsiTunnel?.label,
      };
    }
    return this.#matched;
  }
}

/** As it came: what the policy began with, or what no policy has looked at. */
export function asReceived(attributes: PathAttributes): PathAttributes {
  return attributes.verdict?.before ?? attributes;
}

/** True for a route that the import policy of its neighbor rejects: it is in the RIB, and never chosen. */
export function isRejected({ verdict }: PathAttributes): boolean {
  return verdict !== undefined && !verdict.accepted;
}
