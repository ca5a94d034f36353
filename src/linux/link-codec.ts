import type { InterfaceAddress } from '../dataplane/index.js';
import { type Ip, ipFromBytes, isIpv4, type Mac, macFromBytes } from '../types/index.js';
import * as K from './constants.js';
import { eachAttribute, NetlinkFormatError, readText, readU8, readU16, readU32 } from './message.js';

/** What evpnd reads of a VXLAN device (IFLA_VXLAN_*). */
export interface VxlanSettings {
  readonly vni: number;
  readonly local: Ip | undefined;
  /** Multicast group; a unicast `remote` is not one. */
  readonly group: Ip | undefined;
  readonly learning: boolean;
  readonly collectMetadata: boolean;
  /** The UDP port that it listens on and sends to. */
  readonly port: number;
  /** Only the VNIs of the device's filter pass (`bridge vni`). */
  readonly vniFilter: boolean;
}

/** What evpnd reads of a bridge port (IFLA_BRPORT_*). */
export interface PortSettings {
  /** BR_STATE_*: what the spanning tree, or whoever acts for it, lets the port do. */
  readonly state: number;
  readonly learning: boolean;
  readonly neighSuppress: boolean;
  /** `neighSuppress` is a matter of each VLAN. */
  readonly neighVlanSuppress: boolean;
  readonly vlanTunnel: boolean;
  /** Whether unknown unicast, multicast and broadcast leave by the port. */
  readonly flood: boolean;
  readonly mcastFlood: boolean;
  readonly bcastFlood: boolean;
}

/** A network device, as RTM_NEWLINK tells it. Plain data. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** IFF_UP: the administrator's word, not the carrier. */
  readonly up: boolean;
  /** The device below carries frames (IFF_LOWER_UP), and nothing else keeps this one from it (IFF_RUNNING). */
  readonly carrier: boolean;
  /** Somebody keeps the device from carrying frames though it is up (`protodown on`). */
  readonly protodown: boolean;
  /** One bit for each reason of that which has been given. */
  readonly protodownReasons: number;
  /** undefined where the device has none of six octets. */
  readonly mac: Mac | undefined;
  readonly mtu: number;
  /** ifindex of the master, 0 for none. */
  readonly master: number;
  /** ifindex of the device below in the same namespace, 0 for none. */
  readonly lower: number;
  /** IFLA_INFO_KIND, '' for devices without. */
  readonly kind: string;
  readonly vxlan: VxlanSettings | undefined;
  /** For kind `bridge`. */
  readonly vlanFiltering: boolean;
  /** For kind `bridge`: a spanning tree decides about its ports. */
  readonly stp: boolean;
  /** For kinds `bridge` and `vlan`: the EtherType of its tags. */
  readonly vlanProtocol: number;
  /** For kind `bridge`: milliseconds after which a learned row goes; 0 for never. */
  readonly ageingTime: number;
  /** For kind `vlan`, else 0. */
  readonly vlanId: number;
  /** For bridge ports. */
  readonly port: PortSettings | undefined;
}

/** A stretch of VLANs of a bridge port: `vlan` to `last`, with tunnel ids from `tunnelVni` on (0 for none). */
export interface VlanRange {
  readonly vlan: number;
  readonly last: number;
  readonly pvid: boolean;
  readonly untagged: boolean;
  readonly tunnelVni: number;
}

/** What an AF_BRIDGE RTM_NEWLINK tells of a port or of a bridge itself. */
export interface BridgeLink {
  readonly ifindex: number;
  readonly port: PortSettings | undefined;
  /** undefined where the message speaks of no VLAN at all. */
  readonly vlans: readonly VlanRange[] | undefined;
  /** Only `vlan`, `last` and `tunnelVni` of these count. */
  readonly tunnels: readonly VlanRange[];
}

/** A stretch of VNIs of a device's filter, all with the same group. */
export interface VniRange {
  readonly first: number;
  readonly last: number;
  /** Where BUM traffic goes by itself: a multicast group, or one VTEP. */
  readonly group: Ip | undefined;
}

/** What RTM_NEWTUNNEL or RTM_DELTUNNEL tells of a device's VNI filter. */
export interface VniFilterEntries {
  readonly ifindex: number;
  readonly ranges: readonly VniRange[];
}

/** An address of a device. */
export interface LinkAddress {
  readonly ifindex: number;
  readonly address: InterfaceAddress;
}

const IFINFO_LENGTH = 16;
const IFLA_WIRELESS = 11;
const CARRIER = K.IFF_RUNNING | K.IFF_LOWER_UP;

/** True for a group; VXLAN devices keep a single VTEP in the same attribute. */
export function isMulticastIp(ip: Ip): boolean {
  return isIpv4(ip) ? ip >>> 28 === 14 : ip.charCodeAt(0) === 0xff;
}

function readU16BigEndian(bytes: Buffer, at: number, end: number, message: string, field: string): number {
  const value = readU16(bytes, at, end, message, field);
  return ((value & 0xff) << 8) | (value >>> 8);
}

function readIp(bytes: Buffer, at: number, end: number, message: string, field: string): Ip {
  const length = end - at;
  if (length !== 4 && length !== 16)
    throw new NetlinkFormatError(message, field, `${length} octets, neither 4 nor 16`);
  return ipFromBytes(bytes, at, length);
}

function checkIfinfo(at: number, end: number): void {
  if (end - at < 16 + IFINFO_LENGTH)
    throw new NetlinkFormatError('RTM_NEWLINK', 'ifinfomsg', `${end - at - 16} of ${IFINFO_LENGTH} octets`);
}

/** `ifi_family` of the link message at `at`. Throws NetlinkFormatError where there is none. */
export function linkFamily(bytes: Buffer, at: number, end: number): number {
  checkIfinfo(at, end);
  return bytes[at + 16];
}

/** `ifi_index` of the link message at `at`, which linkFamily has checked. */
export function linkIndex(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at + 20);
}

function decodeVxlan(bytes: Buffer, at: number, end: number): VxlanSettings {
  const m = 'RTM_NEWLINK of a VXLAN device';
  let vni = 0;
  let local: Ip | undefined;
  let group: Ip | undefined;
  let learning = false;
  let collectMetadata = false;
  let vniFilter = false;
  let port = 0;
  eachAttribute(bytes, at, end, m, (type, from, to) => {
    switch (type) {
      case K.IFLA_VXLAN_ID:
        vni = readU32(bytes, from, to, m, 'IFLA_VXLAN_ID');
        break;
      case K.IFLA_VXLAN_LOCAL:
      case K.IFLA_VXLAN_LOCAL6:
        local = readIp(bytes, from, to, m, 'IFLA_VXLAN_LOCAL');
        break;
      case K.IFLA_VXLAN_GROUP:
      case K.IFLA_VXLAN_GROUP6:
        group = readIp(bytes, from, to, m, 'IFLA_VXLAN_GROUP');
        break;
      case K.IFLA_VXLAN_LEARNING:
        learning = readU8(bytes, from, to, m, 'IFLA_VXLAN_LEARNING') !== 0;
        break;
      case K.IFLA_VXLAN_PORT:
        port = readU16BigEndian(bytes, from, to, m, 'IFLA_VXLAN_PORT');
        break;
      case K.IFLA_VXLAN_COLLECT_METADATA:
        collectMetadata = readU8(bytes, from, to, m, 'IFLA_VXLAN_COLLECT_METADATA') !== 0;
        break;
      case K.IFLA_VXLAN_VNIFILTER:
        vniFilter = readU8(bytes, from, to, m, 'IFLA_VXLAN_VNIFILTER') !== 0;
        break;
    }
  });
  return {
    vni,
    local,
    group: group !== undefined && isMulticastIp(group) ? group : undefined,
    learning,
    collectMetadata,
    port,
    vniFilter,
  };
}

/** Which flag each attribute is; the kernel sends every one of them. */
const PORT_FIELDS: Readonly<Record<number, Exclude<keyof PortSettings, 'state'>>> = {
  [K.IFLA_BRPORT_LEARNING]: 'learning',
  [K.IFLA_BRPORT_NEIGH_SUPPRESS]: 'neighSuppress',
  [K.IFLA_BRPORT_NEIGH_VLAN_SUPPRESS]: 'neighVlanSuppress',
  [K.IFLA_BRPORT_VLAN_TUNNEL]: 'vlanTunnel',
  [K.IFLA_BRPORT_UNICAST_FLOOD]: 'flood',
  [K.IFLA_BRPORT_MCAST_FLOOD]: 'mcastFlood',
  [K.IFLA_BRPORT_BCAST_FLOOD]: 'bcastFlood',
};

function decodePort(bytes: Buffer, at: number, end: number): PortSettings {
  const m = 'RTM_NEWLINK of a bridge port';
  const port = {
    state: K.BR_STATE_FORWARDING,
    learning: true,
    neighSuppress: false,
    neighVlanSuppress: false,
    vlanTunnel: false,
    flood: true,
    mcastFlood: true,
    bcastFlood: true,
  };
  eachAttribute(bytes, at, end, m, (type, from, to) => {
    const field = PORT_FIELDS[type];
    if (type === K.IFLA_BRPORT_STATE) port.state = readU8(bytes, from, to, m, 'IFLA_BRPORT_STATE');
    else if (field) port[field] = readU8(bytes, from, to, m, `IFLA_BRPORT ${field}`) !== 0;
  });
  return port;
}

interface Span {
  readonly at: number;
  readonly end: number;
}

/**
 * Decodes an RTM_NEWLINK of a family other than AF_BRIDGE. undefined for events that do not describe the device.
 * Throws NetlinkFormatError where it is cut short.
 */
export function decodeLink(bytes: Buffer, at: number, end: number): Link | undefined {
  checkIfinfo(at, end);
  const m = 'RTM_NEWLINK';
  let name = '';
  let mac: Mac | undefined;
  let mtu = 0;
  let master = 0;
  let lower = 0;
  let foreign = false;
  let protodown = false;
  let protodownReasons = 0;
  let partial = false;
  let kind = '';
  let slaveKind = '';
  let data: Span | undefined;
  let slaveData: Span | undefined;
  eachAttribute(bytes, at + 16 + IFINFO_LENGTH, end, m, (type, from, to) => {
    switch (type) {
      case K.IFLA_IFNAME:
        name = readText(bytes, from, to);
        break;
      case K.IFLA_ADDRESS:
        if (to - from === 6) mac = macFromBytes(bytes, from);
        break;
      case K.IFLA_MTU:
        mtu = readU32(bytes, from, to, m, 'IFLA_MTU');
        break;
      case K.IFLA_MASTER:
        master = readU32(bytes, from, to, m, 'IFLA_MASTER');
        break;
      case K.IFLA_LINK:
        lower = readU32(bytes, from, to, m, 'IFLA_LINK');
        break;
      case K.IFLA_LINK_NETNSID:
        foreign = true;
        break;
      case K.IFLA_PROTO_DOWN:
        protodown = readU8(bytes, from, to, m, 'IFLA_PROTO_DOWN') !== 0;
        break;
      case K.IFLA_PROTO_DOWN_REASON:
        eachAttribute(bytes, from, to, 'IFLA_PROTO_DOWN_REASON', (inner, start, stop) => {
          if (inner === K.IFLA_PROTO_DOWN_REASON_VALUE)
            protodownReasons = readU32(bytes, start, stop, m, 'IFLA_PROTO_DOWN_REASON_VALUE');
        });
        break;
      case IFLA_WIRELESS:
        partial = true;
        break;
      case K.IFLA_LINKINFO:
        eachAttribute(bytes, from, to, 'IFLA_LINKINFO', (inner, start, stop) => {
          if (inner === K.IFLA_INFO_KIND) kind = readText(bytes, start, stop);
          else if (inner === K.IFLA_INFO_DATA) data = { at: start, end: stop };
          else if (inner === K.IFLA_INFO_SLAVE_KIND) slaveKind = readText(bytes, start, stop);
          else if (inner === K.IFLA_INFO_SLAVE_DATA) slaveData = { at: start, end: stop };
        });
        break;
    }
  });
  if (partial) return undefined;
  const flags = bytes.readUInt32LE(at + 24);
  const link = {
    ifindex: linkIndex(bytes, at),
    name,
    up: (flags & K.IFF_UP) !== 0,
    carrier: (flags & CARRIER) === CARRIER,
    protodown,
    protodownReasons,
    mac,
    mtu,
    master,
    // The number below counts in another namespace
    lower: foreign ? 0 : lower,
    kind,
    vxlan: undefined as VxlanSettings | undefined,
    vlanFiltering: false,
    stp: false,
    vlanProtocol: K.ETH_P_8021Q,
    ageingTime: 0,
    vlanId: 0,
    port: undefined as PortSettings | undefined,
  };
  const info = data as Span | undefined;
  const slave = slaveData as Span | undefined;
  if (info && kind === 'vxlan') link.vxlan = decodeVxlan(bytes, info.at, info.end);
  else if (info && kind === 'bridge')
    eachAttribute(bytes, info.at, info.end, m, (type, from, to) => {
      if (type === K.IFLA_BR_VLAN_FILTERING)
        link.vlanFiltering = readU8(bytes, from, to, m, 'IFLA_BR_VLAN_FILTERING') !== 0;
      else if (type === K.IFLA_BR_STP_STATE)
        link.stp = readU32(bytes, from, to, m, 'IFLA_BR_STP_STATE') !== 0;
      else if (type === K.IFLA_BR_VLAN_PROTOCOL)
        link.vlanProtocol = readU16BigEndian(bytes, from, to, m, 'IFLA_BR_VLAN_PROTOCOL');
      // In hundredths of a second, whatever the kernel's own HZ
      else if (type === K.IFLA_BR_AGEING_TIME)
        link.ageingTime = readU32(bytes, from, to, m, 'IFLA_BR_AGEING_TIME') * 10;
    });
  else if (info && kind === 'vlan')
    eachAttribute(bytes, info.at, info.end, m, (type, from, to) => {
      if (type === K.IFLA_VLAN_ID) link.vlanId = readU16(bytes, from, to, m, 'IFLA_VLAN_ID');
      else if (type === K.IFLA_VLAN_PROTOCOL)
        link.vlanProtocol = readU16BigEndian(bytes, from, to, m, 'IFLA_VLAN_PROTOCOL');
    });
  if (slave && slaveKind === 'bridge') link.port = decodePort(bytes, slave.at, slave.end);
  return link;
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

/**
 * Decodes RTM_NEWADDR or RTM_DELADDR; undefined for families other than IP. IFA_LOCAL is the device's own where both
 * stand (a point-to-point link's IFA_ADDRESS is the peer). Throws NetlinkFormatError.
 */
export function decodeAddress(bytes: Buffer, at: number, end: number): LinkAddress | undefined {
  const m = 'RTM_NEWADDR';
  if (end - at < 24) throw new NetlinkFormatError(m, 'ifaddrmsg', `${end - at - 16} of 8 octets`);
  const family = bytes[at + 16];
  if (family !== K.AF_INET && family !== K.AF_INET6) return undefined;
  let address: Ip | undefined;
  let local: Ip | undefined;
  // The octet in the header has no room for the later flags
  let flags: number = bytes[at + 18];
  eachAttribute(bytes, at + 24, end, m, (type, from, to) => {
    if (type === K.IFA_ADDRESS) address = readIp(bytes, from, to, m, 'IFA_ADDRESS');
    else if (type === K.IFA_LOCAL) local = readIp(bytes, from, to, m, 'IFA_LOCAL');
    else if (type === K.IFA_FLAGS) flags = readU32(bytes, from, to, m, 'IFA_FLAGS');
  });
  const ip = local ?? address;
  if (ip === undefined) throw new NetlinkFormatError(m, 'IFA_ADDRESS', 'none');
  return {
    ifindex: bytes.readUInt32LE(at + 20),
    address: {
      ip,
      prefixLength: bytes[at + 17],
      peer: address === ip ? undefined : address,
      state: addressState(flags),
    },
  };
}

/** An optimistic address is used while it is tentative (RFC 4429; net/ipv6/addrconf.c ipv6_chk_addr). */
function addressState(flags: number): InterfaceAddress['state'] {
  if (flags & K.IFA_F_DADFAILED) return 'dadfailed';
  return flags & K.IFA_F_TENTATIVE && !(flags & K.IFA_F_OPTIMISTIC) ? 'tentative' : 'usable';
}
