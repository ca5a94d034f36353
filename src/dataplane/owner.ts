import type { Vni } from '../types/index.js';
import type { RoutesPosition } from './kernel-tables/routes-place.js';

/** Who wants rows in the kernel, and whose they are while they stand. */
export type RowOwner =
  | { readonly kind: 'vni'; readonly vni: Vni }
  /** The routes of one routing table (`ip route show table`) and metric, and the nexthops that they take. */
  | ({ readonly kind: 'routes' } & RoutesPosition);

/** The owner of a VNI's rows. */
export function vniOwner(vni: Vni): RowOwner {
  return { kind: 'vni', vni };
}

/** The owner of the rows of one metric in a routing table. */
export function routesOwner({ tableId, metric }: RoutesPosition): RowOwner {
  return { kind: 'routes', tableId, metric };
}

/** Behind every VNI. */
const ROUTES_FROM = 0x1000000;

/** One number for an owner, of which no other has the same. */
export function ownerNumber(owner: RowOwner): number {
  if (owner.kind === 'vni') return owner.vni;
  // A table is the underlay's alone, or a VRF's, whose two metrics are neighbors
  return ROUTES_FROM + 2 * owner.tableId + (owner.metric % 2);
}

/** The VNI whose rows they are, if it is one. */
export function vniOf(owner: RowOwner): Vni | undefined {
  return owner.kind === 'vni' ? owner.vni : undefined;
}

/** The owner as the log names it. */
export function ownerFacts(owner: RowOwner): { readonly vni: Vni } | { readonly routingTable: number } {
  return owner.kind === 'vni' ? { vni: owner.vni } : { routingTable: owner.tableId };
}
