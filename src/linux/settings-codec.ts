import { type Ip, ipToBytes, isIpv4 } from '../types/index.js';
import * as K from './constants.js';
import { eachAttribute, type MessageBuffer, NetlinkFormatError, readU32 } from './message.js';

/** A flag of a bridge port, or of a VXLAN device, that is to have this value. */
export interface Setting {
  readonly ifindex: number;
  /** `port`: IFLA_BRPORT_*; `vxlan`: IFLA_VXLAN_*. */
  readonly of: 'port' | 'vxlan';
  readonly attribute: number;
  readonly value: 0 | 1;
}

const IFINFO_END = 32;

/** Writes an attribute of one octet at the octet `at`; returns the octet behind it. */
function putU8(bytes: Buffer, at: number, type: number, value: number): number {
  bytes.writeUInt16LE(5, at);
  bytes.writeUInt16LE(type, at + 2);
  bytes.writeUInt32LE(value, at + 4);
  return at + 8;
}

/** Writes an attribute's header around what `inside` writes; returns the octet behind it. */
function nest(bytes: Buffer, at: number, type: number, inside: (at: number) => number): number {
  const end = inside(at + 4);
  bytes.writeUInt16LE(end - at, at);
  bytes.writeUInt16LE(type | K.NLA_F_NESTED, at + 2);
  return end;
}

/**
 * Encodes the request that makes the setting true and nothing else: RTM_SETLINK of AF_BRIDGE for a port
 * (net/bridge/br_netlink.c br_setlink), RTM_NEWLINK without NLM_F_CREATE for a device (drivers/net/vxlan:
 * vxlan_changelink, which keeps what is not named). Returns the word behind it.
 */
export function encodeSetting(buffer: MessageBuffer, setting: Setting, sequence: number): number {
  const { bytes, words } = buffer;
  words.fill(0, 0, IFINFO_END >> 2);
  const ofPort = setting.of === 'port';
  bytes[16] = ofPort ? K.AF_BRIDGE : K.AF_UNSPEC;
  bytes.writeInt32LE(setting.ifindex, 20);
  const flag = (at: number) => putU8(bytes, at, setting.attribute, setting.value);
  const end = ofPort
    ? nest(bytes, IFINFO_END, K.IFLA_PROTINFO, flag)
    : nest(bytes, IFINFO_END, K.IFLA_LINKINFO, (at) => {
        bytes.writeUInt16LE(4 + 'vxlan\0'.length, at);
        bytes.writeUInt16LE(K.IFLA_INFO_KIND, at + 2);
        bytes.write('vxlan\0\0\0', at + 4, 'latin1');
        return nest(bytes, at + 12, K.IFLA_INFO_DATA, flag);
      });
  words[0] = end;
  words[1] = (ofPort ? K.RTM_SETLINK : K.RTM_NEWLINK) | ((K.NLM_F_REQUEST | K.NLM_F_ACK) << 16);
  words[2] = sequence;
  return end >> 2;
}

/** The way to an address, as the FIB has it now. */
export interface Way {
  /** ifindex of the device, 0 where none is named. */
  readonly device: number;
  /** The route's own MTU, 0 for none. */
  readonly mtu: number;
  /** The address is one of this machine's. */
  readonly local: boolean;
}

const RTMSG_END = 28;

/**
 * Asks the FIB for the way to an address (RTM_GETROUTE), of packets that have `from` for their source, which is of the same family;
 * returns the word behind the message.
 */
export function encodeRouteGet(buffer: MessageBuffer, to: Ip, sequence: number, from?: Ip): number {
  const { bytes, words } = buffer;
  words.fill(0, 0, RTMSG_END >> 2);
  bytes[16] = isIpv4(to) ? K.AF_INET : K.AF_INET6;
  const put = (at: number, attribute: number, address: Ip) => {
    const length = ipToBytes(address, bytes, at + 4);
    bytes.writeUInt16LE(4 + length, at);
    bytes.writeUInt16LE(attribute, at + 2);
    return length;
  };
  const length = put(RTMSG_END, K.RTA_DST, to);
  bytes[17] = length * 8;
  let end = RTMSG_END + 4 + length;
  if (from !== undefined) {
    bytes[18] = put(end, K.RTA_SRC, from) * 8;
    end += 4 + length;
  }
  words[0] = end;
  words[1] = K.RTM_GETROUTE | (K.NLM_F_REQUEST << 16);
  words[2] = sequence;
  return end >> 2;
}

/** Decodes RTM_NEWROUTE. Throws NetlinkFormatError where it is cut short. */
export function decodeWay(bytes: Buffer, at: number, end: number): Way {
  const m = 'RTM_NEWROUTE';
  if (end - at < RTMSG_END) throw new NetlinkFormatError(m, 'rtmsg', `${end - at - 16} of 12 octets`);
  let device = 0;
  let mtu = 0;
  eachAttribute(bytes, at + RTMSG_END, end, m, (type, from, to) => {
    if (type === K.RTA_OIF) device = readU32(bytes, from, to, m, 'RTA_OIF');
    else if (type === K.RTA_METRICS)
      eachAttribute(bytes, from, to, m, (metric, start, stop) => {
        if (metric === K.RTAX_MTU) mtu = readU32(bytes, start, stop, m, 'RTAX_MTU');
      });
  });
  return { device, mtu, local: bytes[at + 23] === K.RTN_LOCAL };
}
