import { Type } from '@sinclair/typebox';
import { addressOf, type PlaneKey } from '../../dataplane/index.js';
import { formatIp, formatMac, formatPrefix, type Vni } from '../../types/index.js';
import { Address, literals, MacText, nullable, Text, VniNumber } from '../schema-words.js';

/** Properties of an item about a wanted row of any owner. */
export const PlaneKeyProperties = {
  vni: nullable(VniNumber('null for a row of the underlay.')),
  table: literals(
    ['mac', 'flood', 'neigh', 'nexthop', 'nexthop-group', 'route'] as const,
    'mac: the rows of a remote MAC; flood: a default destination; neigh: a neighbor on the SVI; nexthop, nexthop-group, ' +
      'route: rows of the underlay.',
  ),
  mac: nullable(MacText('Only if the table is mac.')),
  ip: nullable(Address("The VTEP's where the table is flood, the host's where it is neigh.")),
  prefix: nullable(Text('Only if the table is route.')),
  nexthopId: nullable(Type.Integer({ description: 'Only if the table is nexthop or nexthop-group.' })),
};

/** Their values; `vni` is undefined for a row of the underlay. */
export function planeKeyItem(vni: Vni | undefined, which: PlaneKey) {
  const { mac, ip } = addressOf(which);
  return {
    vni: vni ?? null,
    table: which.table,
    mac: mac === undefined ? null : formatMac(mac),
    ip: ip === undefined ? null : formatIp(ip),
    prefix: which.table === 'route' ? formatPrefix(which.key) : null,
    nexthopId: which.table === 'nexthop' || which.table === 'nexthop-group' ? which.key : null,
  };
}
