import { type Mac, macFromBytes } from '../types/index.js';
import * as K from './constants.js';
import {
  eachAttribute,
  NetlinkFormatError,
  readText,
  readU8,
  readU16,
  readU16BigEndian,
  readU32,
} from './message.js';
import { decodePort, type PortSettings } from './port-codec.js';
import { decodeVxlan, type VxlanSettings } from './vxlan-codec.js';

/** A network device, as RTM_NEWLINK describes it. Plain data. */
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
  /** The switch ASIC that the device is a port of, in hexadecimal; '' for devices that are none. */
  readonly switchId: string;
  /** IFLA_INFO_KIND, '' for devices without. */
  readonly kind: string;
  readonly vxlan: VxlanSettings | undefined;
  /** For kind `bridge`. */
  readonly vlanFiltering: boolean;
  /** For kind `bridge`: a spanning tree decides about its ports. */
  readonly stp: boolean;
  /** For kind `bridge`: it looks into IGMP and MLD. */
  readonly mcastSnooping: boolean;
  /** For kinds `bridge` and `vlan`: the EtherType of its tags. */
  readonly vlanProtocol: number;
  /** For kind `bridge`: milliseconds after which a learned row goes; 0 for never. */
  readonly ageingTime: number;
  /** For kind `vlan`, else 0. */
  readonly vlanId: number;
  /** For kind `vrf`, else 0: the routing table. */
  readonly vrfTable: number;
  /** For bridge ports. */
  readonly port: PortSettings | undefined;
}

/** Length of `struct ifinfomsg` (include/uapi/linux/rtnetlink.h). */
export const IFINFO_LENGTH = 16;
const IFLA_WIRELESS = 11;
const CARRIER = K.IFF_RUNNING | K.IFF_LOWER_UP;

/** Throws NetlinkFormatError where the message at `at` has no whole `struct ifinfomsg`. */
export function checkIfinfo(at: number, end: number): void {
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
  let switchId = '';
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
      case K.IFLA_PHYS_SWITCH_ID:
        switchId = bytes.toString('hex', from, to);
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
    switchId,
    kind,
    vxlan: undefined as VxlanSettings | undefined,
    vlanFiltering: false,
    stp: false,
    mcastSnooping: false,
    vlanProtocol: K.ETH_P_8021Q,
    ageingTime: 0,
    vlanId: 0,
    vrfTable: 0,
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
      else if (type === K.IFLA_BR_MCAST_SNOOPING)
        link.mcastSnooping = readU8(bytes, from, to, m, 'IFLA_BR_MCAST_SNOOPING') !== 0;
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
  else if (info && kind === 'vrf')
    eachAttribute(bytes, info.at, info.end, m, (type, from, to) => {
      if (type === K.IFLA_VRF_TABLE) link.vrfTable = readU32(bytes, from, to, m, 'IFLA_VRF_TABLE');
    });
  if (slave && slaveKind === 'bridge') link.port = decodePort(bytes, slave.at, slave.end);
  return link;
}
