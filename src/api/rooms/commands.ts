import type { Evpn } from '../../evpn/index.js';
import type { Commands } from '../commands.js';

/** The commands over the running rooms. */
export function roomsCommands({ duplicates }: Pick<Evpn, 'duplicates'>): Commands {
  return {
    clearDuplicates({ vni, mac, ip }) {
      if (mac !== undefined) return Number(duplicates.clear({ vni, mac }));
      return ip !== undefined ? Number(duplicates.clear({ vni, ip })) : duplicates.clearAll(vni);
    },
  };
}
