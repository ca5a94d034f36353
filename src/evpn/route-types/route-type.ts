import type { Destination } from '../../bgp/index.js';
import type { Topology } from '../../dataplane/index.js';
import type { Ip } from '../../types/index.js';
import {
  type EvpnNlri,
  type OriginatedAttributes,
  type PathAttributes,
  TUNNEL_TYPE_VXLAN,
} from '../../wire/index.js';
import type { Importers } from '../import-index.js';
import type { MacVrf } from '../mac-vrf.js';
import type { UnusedReason } from '../unused-reasons.js';

/** Takes a route that is originated, and returns the attributes to be kept for it. */
export type VisitAdvertised = (route: EvpnNlri, attributes: OriginatedAttributes) => OriginatedAttributes;

/** What a leaf makes of one EVPN route type. */
export interface UsedRouteType<Route> {
  /** Returns the VTEP that takes the frames of the route. */
  vtepOf(attributes: PathAttributes): Ip;
  /** Returns what rules the route out in every VNI; undefined if nothing does. `importTags`: an Ethernet tag does not. */
  contentReason(route: Route, attributes: PathAttributes, importTags: boolean): UnusedReason | undefined;
  /** Returns why a route that the VNI imports by a route target is not its own; undefined if it may be. */
  labelReason(route: Route, attributes: PathAttributes, vrf: MacVrf): UnusedReason | undefined;
  /** Returns why the VNI sends its VTEP nothing; undefined if it may. Content and label are in order. */
  forwardingReason(attributes: PathAttributes, vrf: MacVrf, topology: Topology): UnusedReason | undefined;
  /** Puts a destination in its place in the VRF, and marks what depends on it. `old`: with what it stood there before. */
  put(vrf: MacVrf, destination: Destination, route: Route, now: Importers, old: Importers | undefined): void;
  /** Takes a destination out of the VRF, and marks what depended on it. `old`: with what it stood there. */
  remove(vrf: MacVrf, destination: Destination, route: Route, old: Importers): void;
  /** Calls `visit` for each route of the type that is originated for the VNI, in the order in which others need them. */
  visitAdvertised?(vrf: MacVrf, visit: VisitAdvertised): void;
}

/** Returns what the Ethernet tag rules out (RFC 7432 §6.1: the VLAN-based service has none). */
export function tagReason(ethernetTag: number, importTags: boolean): UnusedReason | undefined {
  return ethernetTag === 0 || importTags ? undefined : 'ethernet-tag';
}

/** Returns why the encapsulations that the route offers cannot be used; none at all leaves VXLAN (RFC 8365 §5.1.2). */
export function encapsulationReason({ encapsulations }: PathAttributes): UnusedReason | undefined {
  return encapsulations.length > 0 && !encapsulations.includes(TUNNEL_TYPE_VXLAN)
    ? 'encapsulation'
    : undefined;
}
