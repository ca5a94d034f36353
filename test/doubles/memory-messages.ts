import {
  type BridgeFdbRow,
  type InterfaceAddress,
  type NeighRow,
  Ntf,
  type Topology,
  type VniAttachment,
  type VxlanFdbRow,
} from '../../src/dataplane/index.js';
import * as K from '../../src/linux/constants.js';
import { type Ip, ipToBytes, isIpv4, type Mac, macToBytes } from '../../src/types/index.js';

const RTN_UNICAST = 1;
const LARGEST = 4096;

/** Puts messages together as the kernel words them, one at a time. */
class Writer {
  readonly #bytes = Buffer.alloc(LARGEST);
  #length = 0;

  begin(type: number, flags: number, sequence: number, body: number): Buffer {
    this.#bytes.fill(0, 0, 16 + body);
    this.#bytes.writeUInt16LE(type, 4);
    this.#bytes.writeUInt16LE(flags, 6);
    this.#bytes.writeUInt32LE(sequence, 8);
    this.#length = 16 + body;
    return this.#bytes;
  }

  number(type: number, value: number, octets: 1 | 2 | 4): void {
    this.#bytes.writeUIntLE(value, this.#attribute(type, octets), octets);
  }

  text(type: number, value: string): void {
    this.#bytes.write(value, this.#attribute(type, value.length + 1), 'latin1');
  }

  mac(type: number, mac: Mac): void {
    macToBytes(mac, this.#bytes, this.#attribute(type, 6));
  }

  ip(type: number, ip: Ip): void {
    ipToBytes(ip, this.#bytes, this.#attribute(type, isIpv4(ip) ? 4 : 16));
  }

  nested(type: number, inside: () => void): void {
    const at = this.#attribute(type | K.NLA_F_NESTED, 0) - 4;
    inside();
    this.#bytes.writeUInt16LE(this.#length - at, at);
  }

  end(): Buffer {
    this.#bytes.writeUInt32LE(this.#length, 0);
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  /** Where the value goes. */
  #attribute(type: number, octets: number): number {
    const at = this.#length;
    this.#bytes.writeUInt16LE(4 + octets, at);
    this.#bytes.writeUInt16LE(type, at + 2);
    this.#bytes.fill(0, at + 4, at + 4 + ((octets + 3) & ~3));
    this.#length += 4 + ((octets + 3) & ~3);
    return at + 4;
  }
}

const writer = new Writer();

/** What of a row's flags has no room in `ndm_flags`. */
function extendedFlags(flags: number): void {
  if (flags > 0xff) writer.number(K.NDA_FLAGS_EXT, flags >>> 8, 4);
}

function beginRow(
  type: number,
  sequence: number,
  family: number,
  { ifindex, state, flags }: { ifindex: number; state: number; flags: number },
): void {
  const bytes = writer.begin(type, 0, sequence, 12);
  bytes[16] = family;
  bytes.writeUInt32LE(ifindex, 20);
  bytes.writeUInt16LE(state, 24);
  bytes[26] = flags & 0xff;
  bytes[27] = RTN_UNICAST;
}

/** A bridge's row as net/bridge/br_fdb.c fdb_fill_info words it; `type` is RTM_NEWNEIGH or RTM_DELNEIGH. */
export function bridgeRowMessage(type: number, row: BridgeFdbRow, sequence = 0): Buffer {
  beginRow(type, sequence, K.AF_BRIDGE, { ...row, ifindex: row.port });
  writer.mac(K.NDA_LLADDR, row.mac);
  writer.number(K.NDA_MASTER, row.bridgeIfindex, 4);
  extendedFlags(row.flags);
  if (row.vlan !== 0) writer.number(K.NDA_VLAN, row.vlan, 2);
  return writer.end();
}

/** A VXLAN device's row as drivers/net/vxlan: vxlan_fdb_info words it. */
export function vxlanRowMessage(type: number, row: VxlanFdbRow, sequence = 0): Buffer {
  beginRow(type, sequence, K.AF_BRIDGE, { ...row, flags: row.flags | Ntf.SELF });
  writer.mac(K.NDA_LLADDR, row.mac);
  if (row.dst !== undefined) writer.ip(K.NDA_DST, row.dst);
  if (row.nexthopId !== 0) writer.number(K.NDA_NH_ID, row.nexthopId, 4);
  if (row.srcVni !== 0) writer.number(K.NDA_SRC_VNI, row.srcVni, 4);
  if ((row.flags & Ntf.OTHER_TUNNEL) !== 0) writer.number(K.NDA_IFINDEX, 1, 4);
  return writer.end();
}

/** A neighbor as net/core/neighbour.c neigh_fill_info words it. */
export function neighRowMessage(type: number, row: NeighRow, sequence = 0): Buffer {
  beginRow(type, sequence, isIpv4(row.ip) ? K.AF_INET : K.AF_INET6, row);
  writer.ip(K.NDA_DST, row.ip);
  if (row.mac !== undefined) writer.mac(K.NDA_LLADDR, row.mac);
  if (row.protocol !== 0) writer.number(K.NDA_PROTOCOL, row.protocol, 1);
  extendedFlags(row.flags);
  return writer.end();
}

/** NLMSG_ERROR, capped: `errno` 0 acknowledges. */
export function errorMessage(errno: number, sequence: number): Buffer {
  writer.begin(K.NLMSG_ERROR, K.NLM_F_CAPPED, sequence, 20).writeInt32LE(-errno, 16);
  return writer.end();
}

/** The end of a dump. */
export function doneMessage(sequence: number): Buffer {
  writer.begin(K.NLMSG_DONE, 0, sequence, 4);
  return writer.end();
}

function beginLink(type: number, sequence: number, family: number, ifindex: number, running = true): void {
  const bytes = writer.begin(type, 0, sequence, 16);
  bytes[16] = family;
  bytes.writeInt32LE(ifindex, 20);
  bytes.writeUInt32LE(running ? K.IFF_UP | K.IFF_RUNNING | K.IFF_LOWER_UP : K.IFF_UP, 24);
}

/** RTM_DELLINK of a device. */
export function linkGoneMessage(ifindex: number): Buffer {
  beginLink(K.RTM_DELLINK, 0, K.AF_UNSPEC, ifindex);
  return writer.end();
}

/** The device's own RTM_NEWLINK (net/core/rtnetlink.c rtnl_fill_ifinfo), as far as a topology knows it. */
export function linkMessage(ifindex: number, topology: Topology, sequence = 0): Buffer {
  const { bridges, ports } = topology;
  const bridge = bridges.get(ifindex);
  const port = ports.get(ifindex);
  const vnis = [...topology.vnis.values()];
  const served = vnis.find(({ vxlanIfindex }) => vxlanIfindex === ifindex);
  const under = vnis.find(({ bridgeIfindex }) => bridgeIfindex === ifindex);
  const routed = bridge ? undefined : vnis.find(({ sviIfindex }) => sviIfindex === ifindex);
  const { name, running } = topology.interfaces.get(ifindex) ?? { name: `dev${ifindex}`, running: true };
  beginLink(K.RTM_NEWLINK, sequence, K.AF_UNSPEC, ifindex, running);
  writer.text(K.IFLA_IFNAME, port?.name ?? under?.bridgeName ?? routed?.sviName ?? name);
  const mac = bridge?.mac ?? routed?.sviMac;
  if (mac !== undefined) writer.mac(K.IFLA_ADDRESS, mac);
  if (port) writer.number(K.IFLA_MASTER, port.bridgeIfindex, 4);
  if (routed) writer.number(K.IFLA_LINK, routed.bridgeIfindex, 4);
  writer.nested(K.IFLA_LINKINFO, () => {
    writer.text(K.IFLA_INFO_KIND, bridge ? 'bridge' : served ? 'vxlan' : routed ? 'vlan' : 'dummy');
    writer.nested(K.IFLA_INFO_DATA, () => {
      if (bridge) {
        writer.number(K.IFLA_BR_VLAN_FILTERING, bridge.vlanAware ? 1 : 0, 1);
        writer.number(K.IFLA_BR_AGEING_TIME, bridge.ageingTime / 10, 4);
      } else if (served) vxlanData(served);
      else if (routed) writer.number(K.IFLA_VLAN_ID, routed.vlan, 2);
    });
    if (!port) return;
    writer.text(K.IFLA_INFO_SLAVE_KIND, 'bridge');
    writer.nested(K.IFLA_INFO_SLAVE_DATA, () => {
      if (!served) return;
      writer.number(K.IFLA_BRPORT_LEARNING, 0, 1);
      writer.number(K.IFLA_BRPORT_VLAN_TUNNEL, served.collectMetadata ? 1 : 0, 1);
    });
  });
  return writer.end();
}

function vxlanData({ vni, localVtep, collectMetadata }: VniAttachment): void {
  if (collectMetadata) writer.number(K.IFLA_VXLAN_COLLECT_METADATA, 1, 1);
  else writer.number(K.IFLA_VXLAN_ID, vni, 4);
  if (localVtep !== undefined)
    writer.ip(isIpv4(localVtep) ? K.IFLA_VXLAN_LOCAL : K.IFLA_VXLAN_LOCAL6, localVtep);
  // 4789 in network order
  writer.number(K.IFLA_VXLAN_PORT, 0xb512, 2);
  writer.number(K.IFLA_VXLAN_LEARNING, 0, 1);
}

/** An address of a device (net/ipv4/devinet.c inet_fill_ifaddr); `type` is RTM_NEWADDR or RTM_DELADDR. */
export function addressMessage(
  type: number,
  ifindex: number,
  { ip, prefixLength, peer, state }: InterfaceAddress,
  sequence = 0,
): Buffer {
  const bytes = writer.begin(type, 0, sequence, 8);
  bytes[16] = isIpv4(ip) ? K.AF_INET : K.AF_INET6;
  bytes[17] = prefixLength;
  bytes.writeUInt32LE(ifindex, 20);
  writer.ip(K.IFA_ADDRESS, peer ?? ip);
  writer.ip(K.IFA_LOCAL, ip);
  writer.number(
    K.IFA_FLAGS,
    state === 'tentative' ? K.IFA_F_TENTATIVE : state === 'dadfailed' ? K.IFA_F_DADFAILED : 0,
    4,
  );
  return writer.end();
}

/** The AF_BRIDGE RTM_NEWLINK of a port: its VLANs, and their VNIs (net/bridge/br_netlink.c br_fill_ifinfo). */
export function portVlansMessage(ifindex: number, topology: Topology, sequence = 0): Buffer {
  const vnis = [...topology.vnis.values()].filter(({ vlan }) => vlan !== 0);
  const served = vnis.filter(({ vxlanIfindex }) => vxlanIfindex === ifindex);
  beginLink(K.RTM_NEWLINK, sequence, K.AF_BRIDGE, ifindex);
  writer.nested(K.IFLA_AF_SPEC, () => {
    const pvid = topology.ports.get(ifindex)?.pvid ?? 0;
    if (pvid !== 0) vlanInfo(pvid, K.BRIDGE_VLAN_INFO_PVID | K.BRIDGE_VLAN_INFO_UNTAGGED);
    for (const { vlan, vni, collectMetadata } of served) {
      if (vlan !== pvid) vlanInfo(vlan, 0);
      if (!collectMetadata) continue;
      writer.nested(K.IFLA_BRIDGE_VLAN_TUNNEL_INFO, () => {
        writer.number(K.IFLA_BRIDGE_VLAN_TUNNEL_ID, vni, 4);
        writer.number(K.IFLA_BRIDGE_VLAN_TUNNEL_VID, vlan, 2);
      });
    }
  });
  return writer.end();
}

function vlanInfo(vlan: number, flags: number): void {
  writer.number(K.IFLA_BRIDGE_VLAN_INFO, ((vlan << 16) | flags) >>> 0, 4);
}
