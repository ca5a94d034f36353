import type { Destination, LocalRoute, Path } from '../../bgp/index.js';
import type { Evpn } from '../../evpn/index.js';
import { type Ip, parseIp, type Vni } from '../../types/index.js';
import { type EvpnNlri, RouteType } from '../../wire/index.js';
import { nlriItem, originatedPathItem, pathItem } from '../present.js';
import type { RouteFilter } from '../read-model.js';
import type { RouteItem } from '../schemas.js';
import type { Rooms } from './rooms.js';

/** A row of the list of routes: one of ours, or a destination of the Adj-RIB-In. */
export type RouteRow =
  | { readonly origin: 'local'; readonly route: LocalRoute }
  | { readonly origin: 'remote'; readonly route: Destination };

/** Walks our routes, then the neighbours'; the rows are for `belongs` to judge, so that a page's walk can yield. */
export function* routeRows(local: Iterable<LocalRoute>, remote: Iterable<Destination>): Iterable<RouteRow> {
  for (const route of local) yield { origin: 'local', route };
  for (const route of remote) yield { origin: 'remote', route };
}

/** True for the rows that the filter leaves. */
export function belongs(
  row: RouteRow,
  { evpn, dataPlane }: Pick<Rooms, 'evpn' | 'dataPlane'>,
  filter: RouteFilter,
): boolean {
  if (!matches(row.route.nlri, filter)) return false;
  if (!isOfVni(row, evpn, filter.vni)) return false;
  const { neighbor, unused } = filter;
  if (neighbor === undefined && unused === undefined) return true;
  if (row.origin === 'local') return false;
  const { route } = row;
  return route.paths.some(
    (path) =>
      isFrom(path, neighbor) &&
      (unused === undefined || evpn.importer.whyPathUnused(route, path, dataPlane.topology) === unused),
  );
}

/** Octets of the attributes that the item of a route tells. */
export function routeWeight(row: RouteRow): number {
  if (row.origin === 'local') return 0;
  let octets = 0;
  for (const { attributes } of row.route.paths) octets += attributes.octets;
  return octets;
}

/** A route as the API shows it. */
export function routeItem(evpn: Evpn, row: RouteRow): RouteItem {
  const vnis = vnisOf(row, evpn);
  if (row.origin === 'local')
    return {
      ...nlriItem(row.route.nlri),
      origin: 'local',
      paths: [originatedPathItem(row.route.nlri, row.route.attributes)],
      vnis,
    };
  const { best, paths, nlri } = row.route;
  return {
    ...nlriItem(best?.nlri ?? nlri),
    origin: 'remote',
    paths: paths.map((path) => pathItem(path, path === best)),
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

function isFrom({ source }: Path, neighbor: Ip | undefined): boolean {
  return neighbor === undefined || parseIp(source.neighbor.split('%')[0]) === neighbor;
}

function matches(nlri: EvpnNlri, filter: RouteFilter): boolean {
  if (filter.type !== undefined && nlri.type !== filter.type) return false;
  if (filter.rd !== undefined && nlri.rd !== filter.rd) return false;
  if (filter.mac !== undefined)
    if (nlri.type !== RouteType.MAC_IP_ADVERTISEMENT || nlri.mac !== filter.mac) return false;
  return filter.ip === undefined || addressOf(nlri) === filter.ip;
}

function addressOf(nlri: EvpnNlri): unknown {
  if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) return nlri.ip;
  return 'originator' in nlri ? nlri.originator : undefined;
}
