import type { PlaneKey } from '../../dataplane/index.js';
import { formatIp, formatMac, type Vni } from '../../types/index.js';
import { Address, literals, MacText, nullable, VniNumber } from '../schema-words.js';

/** Properties of an item about a wanted row: its VNI and address. */
export const PlaneKeyProperties = {
  vni: VniNumber(),
  table: literals(
    ['mac', 'flood', 'neigh'] as const,
    'mac: the rows of a remote MAC; flood: a default destination; neigh: a neighbor on the SVI.',
  ),
  mac: nullable(MacText('Only if the table is mac.')),
  ip: nullable(Address("The VTEP's where the table is flood, the host's where it is neigh.")),
};

/** Their values. */
export function planeKeyItem(vni: Vni, which: PlaneKey) {
  return {
    vni,
    table: which.table,
    mac: which.table === 'mac' ? formatMac(which.key) : null,
    ip: which.table === 'mac' ? null : formatIp(which.key),
  };
}
