import type { MirroredBridgeRow } from '../bridge-rows.js';
import type { Operation } from '../kernel.js';
import { hasOurMark, isSetByHand } from '../ownership.js';
import { Ntf, Nud, type VxlanFdbRow } from '../rows.js';
import { sourceVni, type VniAttachment } from '../topology.js';
import type { MacIntent } from './intents.js';

/*
 * A row that somebody sets by hand while a write of ours is on its way is written over: the bridge and the VXLAN driver
 * heed no condition of ours but that of the row's absence, and a move has none. The kernel reports theirs first and ours
 * behind it, which is how it is noticed. Each function gives the operations that make the row again what it was,
 * none where ours did not land on one.
 */

/** True for a row that a message of ours can name by all that it has: not by a port, VNI or device of its own. */
function isSetHere(row: VxlanFdbRow): boolean {
  return isSetByHand(row) && (row.flags & Ntf.OTHER_TUNNEL) === 0;
}

/** `extern_learn` over a row on the same port leaves it static, and takes one on another port away (br_fdb_external_learn_add). */
export function bridgeRowBack(
  at: VniAttachment,
  want: MacIntent | undefined,
  before: MirroredBridgeRow | undefined,
  after: MirroredBridgeRow | undefined,
): Operation[] {
  if (!want || !before || !isSetByHand(before) || after?.port !== at.vxlanIfindex || !hasOurMark(after))
    return [];
  // What we pin is without our mark for a moment
  if (want.pinned && before.port === after.port && (before.state & Nud.PERMANENT) === 0) return [];
  const { vlan, mac } = before;
  return [
    { table: 'bridge', verb: 'delete', port: after.port, vlan, mac, form: 'marked' },
    { table: 'by-hand', verb: 'add', of: 'bridge', row: before },
  ];
}

/** A row that somebody set keeps state and flags under a write of ours, and gets its destination (vxlan_fdb_update_existing). */
export function vxlanRowBack(
  at: VniAttachment,
  want: MacIntent | undefined,
  before: VxlanFdbRow | undefined,
  after: VxlanFdbRow,
): Operation[] {
  if (!want || !before || !isSetHere(before) || !isSetHere(after)) return [];
  if (before.dst === undefined || before.dst === want.to || after.dst !== want.to) return [];
  const { ifindex, mac, dst } = before;
  return [{ table: 'vxlan', verb: 'add', ifindex, srcVni: sourceVni(at), mac, dst }];
}
