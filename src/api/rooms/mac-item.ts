import type { DataPlane } from '../../dataplane/index.js';
import {
  bestClaim,
  bestIpClaim,
  type IpEntry,
  listOf,
  type MacEntry,
  type MacVrf,
} from '../../evpn/index.js';
import { compareIp, formatIp, formatMac, MAC_ZERO } from '../../types/index.js';
import { ipText, neighRowItem } from '../present.js';
import type { ArpEntry, MacItem } from '../schemas.js';
import { fdbItems, type HardwareRows, portName } from './kernel-rows.js';

/** A MAC that is somebody's, as the API shows it. */
export function macItem(
  dataPlane: DataPlane,
  vrf: MacVrf,
  entry: MacEntry,
  hardware: HardwareRows | undefined,
): MacItem {
  const { mac, ownership } = entry;
  const { at } = vrf;
  const local = ownership.owner === 'local' ? dataPlane.localMac(vrf.vni, mac) : undefined;
  const claim = ownership.owner === 'remote' ? bestClaim(entry.remotes, vrf, dataPlane.topology) : undefined;
  return {
    mac: formatMac(mac),
    origin: ownership.owner === 'local' ? 'local' : 'remote',
    vtep: ipText(entry.vtep),
    device: local ? portName(dataPlane, local.port) : null,
    vlan: at?.vlan || null,
    sequence: claim?.sequence ?? ownership.sequence,
    sticky: local?.isSticky ?? claim?.sticky ?? false,
    ips: [...listOf(entry.ips)].sort(compareIp).map(formatIp),
    installed:
      ownership.owner === 'local' || (dataPlane.plane(vrf.vni)?.fits({ table: 'mac', key: mac }) ?? false),
    kernel: at ? fdbItems(dataPlane, at, mac, hardware) : { bridge: null, vxlan: null },
  };
}

/** An IP that is somebody's, as the API shows it. */
export function arpItem(dataPlane: DataPlane, vrf: MacVrf, entry: IpEntry): ArpEntry {
  const { ip, owner } = entry;
  const { at } = vrf;
  const local = owner === 'local' ? dataPlane.localNeigh(vrf.vni, ip) : undefined;
  const claim = owner === 'remote' ? bestIpClaim(entry.remotes, vrf, dataPlane.topology) : undefined;
  // Between a change and the brain's look at it neither may stand any more
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
    kernel: row ? neighRowItem(row, at.sviName) : null,
  };
}
