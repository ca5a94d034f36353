import type { Mac } from '../types/index.js';
import type { MirroredBridgeRow } from './bridge-rows.js';
import { type NeighRow, Ntf, Nud } from './rows.js';
import type { Topology } from './topology.js';

/*
 * Whose a row is: every part of the data plane asks here. The manual has the same rules as a table ("Whose row it is"),
 * which test/dataplane/whose-row.test.ts holds against this. A row shows by itself whose it is, so that the answer is the
 * same after a restart, with one exception: default destinations carry no mark, and our-defaults.ts remembers which are
 * ours.
 */

/** RTPROT_BGP and RTPROT_ZEBRA (include/uapi/linux/rtnetlink.h). */
export const RTPROT_BGP = 186;
const RTPROT_ZEBRA = 11;

/**
 * `rtm_protocol` and `nh_protocol` of our routes and nexthops. Not RTPROT_BGP: zebra takes a route with that for its own, and
 * removes it when it starts (FRR's zebra/rt_netlink.c is_selfroute). None that iproute2's etc/iproute2/rt_protos has.
 */
export const RTPROT_EVPND = 69;

/**
 * True for an FDB row with the mark of a control plane, NTF_EXT_LEARNED. On the VXLAN port and the VXLAN device of a
 * served VNI it is ours to adopt, change and remove, whoever wrote it: the kernel keeps no NDA_PROTOCOL of FDB rows. No
 * control plane writes one that sends to another UDP port, VNI or device than the VXLAN device's own.
 */
export function hasOurMark(row: { readonly flags: number } | undefined): boolean {
  return row !== undefined && (row.flags & (Ntf.EXT_LEARNED | Ntf.OTHER_TUNNEL)) === Ntf.EXT_LEARNED;
}

/**
 * True for a row that somebody configured: without NTF_EXT_LEARNED, or with a tunnel of its own. It is never overwritten
 * and never removed, in whichever table it is.
 */
export function isSetByHand(row: { readonly state: number; readonly flags: number } | undefined): boolean {
  if (row === undefined) return false;
  if ((row.flags & Ntf.EXT_LEARNED) !== 0) return (row.flags & Ntf.OTHER_TUNNEL) !== 0;
  return isConfigured(row);
}

/** True for a row that is configured (static, permanent or sticky): the kernel neither learned it nor ages it. */
export function isConfigured({ state, flags }: { readonly state: number; readonly flags: number }): boolean {
  return (state & (Nud.NOARP | Nud.PERMANENT)) !== 0 || (flags & Ntf.STICKY) !== 0;
}

/**
 * True for a neighbor that an EVPN control plane wrote: NTF_EXT_LEARNED and the protocol of evpnd or of FRR, whose rows
 * are adopted as those of its FDB rows are. Other agents' `extern_learn` neighbors are no different from learned ones.
 */
export function isOurNeigh(row: Pick<NeighRow, 'flags' | 'protocol'> | undefined): boolean {
  return row !== undefined && isControlPlanes(row.flags, row.protocol);
}

function isControlPlanes(flags: number, protocol: number): boolean {
  return (flags & Ntf.EXT_LEARNED) !== 0 && (protocol === RTPROT_BGP || protocol === RTPROT_ZEBRA);
}

const NEIGH_VALID = Nud.REACHABLE | Nud.STALE | Nud.DELAY | Nud.PROBE | Nud.NOARP | Nud.PERMANENT;

/** True for a usable neighbor that the kernel learned, or that an operator or another agent wrote. */
export function isLocalNeigh<Row extends NeighRow>(row: Row | undefined): row is Row & { readonly mac: Mac } {
  return row !== undefined && row.mac !== undefined && isUsableHere(row.state, row.flags, row.protocol);
}

/** True for state, flags and protocol of such a neighbor. */
export function isUsableHere(state: number, flags: number, protocol: number): boolean {
  return (state & NEIGH_VALID) !== 0 && !isControlPlanes(flags, protocol);
}

/**
 * True for a bridge row of a local host: it points to an access port, is none of the bridge's own addresses, and its
 * host is authorised to send (NTF_EXT_LOCKED marks one that is not: 802.1X, MAB).
 */
export function isLocalRow(row: MirroredBridgeRow, topology: Topology): boolean {
  return isHostRow(row) && topology.ports.get(row.port)?.role === 'access';
}

/**
 * True for a bridge row of a local host, also where the topology lacks its port: a new port's rows may be heard before it,
 * and those of a port that left after it.
 */
export function mayBeLocalRow(row: MirroredBridgeRow, topology: Topology): boolean {
  return isHostRow(row) && (topology.ports.get(row.port)?.role ?? 'access') === 'access';
}

function isHostRow({ state, flags }: MirroredBridgeRow): boolean {
  return (state & Nud.PERMANENT) === 0 && (flags & Ntf.EXT_LOCKED) === 0;
}
