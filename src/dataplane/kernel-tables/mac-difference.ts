import { IPV4_ANY, type Ip, type Mac } from '../../types/index.js';
import type { MirroredBridgeRow } from '../bridge-rows.js';
import type { BridgeForm, Operation } from '../kernel.js';
import { hasOurMark, isConfigured, isSetByHand } from '../ownership.js';
import { Ntf, Nud, type VxlanFdbRow } from '../rows.js';
import { sourceVni, type VniAttachment } from '../topology.js';
import { leadsTo } from './destination.js';
import type { MacIntent } from './intents.js';

/*
 * What is wanted of a MAC against what stands, as operations. Pure; no operation where there is nothing to do. The order of
 * the operations is the order in which forwarding stays right: a bridge row that takes the place of another is written
 * after the vxlan row that names the VTEP, and a bridge row that points to the VXLAN device is removed before it.
 */

/** A delete with this destination removes the row whatever destination it has: one that points to a nexthop group has none. */
export const WHOLE_ROW = IPV4_ANY;

/** The bridge row is as a remote MAC's must be. */
export function bridgeRowFits(
  at: VniAttachment,
  want: MacIntent,
  row: MirroredBridgeRow | undefined,
): boolean {
  return (
    row !== undefined &&
    row.port === at.vxlanIfindex &&
    (row.flags & Ntf.EXT_LEARNED) !== 0 &&
    isPinnedAsWanted(want, row)
  );
}

/** A frame moves the row to another port, or does not, as is wanted. */
function isPinnedAsWanted(want: MacIntent, { state, flags }: MirroredBridgeRow): boolean {
  if (!want.pinned) return (state & (Nud.NOARP | Nud.PERMANENT)) === 0 && (flags & Ntf.STICKY) === 0;
  return (state & (Nud.NOARP | Nud.PERMANENT)) === Nud.NOARP && (flags & Ntf.STICKY) !== 0;
}

/** The vxlan row is as a remote MAC's must be. */
export function vxlanRowFits(want: MacIntent, row: VxlanFdbRow | undefined): boolean {
  return row !== undefined && leadsTo(row, want.to) && hasOurMark(row);
}

/**
 * May the bridge row be written? One that is configured never; a local one only when this very stay of it was beaten,
 * or while its host is not authorised, since it is nobody's then.
 */
function mayOverwrite(at: VniAttachment, want: MacIntent, row: MirroredBridgeRow | undefined): boolean {
  if (row === undefined) return true;
  if (row.port === at.vxlanIfindex) return !isSetByHand(row);
  return !isConfigured(row) && (row.epoch === want.overEpoch || (row.flags & Ntf.EXT_LOCKED) !== 0);
}

/** Operations for one MAC of one VNI; `want` undefined means no remote MAC is wanted. */
export function macDifference(
  at: VniAttachment,
  mac: Mac,
  want: MacIntent | undefined,
  bridge: MirroredBridgeRow | undefined,
  vxlan: VxlanFdbRow | undefined,
  out: Operation[],
): void {
  if (want) {
    // Each table by itself: what somebody set in one has no meaning for the other
    const isVxlanTheirs = isSetByHand(vxlan);
    const isBridgeTheirs = bridge?.port === at.vxlanIfindex && isSetByHand(bridge);
    if (!isBridgeTheirs && !mayOverwrite(at, want, bridge)) return;
    if (!bridge && !vxlan && !want.pinned) {
      // Until the VXLAN device has its row it floods the frames, as the bridge did before there was one
      out.push(fdbOperation(at, 'add', mac, want.to));
      return;
    }
    if (!isVxlanTheirs && !vxlanRowFits(want, vxlan)) {
      // A replace succeeds without effect where the row has a nexthop group, and leaves flags and state of one that
      // somebody wrote without extern_learn as they are (drivers/net/vxlan/vxlan_core.c, vxlan_fdb_update_existing). One
      // that is refused, as by a driver that changes no row, leaves the former VTEP: then it goes first
      const add = vxlanOperation(at, 'add', mac, want.to);
      if (vxlan && vxlan.nexthopId === 0 && hasOurMark(vxlan) && !want.failure)
        out.push({ ...add, replaces: true });
      else {
        if (vxlan) out.push(vxlanOperation(at, 'delete', mac, WHOLE_ROW));
        out.push(add);
      }
    }
    if (!isBridgeTheirs && !bridgeRowFits(at, want, bridge)) bridgeDifference(at, mac, want, bridge, out);
    return;
  }
  const ofBridge = bridge?.port === at.vxlanIfindex && hasOurMark(bridge);
  const dst = vxlan && hasOurMark(vxlan) ? (vxlan.dst ?? WHOLE_ROW) : undefined;
  if (ofBridge && dst !== undefined) out.push(fdbOperation(at, 'delete', mac, dst));
  else if (ofBridge) out.push(bridgeOperation(at, 'delete', mac));
  else if (dst !== undefined) out.push(vxlanOperation(at, 'delete', mac, dst));
}

/** What makes a bridge row that does not fit, and may be written, as it must be. */
function bridgeDifference(
  at: VniAttachment,
  mac: Mac,
  want: MacIntent,
  row: MirroredBridgeRow | undefined,
  out: Operation[],
): void {
  const standing = row?.port === at.vxlanIfindex ? row : undefined;
  const isOurs = hasOurMark(standing);
  if (!isOurs) {
    out.push(bridgeOperation(at, 'add', mac));
  }
  if (want.pinned) {
    out.push(bridgeOperation(at, 'add', mac, 'pinned'));
    // Where a frame took the row away just before, that took the mark along
    out.push(bridgeOperation(at, 'add', mac));
  } else if (isOurs) out.push(bridgeOperation(at, 'add', mac, 'unpinned'));
}

function fdbOperation(at: VniAttachment, verb: 'add' | 'delete', mac: Mac, dst: Ip): Operation {
  return {
    table: 'fdb',
    verb,
    port: at.vxlanIfindex,
    vlan: at.vlan,
    srcVni: sourceVni(at),
    mac,
    dst,
  };
}

function bridgeOperation(
  at: VniAttachment,
  verb: 'add' | 'delete',
  mac: Mac,
  form: BridgeForm = 'marked',
): Operation {
  return { table: 'bridge', verb, port: at.vxlanIfindex, vlan: at.vlan, mac, form };
}

function vxlanOperation(
  at: VniAttachment,
  verb: 'add' | 'delete',
  mac: Mac,
  dst: Ip,
): Extract<Operation, { table: 'vxlan' }> {
  return { table: 'vxlan', verb, ifindex: at.vxlanIfindex, srcVni: sourceVni(at), mac, dst };
}
