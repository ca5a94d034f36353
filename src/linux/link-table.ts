import type { InterfaceAddress } from '../dataplane/index.js';
import { type Ip, isIpv4 } from '../types/index.js';
import { decodeAddress } from './address-codec.js';
import { decodeBridgeLink, decodeVlans, type VlanRange } from './bridge-codec.js';
import {
  AF_BRIDGE,
  AF_UNSPEC,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELTUNNEL,
  RTM_DELVLAN,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWTUNNEL,
  RTM_NEWVLAN,
} from './constants.js';
import { decodeLink, type Link, linkFamily, linkIndex } from './link-codec.js';
import { decodeVniFilter } from './tunnel-codec.js';
import { VlanSet } from './vlan-set.js';

/** What a VNI needs of the VLANs of a bridge port, or of a bridge itself. */
export interface PortVlans {
  /** 0 for none. */
  readonly pvid: number;
  readonly pvidUntagged: boolean;
  /** Every VLAN that the port, or the bridge itself, is in. */
  readonly members: VlanSet;
  /** VLAN → VNI, of `bridge vlan add … tunnel_info id`. */
  readonly tunnels: ReadonlyMap<number, number>;
}

/** The VNIs that a device with a VNI filter lets pass, each with its own group or remote VTEP where it has one. */
export type VniFilter = ReadonlyMap<number, Ip | undefined>;

interface MutablePortVlans {
  pvid: number;
  pvidUntagged: boolean;
  readonly members: VlanSet;
  readonly tunnels: Map<number, number>;
}

function newPortVlans(): MutablePortVlans {
  return { pvid: 0, pvidUntagged: false, members: new VlanSet(), tunnels: new Map() };
}

function setTunnels(vlans: MutablePortVlans, range: VlanRange): void {
  for (let vlan = range.vlan; vlan <= range.last; vlan++)
    if (range.tunnelVni !== 0) vlans.tunnels.set(vlan, range.tunnelVni + vlan - range.vlan);
    else if (vlans.tunnels.size > 0) vlans.tunnels.delete(vlan);
}

function leavePvid(vlans: MutablePortVlans, range: VlanRange): void {
  if (vlans.pvid >= range.vlan && vlans.pvid <= range.last) {
    vlans.pvid = 0;
    vlans.pvidUntagged = false;
  }
}

function enterPvid(vlans: MutablePortVlans, range: VlanRange): void {
  vlans.pvid = range.vlan;
  vlans.pvidUntagged = range.untagged;
}

/**
 * A device may have an IPv4 address several times, with prefixes of several lengths or with several peers
 * (net/ipv4/devinet.c __inet_insert_ifa), an IPv6 address once (net/ipv6/addrconf.c ipv6_chk_same_addr).
 */
function isSameAddress(a: InterfaceAddress, b: InterfaceAddress): boolean {
  return a.ip === b.ip && (!isIpv4(a.ip) || (a.prefixLength === b.prefixLength && a.peer === b.peer));
}

/**
 * Links, VLANs of bridge ports and addresses, kept from dumps and notifications alike. Each message carries the whole
 * state of what it names, so that a message that comes twice, or a dump older than a notification behind it, does no harm. The
 * kernel notifies changed settings of a device that is down only when it comes up (net/core/dev.c netdev_state_change).
 */
export class LinkTable {
  readonly links = new Map<number, Link>();
  readonly vlans = new Map<number, MutablePortVlans>();
  /** By device. A list is never changed, but replaced by another. */
  readonly addresses = new Map<number, readonly InterfaceAddress[]>();
  readonly vniFilters = new Map<number, Map<number, Ip | undefined>>();
  /** Set by every message that is for this table; the reader of the table clears it. */
  changed = false;

  /** True where a row of the device itself is a VXLAN row. */
  isVxlan(ifindex: number): boolean {
    return this.links.get(ifindex)?.kind === 'vxlan';
  }

  /**
   * Takes one message of the groups LINK, BRVLAN, TUNNEL, IPV4_IFADDR, IPV6_IFADDR or of a dump; others are ignored. Throws
   * NetlinkFormatError and changes nothing where it is cut short.
   */
  take(type: number, bytes: Buffer, at: number, end: number): void {
    switch (type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        this.#takeLink(type, bytes, at, end);
        break;
      case RTM_NEWVLAN:
      case RTM_DELVLAN:
        this.#takeVlans(type, bytes, at, end);
        break;
      case RTM_NEWADDR:
      case RTM_DELADDR:
        this.#takeAddress(type, bytes, at, end);
        break;
      case RTM_NEWTUNNEL:
      case RTM_DELTUNNEL:
        this.#takeVniFilter(type, bytes, at, end);
        break;
    }
  }

  /** Takes over what a fresh table has, all that it lacks is gone. */
  replace(fresh: LinkTable): void {
    this.links.clear();
    this.vlans.clear();
    this.addresses.clear();
    this.vniFilters.clear();
    for (const [ifindex, link] of fresh.links) this.links.set(ifindex, link);
    for (const [ifindex, vlans] of fresh.vlans) this.vlans.set(ifindex, vlans);
    for (const [ifindex, addresses] of fresh.addresses) this.addresses.set(ifindex, addresses);
    for (const [ifindex, vnis] of fresh.vniFilters) this.vniFilters.set(ifindex, vnis);
    this.changed = true;
  }

  #takeLink(type: number, bytes: Buffer, at: number, end: number): void {
    const family = linkFamily(bytes, at, end);
    const ifindex = linkIndex(bytes, at);
    if (family === AF_BRIDGE) {
      // Only the port is gone then, the device stays
      if (type === RTM_DELLINK) this.vlans.delete(ifindex);
      else this.#takeBridgeLink(bytes, at, end);
    } else if (family === AF_UNSPEC) {
      if (type === RTM_DELLINK) {
        this.links.delete(ifindex);
        this.vlans.delete(ifindex);
        this.addresses.delete(ifindex);
        this.vniFilters.delete(ifindex);
      } else {
        const link = decodeLink(bytes, at, end);
        if (!link) return;
        this.links.set(ifindex, link);
      }
    } else return;
    this.changed = true;
  }

  #takeBridgeLink(bytes: Buffer, at: number, end: number): void {
    const { ifindex, port, vlans, tunnels } = decodeBridgeLink(bytes, at, end);
    const link = this.links.get(ifindex);
    if (link && port) this.links.set(ifindex, { ...link, port });
    // Some messages of this family leave the VLANs out (those for MRP, CFM); that all are gone comes by RTM_DELVLAN
    if (!vlans) return;
    const fresh = newPortVlans();
    for (const range of vlans) {
      fresh.members.add(range.vlan, range.last);
      if (range.pvid) enterPvid(fresh, range);
    }
    for (const range of tunnels) setTunnels(fresh, range);
    this.vlans.set(ifindex, fresh);
  }

  #takeVlans(type: number, bytes: Buffer, at: number, end: number): void {
    const { ifindex, ranges } = decodeVlans(bytes, at, end);
    let vlans = this.vlans.get(ifindex);
    if (!vlans) {
      // A port that is deleted reports each of its VLANs
      if (type === RTM_DELVLAN) return;
      vlans = newPortVlans();
      this.vlans.set(ifindex, vlans);
    }
    for (const range of ranges) {
      leavePvid(vlans, range);
      if (type === RTM_NEWVLAN) vlans.members.add(range.vlan, range.last);
      else vlans.members.delete(range.vlan, range.last);
      if (type === RTM_NEWVLAN && range.pvid) enterPvid(vlans, range);
      setTunnels(vlans, type === RTM_NEWVLAN ? range : { ...range, tunnelVni: 0 });
    }
    this.changed = true;
  }

  #takeVniFilter(type: number, bytes: Buffer, at: number, end: number): void {
    const { ifindex, ranges } = decodeVniFilter(bytes, at, end);
    let vnis = this.vniFilters.get(ifindex);
    if (!vnis) {
      // A device that is deleted reports each of its VNIs
      if (type === RTM_DELTUNNEL) return;
      vnis = new Map();
      this.vniFilters.set(ifindex, vnis);
    }
    for (const { first, last, group } of ranges)
      for (let vni = first; vni <= last; vni++)
        if (type === RTM_NEWTUNNEL) vnis.set(vni, group);
        else vnis.delete(vni);
    this.changed = true;
  }

  #takeAddress(type: number, bytes: Buffer, at: number, end: number): void {
    const decoded = decodeAddress(bytes, at, end);
    if (!decoded) return;
    const { ifindex, address } = decoded;
    const before = this.addresses.get(ifindex) ?? [];
    const place = before.findIndex((each) => isSameAddress(each, address));
    const gone = type === RTM_DELADDR;
    if (place < 0) {
      if (!gone) this.addresses.set(ifindex, [...before, address]);
    } else this.addresses.set(ifindex, before.toSpliced(place, 1, ...(gone ? [] : [address])));
    this.changed = true;
  }
}
