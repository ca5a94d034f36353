import { type Static, Type } from '@sinclair/typebox';
import { type Destination, neighborIn, type Path, splitNeighbor } from '../../bgp/index.js';
import { formatPrefix, type Ip, isWithin, type PrefixKey, parseIp, prefixKey } from '../../types/index.js';
import { formatNextHop, type Underlay } from '../../underlay/index.js';
import type { Prefix } from '../../wire/index.js';
import { invalidParameter } from '../errors.js';
import { prefixOrder } from '../orders.js';
import { type Pages, pagesByKey } from '../paging.js';
import { PageQuery, parsed, parseNeighborName } from '../parameters.js';
import { RouteOffloadSchema, routeOffloadItem } from '../parts/offload.js';
import { BestPathProperties, isFrom, RoutedProperties, routedItem } from '../parts/paths.js';
import { timeText } from '../present.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import type { Rooms } from '../rooms/rooms.js';
import { Address, closed, nullable, ref, Text, Time } from '../schema-words.js';

const UnderlayPath = Type.Object(
  {
    neighbor: Address('Who sent it; in a VRF with `@` and the VRF behind.'),
    ...BestPathProperties,
    chosen: Type.Boolean({ description: 'Traffic goes this way, if `unreachable` is null.' }),
    nextHop: Text('With the device behind `%` if it is link-local.'),
    unreachable: nullable(
      Type.Union(
        [
          Type.Literal('martian'),
          Type.Literal('our-own-address'),
          Type.Literal('no-route'),
          Type.Literal('default-route'),
          Type.Literal('discarded'),
          Type.Literal('loop'),
          Type.Literal('too-deep'),
        ],
        {
          description:
            'Why its next hop is of no use now; null if it is of use. default-route: the default route alone leads there, see `underlay.resolve-via-default`; discarded: a blackhole route or the like; loop: only routes lead there that are reached by it themselves; too-deep: over more than 8 BGP routes.',
        },
      ),
    ),
    resolvedBy: nullable(
      Type.Object(
        {
          kind: Type.Union([Type.Literal('connected'), Type.Literal('kernel'), Type.Literal('bgp')], {
            description:
              "connected: a network of the leaf's; kernel: a route of another program's in the main table; bgp: another route of BGP's.",
          }),
          prefix: nullable(Text('address/length; null for the link of a link-local address.')),
        },
        { description: 'By what its next hop is reached; null if it is not.', ...closed },
      ),
    ),
    ...RoutedProperties,
    receivedAt: nullable(Time()),
  },
  closed,
);

const UnderlayRouteSchema = Type.Object(
  {
    prefix: Text('address/length'),
    vrf: nullable(Text('The VRF whose route it is.')),
    unused: nullable(
      Type.Union(
        [
          Type.Literal('prefix'),
          Type.Literal('not-accepted'),
          Type.Literal('connected'),
          Type.Literal('next-hop'),
          Type.Literal('import-policy'),
        ],
        {
          description:
            'Why it is not installed; null if it is. prefix: no router announces it; not-accepted: `underlay.accept`; next-hop: no chosen path leads anywhere; import-policy: it rejects all paths.',
        },
      ),
    ),
    offload: nullable(ref(RouteOffloadSchema)),
    bestBy: Text("The step of BGP's decision process that chose the best path."),
    paths: Type.Array(UnderlayPath),
  },
  { $id: 'UnderlayRoute', ...closed },
);

export type UnderlayRouteItem = Static<typeof UnderlayRouteSchema>;

const UnderlayRouteQuery = Type.Object(
  {
    ...PageQuery.properties,
    ip: Type.Optional(Type.String({ description: 'Routes whose prefix holds this address.' })),
    neighbor: Type.Optional(
      Type.String({
        description:
          'A neighbor that sent a path: its address, or its interface; of one in a VRF, which is then meant, with `@` and the VRF behind.',
      }),
    ),
    vrf: Type.Optional(
      Type.String({ description: 'Routes of the neighbors in this VRF, in place of the others.' }),
    ),
  },
  closed,
);

/** Which routes; an undefined field does not restrict. */
export interface UnderlayRouteFilter {
  readonly ip: Ip | undefined;
  /** Without its VRF. */
  readonly neighbor: string | undefined;
  /** undefined for the underlay's. */
  readonly vrf?: string | undefined;
}

interface UnderlayRouteReads {
  underlayRoutes(filter: UnderlayRouteFilter): Pages<UnderlayRouteItem>;
}

/** The unicast routes of the neighbors, in no VRF or in one; none where the underlay is off, or nobody is in the VRF. */
export const underlayRoutes: Resource<UnderlayRouteReads> = {
  schemas: [RouteOffloadSchema, UnderlayRouteSchema],
  endpoints: [
    {
      path: '/underlay-routes',
      summary:
        'The IPv4 and IPv6 unicast routes that the neighbors sent, with every path: the underlay, empty without `underlay.enabled`, or one VRF',
      query: UnderlayRouteQuery,
      answer: listOf('UnderlayRoute'),
      problems: [400],
      handle: (model, { query }, turns) => {
        const { ip, neighbor, vrf } = query as Static<typeof UnderlayRouteQuery>;
        const sender = parsed('neighbor', neighbor, (text) => splitNeighbor(parseNeighborName(text)));
        if (vrf !== undefined && sender?.vrf !== undefined && sender.vrf !== vrf)
          throw invalidParameter('neighbor', neighbor ?? '', `a neighbor in VRF ${vrf}`);
        const filter = {
          ip: parsed('ip', ip, parseIp),
          neighbor: sender?.name,
          vrf: vrf ?? sender?.vrf,
        };
        return pageOf(model.underlayRoutes(filter), query, turns);
      },
    },
  ],
  reads: (rooms) => ({
    underlayRoutes(filter) {
      const { vrf } = filter;
      const underlay = () => (vrf === undefined ? rooms.underlay : rooms.vrfUnderlays?.of(vrf));
      return pagesByKey<Destination<Prefix>, PrefixKey, UnderlayRouteItem>({
        total: null,
        rows: () => underlay()?.destinations() ?? [],
        // The VRF may have gone since the turn before
        where: (destination) => underlay() !== undefined && belongs(destination, filter),
        key: ({ nlri }) => prefixKey(nlri.prefix, nlri.prefixLength),
        order: prefixOrder,
        weight: ({ paths }) => paths.reduce((sum, { attributes }) => sum + attributes.octets, 0),
        item: (destination) => itemOf(destination, underlay() as Underlay, vrf, rooms),
      });
    },
  }),
};

function belongs({ best, paths, nlri }: Destination<Prefix>, { ip, neighbor }: UnderlayRouteFilter): boolean {
  // Its last path has gone; one that policies reject is there
  if (best === undefined && paths.length === 0) return false;
  if (ip !== undefined && !isWithin(ip, nlri.prefix, nlri.prefixLength)) return false;
  return neighbor === undefined || paths.some((path) => isFrom(path, neighbor));
}

function itemOf(
  destination: Destination<Prefix>,
  underlay: Underlay,
  vrf: string | undefined,
  rooms: Pick<Rooms, 'hardware'>,
): UnderlayRouteItem {
  const { rule, lost, chosen } = underlay.decision(destination);
  const pathItem = (path: Path<Prefix>): UnderlayRouteItem['paths'][number] => {
    const { source, attributes, stale, receivedAt } = path;
    const { nextHop, resolution } = underlay.nextHop(path);
    const { why, by } = resolution;
    return {
      neighbor: vrf === undefined ? source.neighbor : neighborIn(vrf, source.neighbor),
      best: path === destination.best,
      lostBy: lost.get(path) ?? null,
      stale,
      longLivedStale: path.isLongLived === true || attributes.isLongLivedStale,
      chosen: chosen.includes(path),
      nextHop: formatNextHop(nextHop),
      unreachable: why ?? null,
      resolvedBy: by
        ? { kind: by.kind, prefix: by.prefix === undefined ? null : formatPrefix(by.prefix) }
        : null,
      ...routedItem(attributes),
      receivedAt: timeText(receivedAt),
    };
  };
  const { prefix, prefixLength } = destination.nlri;
  const key = prefixKey(prefix, prefixLength);
  return {
    prefix: formatPrefix(key),
    vrf: vrf ?? null,
    unused: underlay.whyUnused(destination) ?? null,
    offload: routeOffloadItem(rooms.hardware?.routes.route(underlay.routes.plane, key)),
    bestBy: rule,
    paths: destination.paths.map(pathItem),
  };
}
