import {
  isWithinMac,
  type LargeCommunity,
  type MacPrefix,
  type PrefixKey,
  type PrefixRule,
  permits,
  prefixOf,
  type RouteTarget,
  type RouteTargetPattern,
  routeTargetLocalAdministrator,
  type Vni,
} from '../types/index.js';
import {
  type AnyFamily,
  type AttributeChanges,
  EVPN,
  type Nlri,
  RouteType,
  vniOfRoute,
} from '../wire/index.js';

/** What a rule matches: a route that fits every condition that is there, each of which one of its values is enough for. */
export interface PolicyMatch {
  readonly families?: readonly AnyFamily[] | undefined;
  /** EVPN route types; a route of another family has none. */
  readonly routeTypes?: readonly number[] | undefined;
  /** Inclusive ranges of the VNI in the route's label. */
  readonly vnis?: readonly { readonly first: Vni; readonly last: Vni }[] | undefined;
  readonly macs?: readonly MacPrefix[] | undefined;
  /** A prefix list, for the prefix of the route, or the IP of a host as one of full length. */
  readonly prefixes?: readonly PrefixRule[] | undefined;
  readonly routeTargets?: readonly RouteTargetPattern[] | undefined;
  /** RFC 1997, 32 bits each. */
  readonly communities?: readonly number[] | undefined;
  readonly largeCommunities?: readonly LargeCommunity[] | undefined;
  /** AS numbers anywhere in the path. */
  readonly asPath?: readonly number[] | undefined;
}

/** One rule: what it matches, and what becomes of it. `next`: the changes count, and later rules decide. */
export interface PolicyRule {
  readonly name: string;
  readonly match: PolicyMatch;
  readonly action: 'accept' | 'reject' | 'next';
  readonly set: AttributeChanges;
}

/** Rules of which the first that matches and is not `next` decides, and what becomes of what none decides. */
export interface RoutePolicy {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  readonly otherwise: 'accept' | 'reject';
}

/** What the rules look at beside the route itself. */
export interface MatchedAttributes {
  readonly routeTargets: readonly RouteTarget[];
  readonly communities: readonly number[];
  readonly largeCommunities: readonly LargeCommunity[];
  readonly asns: ReadonlySet<number>;
  /** Of a Type-3 route: the label of its PMSI tunnel. */
  readonly tunnelLabel: number | undefined;
}

/** What a policy made of a route. */
export interface Judgement {
  readonly accepted: boolean;
  /** The name of the rule that decided. */
  readonly rule: string;
  /** Of the rules that matched, in order, those that change something. */
  readonly changes: readonly AttributeChanges[];
}

/** The name of the decision where no rule made one. */
export const OTHERWISE = 'otherwise';

/** Returns which rule decides about the route, and what those on the way change of it. Pure. */
export function judge(
  { rules, otherwise }: RoutePolicy,
  family: AnyFamily,
  nlri: Nlri,
  attributes: MatchedAttributes,
): Judgement {
  const changes: AttributeChanges[] = [];
  for (const { name, match, action, set } of rules) {
    if (!matches(match, family, nlri, attributes)) continue;
    if (action !== 'reject' && Object.keys(set).length > 0) changes.push(set);
    if (action !== 'next') return { accepted: action === 'accept', rule: name, changes };
  }
  return { accepted: otherwise === 'accept', rule: OTHERWISE, changes };
}

function matches(match: PolicyMatch, family: AnyFamily, nlri: Nlri, attributes: MatchedAttributes): boolean {
  const { families, routeTypes, vnis, macs, prefixes, routeTargets, communities, largeCommunities, asPath } =
    match;
  if (families !== undefined && !families.includes(family)) return false;
  if (routeTypes !== undefined && !(family === (EVPN as AnyFamily) && routeTypes.includes(nlri.type)))
    return false;
  if (vnis !== undefined) {
    const vni = nlri.type === 0 ? undefined : vniOfRoute(nlri, attributes.tunnelLabel);
    if (vni === undefined || !vnis.some(({ first, last }) => vni >= first && vni <= last)) return false;
  }
  if (macs !== undefined) {
    const mac = nlri.type === RouteType.MAC_IP_ADVERTISEMENT ? nlri.mac : undefined;
    if (mac === undefined || !macs.some((prefix) => isWithinMac(mac, prefix))) return false;
  }
  if (prefixes !== undefined) {
    const prefix = prefixIn(nlri);
    if (prefix === undefined || !permits(prefixes, prefix)) return false;
  }
  if (routeTargets !== undefined && !routeTargets.some((pattern) => fits(pattern, attributes))) return false;
  if (communities !== undefined && !communities.some((each) => attributes.communities.includes(each)))
    return false;
  if (
    largeCommunities !== undefined &&
    !largeCommunities.some((each) => attributes.largeCommunities.includes(each))
  )
    return false;
  return asPath === undefined || asPath.some((asn) => attributes.asns.has(asn));
}

function fits(pattern: RouteTargetPattern, { routeTargets }: MatchedAttributes): boolean {
  return pattern.kind === 'exact'
    ? routeTargets.includes(pattern.routeTarget)
    : routeTargets.some((target) => routeTargetLocalAdministrator(target) === pattern.localAdministrator);
}

function prefixIn(nlri: Nlri): PrefixKey | undefined {
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT)
    return nlri.ip === undefined ? undefined : prefixOf(nlri.ip, typeof nlri.ip === 'number' ? 32 : 128);
  return 'prefixLength' in nlri ? prefixOf(nlri.prefix, nlri.prefixLength) : undefined;
}

/** True where two policies make the same of every route; an absent one leaves routes as they are. */
export function samePolicy(
  a:
    | {
        readonly policy: RoutePolicy;
        readonly siteOfOrigin: bigint | undefined;
        readonly last?: AttributeChanges | undefined;
      }
    | undefined,
  b: typeof a,
): boolean {
  return (
    a === b ||
    (a !== undefined &&
      b !== undefined &&
      a.policy === b.policy &&
      a.siteOfOrigin === b.siteOfOrigin &&
      a.last === b.last)
  );
}
