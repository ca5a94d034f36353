import type { Mac, RouteTarget, Vni } from '../types/index.js';

/**
 * What a MAC/IP route has beside for a VRF (RFC 9135 §5.1): its label, its route targets and the router's MAC. Another object
 * where any differs.
 */
export interface RoutedExport {
  readonly l3vni: Vni;
  readonly targets: readonly RouteTarget[];
  readonly routerMac: Mac;
}
