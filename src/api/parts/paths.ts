import { type Static, Type } from '@sinclair/typebox';
import type { Path } from '../../bgp/index.js';
import { formatIp, formatRouteTarget, type RouteTarget } from '../../types/index.js';
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
  PIM_SM_TREE,
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
};

/** What of a path's attributes the routes of any family have. */
export const RoutedProperties = {
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
  origin: Type.Union([Type.Literal('igp'), Type.Literal('egp'), Type.Literal('incomplete')]),
  localPref: nullable(Count()),
  med: nullable(Count()),
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
    routeTargets: Type.Array(Text()),
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
    esi: esiText(path.nlri),
    labels: labelsOf(path.nlri),
    nextHop: formatIp(attributes.nextHop),
    asPath: asPathItem(attributes.asPath),
    origin: ORIGIN_NAMES[attributes.origin],
    localPref: attributes.localPref ?? null,
    med: attributes.med ?? null,
    originatorId: attributes.originatorId === undefined ? null : routerIdText(attributes.originatorId),
    clusterList: attributes.clusterList.map(routerIdText),
    routeTargets: extendedCommunities.filter(isRouteTarget).map(formatRouteTarget),
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
    esi: esiText(nlri),
    labels: labelsOf(nlri),
    nextHop: formatIp(attributes.nextHop),
    asPath: [],
    origin: 'igp',
    localPref: null,
    med: null,
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
  };
}

/** ORIGIN in words. */
export const ORIGIN_NAMES = {
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
export function asPathItem(asPath: readonly AsPathSegment[]): PathItem['asPath'] {
  return asPath.map(segmentItem);
}

function segmentItem(segment: AsPathSegment): PathItem['asPath'][number] {
  return { type: SEGMENT_NAMES[segment.type], asns: [...segment.asns] };
}

/** True where the path is this neighbor's; a link-local address without a zone is that of any link. */
export function isFrom({ source }: Pick<Path, 'source'>, neighbor: string | undefined): boolean {
  return neighbor === undefined || source.neighbor === neighbor || source.neighbor.startsWith(`${neighbor}%`);
}
