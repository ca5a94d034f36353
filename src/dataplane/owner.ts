import type { Vni } from '../types/index.js';

/** Who wants rows in the kernel, and whose they are while they stand. */
export type RowOwner = { readonly kind: 'vni'; readonly vni: Vni };

/** The owner of a VNI's rows. */
export function vniOwner(vni: Vni): RowOwner {
  return { kind: 'vni', vni };
}

/** One number for an owner, of which no other has the same. */
export function ownerNumber({ vni }: RowOwner): number {
  return vni;
}

/** The owner as the log names it. */
export function ownerFacts({ vni }: RowOwner): { readonly vni: Vni } {
  return { vni };
}
