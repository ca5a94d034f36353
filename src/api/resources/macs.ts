import { type Static, Type } from '@sinclair/typebox';
import { listOf as ipsOf, type MacEntry, type MacVrf, macReason } from '../../evpn/index.js';
import { compareIp, formatIp, formatMac, type Vni } from '../../types/index.js';
import { macOrder } from '../orders.js';
import { type Pages, pagesByKey } from '../paging.js';
import { VniPath } from '../parameters.js';
import { type HostFilter, HostQuery, hostTotal, isAmong, pageOfHosts } from '../parts/host-filter.js';
import { FdbRowSchema, fdbItems, NeighRowSchema, portName } from '../parts/kernel-rows.js';
import { OffloadSchema, offloadItem } from '../parts/offload.js';
import { ipText } from '../present.js';
import { listOf, type Resource } from '../resource.js';
import type { Rooms } from '../rooms/rooms.js';
import { Address, Count, closed, MacText, nullable, OriginSide, ref, Text } from '../schema-words.js';
import { isKnownVni } from './vnis.js';

const MacSchema = Type.Object(
  {
    mac: MacText(),
    origin: OriginSide,
    vtep: nullable(Address('Where a remote MAC is.')),
    device: nullable(Text('The bridge port of a local MAC.')),
    vlan: nullable(Type.Integer({ minimum: 1, maximum: 4094 })),
    sequence: Count('MAC mobility sequence number (RFC 7432 §7.7).'),
    sticky: Type.Boolean(),
    ips: Type.Array(Address()),
    installed: Type.Boolean({ description: 'True if the kernel has the rows that it should have.' }),
    offload: nullable(ref(OffloadSchema)),
    kernel: Type.Object(
      {
        bridge: nullable(ref(FdbRowSchema)),
        vxlan: nullable(ref(FdbRowSchema)),
      },
      { ...closed, description: 'The rows that the kernel has now.' },
    ),
  },
  { $id: 'Mac', ...closed },
);

export type MacItem = Static<typeof MacSchema>;

interface MacReads {
  /** Returns undefined if there is no such VNI. */
  macs(vni: Vni, filter: HostFilter): Pages<MacItem> | undefined;
}

/** The MAC addresses of a VNI. */
export const macs: Resource<MacReads> = {
  schemas: [FdbRowSchema, NeighRowSchema, OffloadSchema, MacSchema],
  endpoints: [
    {
      path: '/vnis/:vni/macs',
      summary: 'The MAC addresses of a VNI, by address, with their kernel rows',
      query: HostQuery,
      params: VniPath,
      answer: listOf('Mac'),
      problems: [400, 404],
      handle: (model, request, turns) => pageOfHosts(model.macs, request, turns),
    },
  ],
  reads: (rooms) => ({
    macs(vni, filter) {
      if (!isKnownVni(rooms, vni)) return undefined;
      const vrf = rooms.evpn.vrf(vni);
      return pagesByKey({
        total: hostTotal(vrf?.counts.localMacs, vrf?.counts.remoteMacs, filter),
        *rows() {
          if (vrf) for (const entry of vrf.macs.values()) yield { vrf, entry };
        },
        where: ({ entry }) => isAmong(filter, entry.ownership.owner, entry.vtep),
        key: (row) => row.entry.mac,
        order: macOrder,
        item: (row) => macItem(rooms, row.vrf, row.entry),
      });
    },
  }),
};

/** Returns the item of a MAC that has an owner. */
function macItem(rooms: Rooms, vrf: MacVrf, entry: MacEntry): MacItem {
  const { dataPlane, evpn, hardware } = rooms;
  const { mac, ownership } = entry;
  const { at } = vrf;
  const local = ownership.owner === 'local' ? dataPlane.localMac(vrf.vni, mac) : undefined;
  const claim =
    ownership.owner === 'remote' ? evpn.claims.bestOfMac(vrf, entry, macReason(mac, vrf)) : undefined;
  return {
    mac: formatMac(mac),
    origin: ownership.owner === 'local' ? 'local' : 'remote',
    vtep: ipText(entry.vtep),
    device: local ? portName(dataPlane, local.port) : null,
    vlan: at?.vlan || null,
    sequence: claim?.sequence ?? ownership.sequence,
    sticky: local?.isSticky ?? claim?.sticky ?? false,
    ips: [...ipsOf(entry.ips)].sort(compareIp).map(formatIp),
    installed:
      ownership.owner === 'local' || (dataPlane.plane(vrf.vni)?.fits({ table: 'mac', key: mac }) ?? false),
    offload: ownership.owner === 'local' ? null : offloadItem(hardware?.mac(vrf.vni, mac)),
    kernel: at ? fdbItems(rooms, at, mac) : { bridge: null, vxlan: null },
  };
}
