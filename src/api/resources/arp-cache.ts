import { type Static, Type } from '@sinclair/typebox';
import { type IpEntry, ipReason, type MacVrf } from '../../evpn/index.js';
import { formatIp, formatMac, type Ip, MAC_ZERO, type Vni } from '../../types/index.js';
import { ipOrder } from '../orders.js';
import { type Pages, pagesByKey } from '../paging.js';
import { VniPath } from '../parameters.js';
import { type HostFilter, HostQuery, hostTotal, isAmong, pageOfHosts } from '../parts/host-filter.js';
import { hardwareNeighs, NeighRowSchema, NO_NEIGHS, neighRowItem } from '../parts/kernel-rows.js';
import { ipText } from '../present.js';
import { listOf, type Resource } from '../resource.js';
import type { Rooms } from '../rooms/rooms.js';
import { Address, closed, MacText, nullable, OriginSide, ref } from '../schema-words.js';
import { isKnownVni } from './vnis.js';

const ArpEntrySchema = Type.Object(
  {
    ip: Address(),
    mac: MacText(),
    origin: OriginSide,
    vtep: nullable(Address()),
    router: Type.Boolean({ description: 'True if the host is a router (RFC 9047).' }),
    installed: Type.Boolean({ description: 'True if the kernel has the rows that it should have.' }),
    kernel: nullable(ref(NeighRowSchema)),
  },
  { $id: 'ArpEntry', ...closed },
);

export type ArpEntry = Static<typeof ArpEntrySchema>;

interface ArpReads {
  /** Returns undefined if there is no such VNI. */
  arpCache(vni: Vni, filter: HostFilter): Pages<ArpEntry> | undefined;
}

/** The IP addresses of a VNI. */
export const arpCache: Resource<ArpReads> = {
  schemas: [ArpEntrySchema],
  endpoints: [
    {
      path: '/vnis/:vni/arp-cache',
      summary: 'The IP addresses of a VNI (ARP and ND), by address, with their kernel rows',
      query: HostQuery,
      params: VniPath,
      answer: listOf('ArpEntry'),
      problems: [400, 404],
      handle: (model, request, turns) => pageOfHosts(model.arpCache, request, turns),
    },
  ],
  reads: (rooms) => ({
    arpCache(vni, filter) {
      if (!isKnownVni(rooms, vni)) return undefined;
      const vrf = rooms.evpn.vrf(vni);
      let offloaded = NO_NEIGHS;
      const pages = pagesByKey({
        total: hostTotal(vrf?.counts.localIps, vrf?.counts.remoteIps, filter),
        *rows() {
          if (vrf) for (const entry of vrf.ips.values()) yield { vrf, entry };
        },
        where: (row) => isAmong(filter, row.entry.owner, row.entry.vtep),
        key: (row) => row.entry.ip,
        order: ipOrder,
        item: (row) => arpItem(rooms, row.vrf, row.entry, offloaded),
      });
      return {
        total: pages.total,
        async page(after, limit, turns, show) {
          offloaded = await hardwareNeighs(rooms, vrf?.at);
          return pages.page(after, limit, turns, show);
        },
      };
    },
  }),
};

/** Returns the item of an IP that has an owner. */
function arpItem(
  { dataPlane, evpn }: Rooms,
  vrf: MacVrf,
  entry: IpEntry,
  offloaded: ReadonlySet<Ip>,
): ArpEntry {
  const { ip, owner } = entry;
  const { at } = vrf;
  const local = owner === 'local' ? dataPlane.localNeigh(vrf.vni, ip) : undefined;
  const claim = owner === 'remote' ? evpn.claims.bestOfIp(vrf, entry, ipReason(ip, vrf)) : undefined;
  // Between a change and its evaluation both may be gone
  const mac =
    local?.mac ?? claim?.route.mac ?? entry.claimantHere?.mac ?? entry.claimantThere?.mac ?? MAC_ZERO;
  const row = at && dataPlane.mirror.neighRow(at.sviIfindex, ip);
  return {
    ip: formatIp(ip),
    mac: formatMac(mac),
    origin: owner === 'local' ? 'local' : 'remote',
    vtep: ipText(claim?.leaf),
    router: local?.router ?? claim?.router ?? false,
    installed: owner === 'local' || (dataPlane.plane(vrf.vni)?.fits({ table: 'neigh', key: ip }) ?? false),
    kernel: row ? neighRowItem(row, at.sviName, offloaded) : null,
  };
}
