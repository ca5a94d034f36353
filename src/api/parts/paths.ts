import { type Static, Type } from '@sinclair/typebox';
import { type Path, sourceAddress } from '../../bgp/index.js';
import { formatCommunity, formatIp, formatRouteTarget, type RouteTarget } from '../../types/index.js';
import {
  type AsPathSegment,
  AsPathSegmentType,
  describeExtendedCommunity,
  type EvpnNlri,
  ExtendedCommunityType,
  ExtendedCommunityValue,
  extendedCommunityType,
  INGRESS_REPLICATION,
  isRouteTarget,
  Origin,
  type OriginatedAttributes,
  type PathAttributes,
  PIM_SM_TREE,
  type PolicyVerdict,
} from '../../wire/index.js';
import { ipText, routerIdText, timeText } from '../present.js';
import { Address, Count, closed, nullable, Text, Time } from '../schema-words.js';
import { esiText, labelsOf } from './nlri.js';

/** What the decision process makes of a path. */
export const BestPathProperties = {
  best: Type.Boolean(),
  lostBy: nullable(
    Text(
      'The step of the decision process that excluded it (docs/best-path.md has them in order); null for what is chosen.',
    ),
  ),
  stale: Type.Boolean({ description: 'True if it is kept while the neighbor restarts (RFC 4724).' }),
  longLivedStale: Type.Boolean({
    description:
      'True if it is kept longer than the restart time, here or, by its community LLGR_STALE, elsewhere (RFC 9494).',
  }),
};

/** What a policy may change of the attributes of a route of any family. */
const Changeable = {
  asPath: Type.Array(
    Type.Object(
      {
        type: Type.Union([
          Type.Literal('sequence'),
          Type.Literal('set'),
          Type.Literal('confed-sequence'),
          Type.Literal('confed-set'),
        ]),
        asns: Type.Array(Count()),
      },
      closed,
    ),
  ),
  localPref: nullable(Count()),
  med: nullable(Count()),
  communities: Type.Array(Text(), { description: 'RFC 1997.' }),
  largeCommunities: Type.Array(Text(), { description: 'RFC 8092: `65000:1:100`.' }),
  routeTargets: Type.Array(Text()),
};

/** What of a path's attributes the routes of any family have, and what a policy made of them. */
export const RoutedProperties = {
  ...Changeable,
  origin: Type.Union([Type.Literal('igp'), Type.Literal('egp'), Type.Literal('incomplete')]),
  importPolicy: nullable(
    Type.Object(
      {
        name: Text('Empty where the neighbor has a `site-of-origin` and no policy.'),
        rule: Text('The rule that decided; `otherwise` where none did.'),
        accepted: Type.Boolean({ description: 'False for a route that is kept, and never chosen.' }),
        before: Type.Object(Changeable, { ...closed, description: 'As the route came.' }),
      },
      { ...closed, description: 'What the import policy of the neighbor made of the route.' },
    ),
  ),
};

export const PathSchema = Type.Object(
  {
    neighbor: nullable(Address('null for our own.')),
    ...BestPathProperties,
    esi: nullable(Text()),
    labels: Type.Array(Count(), { description: 'Raw 24-bit labels: VNIs.' }),
    nextHop: Address(),
    ...RoutedProperties,
    originatorId: nullable(Address()),
    clusterList: Type.Array(Address()),
    extendedCommunities: Type.Array(Text(), { description: 'All, in the order on the wire, as text.' }),
    macMobility: nullable(Type.Object({ sequence: Count(), sticky: Type.Boolean() }, closed)),
    pmsi: nullable(
      Type.Object(
        {
          tunnelType: Count('RFC 6514 §5; 6 is ingress replication.'),
          label: Count('Raw 24 bits: the VNI.'),
          endpoint: nullable(Address()),
        },
        closed,
      ),
    ),
    receivedAt: nullable(Time()),
  },
  { $id: 'Path', ...closed },
);

export type PathItem = Static<typeof PathSchema>;

/** A neighbor's path; `lostBy`: the step that excluded it, undefined where it is chosen. */
export function pathItem(path: Path, best: boolean, lostBy: string | undefined): PathItem {
  const { attributes } = path;
  // Those of a long set are decoded for each request
  const { extendedCommunities } = attributes;
  return {
    neighbor: path.source.neighbor,
    best,
    lostBy: lostBy ?? null,
    stale: path.stale,
    longLivedStale: path.isLongLived === true || path.attributes.isLongLivedStale,
    esi: esiText(path.nlri),
    labels: labelsOf(path.nlri),
    nextHop: formatIp(attributes.nextHop),
    ...routedItem(attributes, extendedCommunities),
    originatorId: attributes.originatorId === undefined ? null : routerIdText(attributes.originatorId),
    clusterList: attributes.clusterList.map(routerIdText),
    extendedCommunities: extendedCommunities.map(describeExtendedCommunity),
    macMobility: attributes.macMobility ? { ...attributes.macMobility } : null,
    pmsi: attributes.pmsiTunnel
      ? {
          tunnelType: attributes.pmsiTunnel.tunnelType,
          label: attributes.pmsiTunnel.label,
          endpoint: ipText(attributes.pmsiTunnel.endpoint),
        }
      : null,
    receivedAt: timeText(path.receivedAt),
  };
}

type Routed = Pick<PathItem, keyof typeof RoutedProperties>;

/** Returns the values of RoutedProperties for these attributes. */
export function routedItem(
  attributes: PathAttributes,
  extendedCommunities = attributes.extendedCommunities,
): Routed {
  return {
    ...changeable(attributes, extendedCommunities),
    origin: ORIGIN_NAMES[attributes.origin],
    importPolicy: policyItem(attributes.verdict),
  };
}

function changeable(
  attributes: PathAttributes,
  extendedCommunities: readonly bigint[],
): Pick<Routed, keyof typeof Changeable> {
  return {
    localPref: attributes.localPref ?? null,
    med: attributes.med ?? null,
    communities: attributes.communities.map(formatCommunity),
    largeCommunities: [...attributes.largeCommunities],
    routeTargets: extendedCommunities.filter(isRouteTarget).map(formatRouteTarget),
    asPath: asPathItem(attributes.asPath),
  };
}

function policyItem(verdict: PolicyVerdict | undefined): PathItem['importPolicy'] {
  if (verdict === undefined) return null;
  const { policy, rule, accepted, before } = verdict;
  return { name: policy, rule, accepted, before: changeable(before, before.extendedCommunities) };
}

/** The path of a route of our own: the only one, and the best. */
export function originatedPathItem(nlri: EvpnNlri, attributes: OriginatedAttributes): PathItem {
  const { extendedCommunities, pmsiTunnel } = attributes;
  const mobility = extendedCommunities.find(
    (value) => extendedCommunityType(value) === ExtendedCommunityType.MAC_MOBILITY,
  );
  return {
    neighbor: null,
    best: true,
    lostBy: null,
    stale: false,
    longLivedStale: false,
    esi: esiText(nlri),
    labels: labelsOf(nlri),
    nextHop: formatIp(attributes.nextHop),
    asPath: [],
    origin: 'igp',
    localPref: null,
    med: null,
    communities: [],
    largeCommunities: [],
    originatorId: null,
    clusterList: [],
    routeTargets: extendedCommunities
      .filter((value): value is RouteTarget => isRouteTarget(value))
      .map(formatRouteTarget),
    extendedCommunities: extendedCommunities.map(describeExtendedCommunity),
    macMobility:
      mobility === undefined
        ? null
        : {
            sequence: ExtendedCommunityValue.sequence(mobility),
            sticky: ExtendedCommunityValue.sticky(mobility),
          },
    pmsi: pmsiTunnel
      ? {
          tunnelType: pmsiTunnel.group === undefined ? INGRESS_REPLICATION : PIM_SM_TREE,
          label: pmsiTunnel.vni,
          endpoint: pmsiTunnel.group === undefined ? formatIp(pmsiTunnel.endpoint) : null,
        }
      : null,
    receivedAt: null,
    importPolicy: null,
  };
}

/** ORIGIN in words. */
const ORIGIN_NAMES = {
  [Origin.IGP]: 'igp',
  [Origin.EGP]: 'egp',
  [Origin.INCOMPLETE]: 'incomplete',
} as const;

const SEGMENT_NAMES = {
  [AsPathSegmentType.AS_SET]: 'set',
  [AsPathSegmentType.AS_SEQUENCE]: 'sequence',
  [AsPathSegmentType.AS_CONFED_SEQUENCE]: 'confed-sequence',
  [AsPathSegmentType.AS_CONFED_SET]: 'confed-set',
} as const;

/** An AS_PATH as the API shows it. */
function asPathItem(asPath: readonly AsPathSegment[]): PathItem['asPath'] {
  return asPath.map(segmentItem);
}

function segmentItem(segment: AsPathSegment): PathItem['asPath'][number] {
  return { type: SEGMENT_NAMES[segment.type], asns: [...segment.asns] };
}

/** True where the path is this neighbor's; a link-local address without a zone is that of any link. */
export function isFrom({ source }: Pick<Path, 'source'>, neighbor: string | undefined): boolean {
  if (neighbor === undefined || source.neighbor === neighbor) return true;
  const address = sourceAddress(source);
  return address === neighbor || address.startsWith(`${neighbor}%`);
}
