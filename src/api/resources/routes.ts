import { type Static, Type } from '@sinclair/typebox';
import type { Destination, LocalRoute } from '../../bgp/index.js';
import { type Evpn, UNUSED, type UnusedReason, whyPathUnused } from '../../evpn/index.js';
import { type Ip, type Mac, parseIp, parseMac, RouteDistinguisher, type Vni } from '../../types/index.js';
import { type EvpnNlri, RouteType } from '../../wire/index.js';
import { type Pages, pagesByKey } from '../paging.js';
import { originFilter, PageQuery, parsed, parseNeighborName, vniFilter } from '../parameters.js';
import {
  addressOfRoute,
  LAST_ROUTE_TYPE,
  NlriProperties,
  nlriItem,
  type RouteKey,
  routeOrder,
} from '../parts/nlri.js';
import { isFrom, originatedPathItem, PathSchema, pathItem } from '../parts/paths.js';
import { listOf, pageOf, type Resource } from '../resource.js';
import type { Rooms } from '../rooms/rooms.js';
import { closed, OriginSide, ref, VniNumber } from '../schema-words.js';

const RouteSchema = Type.Object(
  {
    ...NlriProperties,
    origin: OriginSide,
    paths: Type.Array(ref(PathSchema)),
    vnis: Type.Array(VniNumber(), { description: 'The VNIs that import it, or the VNI it comes from.' }),
  },
  { $id: 'Route', ...closed },
);

export type RouteItem = Static<typeof RouteSchema>;

/** Reasons of whole routes; `not-best` is one of a path, `frozen` one of an address. */
const FILTERABLE = Object.keys(UNUSED).filter((reason) => reason !== 'not-best' && reason !== 'frozen');

const RouteQuery = Type.Object(
  {
    ...PageQuery.properties,
    type: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LAST_ROUTE_TYPE,
        description: 'EVPN route type.',
        allowed: `an integer from 1 to ${LAST_ROUTE_TYPE}`,
      }),
    ),
    vni: vniFilter('A VNI that imports the route, or that it comes from.'),
    rd: Type.Optional(Type.String({ description: 'Route distinguisher.' })),
    mac: Type.Optional(Type.String({ description: 'MAC address.' })),
    ip: Type.Optional(Type.String({ description: "A host's address, or an originator's." })),
    origin: originFilter("local: of this leaf's own hosts; remote: from a neighbor."),
    neighbor: Type.Optional(
      Type.String({ description: 'A neighbor that sent a path: its address, or its interface.' }),
    ),
    unused: Type.Optional(
      Type.Unsafe<UnusedReason>(
        Type.String({
          enum: FILTERABLE,
          description: 'Routes that no VNI uses, or one of whose paths is not used, for this reason.',
          allowed: FILTERABLE.join(', '),
        }),
      ),
    ),
  },
  closed,
);

/** Which routes; an undefined field does not restrict. */
export interface RouteFilter {
  readonly type: number | undefined;
  /** A VNI that imports the route, or that originates it. */
  readonly vni: Vni | undefined;
  readonly rd: RouteDistinguisher | undefined;
  readonly mac: Mac | undefined;
  /** A host's address, or an originator's. */
  readonly ip: Ip | undefined;
  readonly origin: 'local' | 'remote' | undefined;
  /** Routes of which this neighbor sent a path; a link-local one without a zone is that of any link. */
  readonly neighbor: string | undefined;
  /** Routes that no VNI uses, for this reason. */
  readonly unused: UnusedReason | undefined;
}

interface RouteReads {
  routes(filter: RouteFilter): Pages<RouteItem>;
}

/** The EVPN routes. */
export const routes: Resource<RouteReads> = {
  schemas: [PathSchema, RouteSchema],
  endpoints: [
    {
      path: '/routes',
      summary: 'The EVPN routes, our own and received ones, with every path',
      query: RouteQuery,
      answer: listOf('Route'),
      problems: [400],
      handle: (model, { query }, turns) =>
        pageOf(model.routes(routeFilter(query as Static<typeof RouteQuery>)), query, turns),
    },
  ],
  reads: (rooms) => ({
    routes: (filter) =>
      pagesByKey<RouteRow, RouteKey, RouteItem>({
        total: null,
        rows: () =>
          routeRows(
            filter.origin === 'remote' ? [] : rooms.speaker.localRib.routes(),
            filter.origin === 'local'
              ? []
              : rooms.speaker.rib.destinationsOf({
                  rd: filter.rd,
                  type: filter.type as RouteType | undefined,
                  mac: filter.mac,
                }),
          ),
        where: (row) => belongs(row, rooms, filter),
        key: (row) => row,
        order: routeOrder,
        weight: routeWeight,
        item: (row) => routeItem(rooms, row),
      }),
  }),
};

/** Parses what the schema let pass as text. Throws Problem invalid-parameter. */
function routeFilter(query: Static<typeof RouteQuery>): RouteFilter {
  return {
    type: query.type,
    vni: query.vni as Vni | undefined,
    rd: parsed('rd', query.rd, RouteDistinguisher.parse),
    mac: parsed('mac', query.mac, parseMac),
    ip: parsed('ip', query.ip, parseIp),
    origin: query.origin,
    neighbor: parsed('neighbor', query.neighbor, parseNeighborName),
    unused: query.unused,
  };
}

/** A row of the list of routes: one of ours, or a destination of the Adj-RIB-In. */
type RouteRow =
  | { readonly origin: 'local'; readonly route: LocalRoute }
  | { readonly origin: 'remote'; readonly route: Destination };

/** Walks our routes, then the neighbors'; the rows are for `belongs` to judge, so that a page's walk can yield. */
function* routeRows(local: Iterable<LocalRoute>, remote: Iterable<Destination>): Iterable<RouteRow> {
  for (const route of local) yield { origin: 'local', route };
  for (const route of remote) yield { origin: 'remote', route };
}

/** True for the rows that the filter leaves. */
function belongs(
  row: RouteRow,
  { evpn, dataPlane }: Pick<Rooms, 'evpn' | 'dataPlane'>,
  filter: RouteFilter,
): boolean {
  if (!matches(row.route.nlri, filter)) return false;
  // Its last path has gone; one that policies reject is there
  if (row.origin === 'remote' && row.route.best === undefined && row.route.paths.length === 0) return false;
  if (!isOfVni(row, evpn, filter.vni)) return false;
  const { neighbor, unused } = filter;
  if (neighbor === undefined && unused === undefined) return true;
  if (row.origin === 'local') return false;
  const { route } = row;
  return route.paths.some(
    (path) =>
      isFrom(path, neighbor) &&
      (unused === undefined || whyPathUnused(evpn, route, path, dataPlane.topology) === unused),
  );
}

/** Octets of the attributes that the item of a route shows. */
function routeWeight(row: RouteRow): number {
  if (row.origin === 'local') return 0;
  let octets = 0;
  for (const { attributes } of row.route.paths) octets += attributes.octets;
  return octets;
}

/** A route as the API shows it. */
function routeItem({ evpn, speaker }: Pick<Rooms, 'evpn' | 'speaker'>, row: RouteRow): RouteItem {
  const vnis = vnisOf(row, evpn);
  if (row.origin === 'local')
    return {
      ...nlriItem(row.route.nlri),
      origin: 'local',
      paths: [originatedPathItem(row.route.nlri, row.route.attributes)],
      vnis,
    };
  const { best, paths, nlri } = row.route;
  const { lost } = speaker.rib.decision(row.route);
  return {
    ...nlriItem(best?.nlri ?? nlri),
    origin: 'remote',
    paths: paths.map((path) => pathItem(path, path === best, lost.get(path))),
    vnis,
  };
}

function vnisOf(row: RouteRow, evpn: Evpn): Vni[] {
  if (row.origin === 'remote') return evpn.importer.importersOf(row.route).map((vrf) => vrf.vni);
  for (const vrf of evpn.vrfs()) if (vrf.rd === row.route.nlri.rd) return [vrf.vni];
  return [];
}

function isOfVni(row: RouteRow, evpn: Evpn, vni: Vni | undefined): boolean {
  return vni === undefined || vnisOf(row, evpn).includes(vni);
}

function matches(nlri: EvpnNlri, filter: RouteFilter): boolean {
  if (filter.type !== undefined && nlri.type !== filter.type) return false;
  if (filter.rd !== undefined && nlri.rd !== filter.rd) return false;
  if (filter.mac !== undefined)
    if (nlri.type !== RouteType.MAC_IP_ADVERTISEMENT || nlri.mac !== filter.mac) return false;
  return filter.ip === undefined || addressOfRoute(nlri) === filter.ip;
}
