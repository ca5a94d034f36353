import { MAC_ZERO } from '../types/index.js';
import { Ntf, Nud } from './rows.js';

/** RTPROT_BGP (include/uapi/linux/rtnetlink.h). */
export const RTPROT_BGP = 186;

/** What the kernel shows of the rows that each operation writes; it makes no `extern_learn` bridge row static or sticky. */
export const OUR_ROWS = {
  bridge: { state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED },
  vxlan: { state: Nud.REACHABLE, flags: Ntf.SELF | Ntf.EXT_LEARNED },
  vxlanDefault: { mac: MAC_ZERO, state: Nud.NOARP | Nud.PERMANENT, flags: Ntf.SELF },
  neigh: { state: Nud.NOARP, flags: Ntf.EXT_LEARNED, protocol: RTPROT_BGP },
} as const;
