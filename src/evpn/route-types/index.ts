/** The EVPN route types that are used, a file each; others are kept and shown, and install nothing. */
import type { Destination } from '../../bgp/index.js';
import type { Topology } from '../../dataplane/index.js';
import type { Ip } from '../../types/index.js';
import { type EvpnNlri, type PathAttributes, RouteType } from '../../wire/index.js';
import type { Importers } from '../import-index.js';
import type { MacVrf } from '../mac-vrf.js';
import type { UnusedReason } from '../unused-reasons.js';
import { ethernetAutoDiscovery } from './ethernet-auto-discovery.js';
import { inclusiveMulticast } from './inclusive-multicast.js';
import { macIpAdvertisement } from './mac-ip-advertisement.js';
import type { UsedRouteType, VisitAdvertised } from './route-type.js';

export * from './inclusive-multicast.js';
export * from './mac-ip-advertisement.js';

// The compiler checks each row by its type; a caller who found the row by a route's type needs it for any route.
const USED: { readonly [Type in RouteType]?: UsedRouteType<Extract<EvpnNlri, { readonly type: Type }>> } = {
  [RouteType.ETHERNET_AUTO_DISCOVERY]: ethernetAutoDiscovery,
  [RouteType.MAC_IP_ADVERTISEMENT]: macIpAdvertisement,
  [RouteType.INCLUSIVE_MULTICAST]: inclusiveMulticast,
};

function usedTypeOf({ type }: Pick<EvpnNlri, 'type'>): UsedRouteType<EvpnNlri> | undefined {
  return USED[type] as UsedRouteType<EvpnNlri> | undefined;
}

/** True if routes of the type are used; others are kept and shown. */
export function isUsedType(route: Pick<EvpnNlri, 'type'>): boolean {
  return usedTypeOf(route) !== undefined;
}

/** Returns the VTEP that takes the frames of the route. */
export function vtepOf(route: Pick<EvpnNlri, 'type'>, attributes: PathAttributes): Ip {
  return usedTypeOf(route)?.vtepOf(attributes) ?? attributes.nextHop;
}

/** Returns what rules the route out in every VNI; undefined if nothing does. `importTags`: an Ethernet tag does not. */
export function contentReason(
  route: EvpnNlri,
  attributes: PathAttributes,
  importTags: boolean,
): UnusedReason | undefined {
  const used = usedTypeOf(route);
  return used === undefined ? 'route-type' : used.contentReason(route, attributes, importTags);
}

/** Returns why a route that the VNI imports by a route target is not its own; undefined if it may be. */
export function labelReason(
  route: EvpnNlri,
  attributes: PathAttributes,
  vrf: MacVrf,
): UnusedReason | undefined {
  return usedTypeOf(route)?.labelReason(route, attributes, vrf);
}

/** Returns why the VNI sends the route's VTEP nothing; undefined if it may. Content and label are in order. */
export function forwardingReason(
  route: EvpnNlri,
  attributes: PathAttributes,
  vrf: MacVrf,
  topology: Topology,
): UnusedReason | undefined {
  return usedTypeOf(route)?.forwardingReason(attributes, vrf, topology);
}

/** Puts a destination in its place in the VRF, and marks what depends on it. `old`: with what it stood there before. */
export function put(vrf: MacVrf, destination: Destination, now: Importers, old: Importers | undefined): void {
  const { nlri } = destination;
  usedTypeOf(nlri)?.put(vrf, destination, nlri, now, old);
}

/** Takes a destination out of the VRF, and marks what depended on it. `old`: with what it stood there. */
export function remove(vrf: MacVrf, destination: Destination, old: Importers): void {
  const { nlri } = destination;
  usedTypeOf(nlri)?.remove(vrf, destination, nlri, old);
}

/** Calls `visit` for each route that is originated for the VNI, and keeps the attributes that it returns. */
export function visitAdvertised(vrf: MacVrf, visit: VisitAdvertised): void {
  for (const used of Object.values(USED)) used.visitAdvertised?.(vrf, visit);
}
