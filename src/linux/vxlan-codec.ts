import { type Ip, isIpv4 } from '../types/index.js';
import * as K from './constants.js';
import { eachAttribute, readIp, readU8, readU16BigEndian, readU32, readU32BigEndian } from './message.js';

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
  readonly tunnel: TunnelSettings;
}

/** How it makes and takes packets: of no matter to a VNI in software, but to the drivers of switch ASICs. */
export interface TunnelSettings {
  /** 0 for whatever the kernel has. */
  readonly ttl: number;
  readonly tos: number;
  /** IPv6 flow label. */
  readonly flowLabel: number;
  /** ifindex of the device that it is bound to, 0 for none. */
  readonly link: number;
  /** UDP source ports, lowest and highest; 0 and 0 for the kernel's own. */
  readonly sourcePorts: readonly [lowest: number, highest: number];
  /** What is on of the words that `ip link … type vxlan` has, in the order of `FLAGS`. */
  readonly flags: readonly TunnelFlag[];
}

/** Attributes that are on or off, by iproute2's word; where the kernel sends one at all it is on, but for octets of 0. */
const FLAGS = {
  [K.IFLA_VXLAN_PROXY]: 'proxy',
  [K.IFLA_VXLAN_RSC]: 'rsc',
  [K.IFLA_VXLAN_L2MISS]: 'l2miss',
  [K.IFLA_VXLAN_L3MISS]: 'l3miss',
  [K.IFLA_VXLAN_UDP_CSUM]: 'udpcsum',
  [K.IFLA_VXLAN_UDP_ZERO_CSUM6_TX]: 'udp6zerocsumtx',
  [K.IFLA_VXLAN_UDP_ZERO_CSUM6_RX]: 'udp6zerocsumrx',
  [K.IFLA_VXLAN_REMCSUM_TX]: 'remcsumtx',
  [K.IFLA_VXLAN_REMCSUM_RX]: 'remcsumrx',
  [K.IFLA_VXLAN_GBP]: 'gbp',
  [K.IFLA_VXLAN_GPE]: 'gpe',
  [K.IFLA_VXLAN_TTL_INHERIT]: 'ttl inherit',
} as const;

export type TunnelFlag = (typeof FLAGS)[keyof typeof FLAGS];

/** Of a device of which nothing is said. */
export const PLAIN_TUNNEL: TunnelSettings = {
  ttl: 0,
  tos: 0,
  flowLabel: 0,
  link: 0,
  sourcePorts: [0, 0],
  flags: [],
};

/** True for a group; VXLAN devices keep a single VTEP in the same attribute. */
export function isMulticastIp(ip: Ip): boolean {
  return isIpv4(ip) ? ip >>> 28 === 14 : ip.charCodeAt(0) === 0xff;
}

/** Decodes IFLA_INFO_DATA of kind `vxlan`. Throws NetlinkFormatError. */
export function decodeVxlan(bytes: Buffer, at: number, end: number): VxlanSettings {
  const m = 'RTM_NEWLINK of a VXLAN device';
  let vni = 0;
  let local: Ip | undefined;
  let group: Ip | undefined;
  let learning = false;
  let collectMetadata = false;
  let vniFilter = false;
  let port = 0;
  const tunnel: { -readonly [Field in keyof TunnelSettings]: TunnelSettings[Field] } = { ...PLAIN_TUNNEL };
  const flags: TunnelFlag[] = [];
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
      case K.IFLA_VXLAN_TTL:
        tunnel.ttl = readU8(bytes, from, to, m, 'IFLA_VXLAN_TTL');
        break;
      case K.IFLA_VXLAN_TOS:
        tunnel.tos = readU8(bytes, from, to, m, 'IFLA_VXLAN_TOS');
        break;
      case K.IFLA_VXLAN_LABEL:
        tunnel.flowLabel = readU32BigEndian(bytes, from, to, m, 'IFLA_VXLAN_LABEL');
        break;
      case K.IFLA_VXLAN_LINK:
        tunnel.link = readU32(bytes, from, to, m, 'IFLA_VXLAN_LINK');
        break;
      case K.IFLA_VXLAN_PORT_RANGE: {
        // struct ifla_vxlan_port_range
        const both = readU32BigEndian(bytes, from, to, m, 'IFLA_VXLAN_PORT_RANGE');
        tunnel.sourcePorts = [both >>> 16, both & 0xffff];
        break;
      }
      default:
        if (type in FLAGS && (to === from || bytes[from] !== 0))
          flags.push(FLAGS[type as keyof typeof FLAGS]);
    }
  });
  tunnel.flags = flags;
  return {
    vni,
    local,
    group: group !== undefined && isMulticastIp(group) ? group : undefined,
    learning,
    collectMetadata,
    port,
    vniFilter,
    tunnel,
  };
}
