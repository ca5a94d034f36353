import { formatIp, type Ip } from '../../types/index.js';
import type { VxlanFdbRow } from '../rows.js';

/**
 * Where frames to a remote MAC go, as a value: a VTEP is its address. Two are the same where they are identical, and a row
 * has no object of its own for one; what else frames may go to (a nexthop group) is to be interned likewise. What a
 * destination is, only this file knows.
 */
export type MacDestination = Ip;

/** True where the VXLAN device's row sends frames there. */
export function leadsTo({ dst, nexthopId }: VxlanFdbRow, destination: MacDestination): boolean {
  return dst === destination && nexthopId === 0;
}

/** A row that sends frames there, in words. */
export function destinationWords(destination: MacDestination): string {
  return `has dst ${formatIp(destination)}`;
}

/** Returns where a row of the VXLAN device's sends frames, in words. */
export function rowDestinationWords({ dst, nexthopId }: VxlanFdbRow): string {
  return dst === undefined ? `points to nexthop ${nexthopId}` : destinationWords(dst);
}
