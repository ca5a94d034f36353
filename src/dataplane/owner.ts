import type { Vni } from '../types/index.js';

/** Who wants rows in the kernel, and whose they are while they stand. */
export type RowOwner =
  | { readonly kind: 'vni'; readonly vni: Vni }
  /** The routes of one routing table (`ip route show table`), and the nexthops that they take. */
  | { readonly kind: 'routes'; readonly tableId: number };

/** The owner of a VNI's rows. */
export function vniOwner(vni: Vni): RowOwner {
  return { kind: 'vni', vni };
}

/** The owner of a routing table's rows. */
export function routesOwner(tableId: number): RowOwner {
  return { kind: 'routes', tableId };
}

/** Behind every VNI. */
const ROUTES_FROM = 0x1000000;

/** One number for an owner, of which no other has the same. */
export function ownerNumber(owner: RowOwner): number {
  return owner.kind === 'vni' ? owner.vni : ROUTES_FROM + owner.tableId;
}

/** The VNI whose rows they are, if it is one. */
export function vniOf(owner: RowOwner): Vni | undefined {
  return owner.kind === 'vni' ? owner.vni : undefined;
}

/** The owner as the log names it. */
export function ownerFacts(owner: RowOwner): { readonly vni: Vni } | { readonly routingTable: number } {
  return owner.kind === 'vni' ? { vni: owner.vni } : { routingTable: owner.tableId };
}
