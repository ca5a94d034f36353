import * as K from './constants.js';
import { checkIfinfo, IFINFO_LENGTH, linkIndex } from './link-codec.js';
import { eachAttribute, NetlinkFormatError, readU16, readU32 } from './message.js';
import { decodePort, type PortSettings } from './port-codec.js';

/** A stretch of VLANs of a bridge port: `vlan` to `last`, with tunnel ids from `tunnelVni` on (0 for none). */
export interface VlanRange {
  readonly vlan: number;
  readonly last: number;
  readonly pvid: boolean;
  readonly untagged: boolean;
  readonly tunnelVni: number;
}

/** An AF_BRIDGE RTM_NEWLINK of a port or of a bridge itself. */
export interface BridgeLink {
  readonly ifindex: number;
  readonly port: PortSettings | undefined;
  /** undefined where the message speaks of no VLAN at all. */
  readonly vlans: readonly VlanRange[] | undefined;
  /** Only `vlan`, `last` and `tunnelVni` of these count. */
  readonly tunnels: readonly VlanRange[];
}

/** Joins RANGE_BEGIN and RANGE_END (include/uapi/linux/if_bridge.h), single VLANs pass. */
class VlanRanges {
  readonly ranges: VlanRange[] = [];
  #begin: { vlan: number; tunnelVni: number } | undefined;

  add(vlan: number, flags: number, tunnelVni: number): void {
    if (flags & K.BRIDGE_VLAN_INFO_RANGE_BEGIN) {
      this.#begin = { vlan, tunnelVni };
      return;
    }
    const begin = flags & K.BRIDGE_VLAN_INFO_RANGE_END ? this.#begin : undefined;
    this.#begin = undefined;
    this.ranges.push({
      vlan: begin?.vlan ?? vlan,
      last: vlan,
      pvid: (flags & K.BRIDGE_VLAN_INFO_PVID) !== 0,
      untagged: (flags & K.BRIDGE_VLAN_INFO_UNTAGGED) !== 0,
      tunnelVni: begin?.tunnelVni ?? tunnelVni,
    });
  }
}

/** Decodes an RTM_NEWLINK of AF_BRIDGE (net/bridge/br_netlink.c br_fill_ifinfo). Throws NetlinkFormatError. */
export function decodeBridgeLink(bytes: Buffer, at: number, end: number): BridgeLink {
  checkIfinfo(at, end);
  const m = 'RTM_NEWLINK of AF_BRIDGE';
  let port: PortSettings | undefined;
  const vlans = new VlanRanges();
  const tunnels = new VlanRanges();
  eachAttribute(bytes, at + 16 + IFINFO_LENGTH, end, m, (type, from, to) => {
    if (type === K.IFLA_PROTINFO) port = decodePort(bytes, from, to);
    else if (type === K.IFLA_AF_SPEC)
      eachAttribute(bytes, from, to, m, (inner, start, stop) => {
        if (inner === K.IFLA_BRIDGE_VLAN_INFO) {
          const flags = readU16(bytes, start, stop, m, 'IFLA_BRIDGE_VLAN_INFO');
          vlans.add(readU16(bytes, start + 2, stop, m, 'IFLA_BRIDGE_VLAN_INFO'), flags, 0);
        } else if (inner === K.IFLA_BRIDGE_VLAN_TUNNEL_INFO) addTunnel(bytes, start, stop, tunnels);
      });
  });
  return {
    ifindex: linkIndex(bytes, at),
    port,
    vlans: vlans.ranges.length > 0 ? vlans.ranges : undefined,
    tunnels: tunnels.ranges,
  };
}

function addTunnel(bytes: Buffer, at: number, end: number, into: VlanRanges): void {
  const m = 'IFLA_BRIDGE_VLAN_TUNNEL_INFO';
  let id = 0;
  let vlan = 0;
  let flags = 0;
  eachAttribute(bytes, at, end, m, (type, from, to) => {
    if (type === K.IFLA_BRIDGE_VLAN_TUNNEL_ID) id = readU32(bytes, from, to, m, 'TUNNEL_ID');
    else if (type === K.IFLA_BRIDGE_VLAN_TUNNEL_VID) vlan = readU16(bytes, from, to, m, 'TUNNEL_VID');
    else if (type === K.IFLA_BRIDGE_VLAN_TUNNEL_FLAGS) flags = readU16(bytes, from, to, m, 'TUNNEL_FLAGS');
  });
  // The bits of PVID and UNTAGGED belong to IFLA_BRIDGE_VLAN_INFO alone
  into.add(vlan, flags & (K.BRIDGE_VLAN_INFO_RANGE_BEGIN | K.BRIDGE_VLAN_INFO_RANGE_END), id);
}

/** Decodes RTM_NEWVLAN or RTM_DELVLAN (net/bridge/br_vlan.c br_vlan_notify). Throws NetlinkFormatError. */
export function decodeVlans(
  bytes: Buffer,
  at: number,
  end: number,
): { readonly ifindex: number; readonly ranges: readonly VlanRange[] } {
  const m = 'RTM_NEWVLAN';
  if (end - at < 24) throw new NetlinkFormatError(m, 'br_vlan_msg', `${end - at - 16} of 8 octets`);
  const ranges: VlanRange[] = [];
  eachAttribute(bytes, at + 24, end, m, (type, from, to) => {
    if (type !== K.BRIDGE_VLANDB_ENTRY) return;
    let flags = 0;
    let vlan = 0;
    let last = 0;
    let tunnelVni = 0;
    eachAttribute(bytes, from, to, m, (inner, start, stop) => {
      if (inner === K.BRIDGE_VLANDB_ENTRY_INFO) {
        flags = readU16(bytes, start, stop, m, 'BRIDGE_VLANDB_ENTRY_INFO');
        vlan = readU16(bytes, start + 2, stop, m, 'BRIDGE_VLANDB_ENTRY_INFO');
      } else if (inner === K.BRIDGE_VLANDB_ENTRY_RANGE)
        last = readU16(bytes, start, stop, m, 'BRIDGE_VLANDB_ENTRY_RANGE');
      else if (inner === K.BRIDGE_VLANDB_ENTRY_TUNNEL_INFO)
        eachAttribute(bytes, start, stop, m, (leaf, a, b) => {
          if (leaf === K.BRIDGE_VLANDB_TINFO_ID)
            tunnelVni = readU32(bytes, a, b, m, 'BRIDGE_VLANDB_TINFO_ID');
        });
    });
    ranges.push({
      vlan,
      last: Math.max(vlan, last),
      pvid: (flags & K.BRIDGE_VLAN_INFO_PVID) !== 0,
      untagged: (flags & K.BRIDGE_VLAN_INFO_UNTAGGED) !== 0,
      tunnelVni,
    });
  });
  return { ifindex: bytes.readUInt32LE(at + 20), ranges };
}
