import { MAC_ZERO } from '../types/index.js';
import type { BridgeForm } from './kernel.js';
import { RTPROT_BGP } from './ownership.js';
import { type BridgeFdbRow, Ntf, Nud } from './rows.js';

/** What the kernel shows of the rows that each operation writes. */
export const OUR_ROWS = {
  bridge: { state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED },
  /** Of a MAC that no frame may move: sticky, default gateway's, immutable, frozen. */
  pinnedBridge: { state: Nud.NOARP, flags: Ntf.EXT_LEARNED | Ntf.STICKY },
  vxlan: { state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED },
  vxlanDefault: { mac: MAC_ZERO, state: Nud.NOARP | Nud.PERMANENT, flags: Ntf.SELF },
  neigh: { state: Nud.NOARP, flags: Ntf.EXT_LEARNED, protocol: RTPROT_BGP },
} as const;

const FIXED = Nud.NOARP | Nud.PERMANENT;

/** State and flags of a port's row of a MAC when an operation of that form was applied to `before`, its row until then. */
export function bridgeRowAfter(
  before: Pick<BridgeFdbRow, 'state' | 'flags'> | undefined,
  form: BridgeForm,
): { readonly state: number; readonly flags: number } {
  const flags = before?.flags ?? 0;
  if (form === 'pinned') return { state: Nud.NOARP, flags: flags | Ntf.STICKY };
  if (form === 'unpinned') return { state: Nud.REACHABLE, flags: flags & ~Ntf.STICKY };
  if (before === undefined || (before.state & FIXED) === 0) return OUR_ROWS.bridge;
  return { state: before.state, flags: flags | Ntf.EXT_LEARNED };
}
