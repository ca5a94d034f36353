import type { Ip, Mac, PrefixKey, Vni } from '../types/index.js';

/** `error`: it does not forward; `warning`: it forwards, but not as it should; `info`: it may be meant so. */
export type Severity = 'error' | 'warning' | 'info';

/**
 * What keeps a VNI, or a device and all its VNIs (`vni` undefined), from forwarding as it should, in the operator's
 * words; `fix` is the exact command where there is one.
 */
export interface TopologyProblem {
  readonly severity: Severity;
  readonly vni: Vni | undefined;
  readonly device: string;
  readonly problem: string;
  readonly fix: string | undefined;
  /** What it is about, where the words change while it lasts: it is one problem and not many. */
  readonly topic?: string;
  /** Of what the driver of a switch ASIC demands of a device: the attribute, and what it has to be and is. */
  readonly demand?: string;
  readonly wanted?: string;
  readonly found?: string;
}

/** The VXLAN device and broadcast domain of one VNI, as the kernel has them now. Plain data, compared by value. */
export interface VniAttachment {
  readonly vni: Vni;
  readonly vxlanIfindex: number;
  readonly vxlanName: string;
  /** 0 and '' while the device has no bridge. */
  readonly bridgeIfindex: number;
  readonly bridgeName: string;
  /** True for a VLAN-aware bridge. */
  readonly vlanAware: boolean;
  /** The VLAN that the VNI is mapped to; 0 on a VLAN-unaware bridge. */
  readonly vlan: number;
  /** The device whose neighbor table serves the VNI: the bridge itself, or the VLAN device on it; 0 and '' for none. */
  readonly sviIfindex: number;
  readonly sviName: string;
  readonly sviMac: Mac | undefined;
  /** The device's `local` address. */
  readonly localVtep: Ip | undefined;
  /** Multicast group of the device, or of the VNI in its filter: such a VNI takes no default destinations. */
  readonly multicastGroup: Ip | undefined;
  /** True for a collect-metadata device, whose rows carry the source VNI. */
  readonly collectMetadata: boolean;
  /** The bridge floods frames of unknown destination to the device. */
  readonly isFlooded: boolean;
  /** Device up, bridge up, VLAN mapped, VNI in the device's filter if it has one: what the VNI needs to forward. */
  readonly up: boolean;
}

/** A VRF of the kernel's, and the VNI by which it is one of the fabric's (RFC 9135 §3, an IP-VRF). Compared by value. */
export interface VrfAttachment {
  readonly ifindex: number;
  readonly name: string;
  /** The routing table of its devices. */
  readonly tableId: number;
  /** The VNI that carries routed traffic, whose SVI is in the VRF; undefined where none is. */
  readonly l3vni: Vni | undefined;
  /** The SVI of `l3vni`; 0 and '' for none. */
  readonly sviIfindex: number;
  readonly sviName: string;
  /** The SVI's MAC, which other leaves send routed frames to (RFC 9135 §8.1). */
  readonly routerMac: Mac | undefined;
  /** The address of `l3vni`'s VXLAN device. */
  readonly localVtep: Ip | undefined;
  /** VRF, SVI and VNI carry frames, and the SVI has a MAC. */
  readonly up: boolean;
  /** Networks of its devices that carry frames, and addresses of those devices; the same arrays as long as they are the same. */
  readonly networks: readonly PrefixKey[];
  readonly ips: readonly Ip[];
  /** VNIs of hosts, whose SVIs are in the VRF, in ascending order; the same array as long as they are the same. */
  readonly vnis: readonly Vni[];
}

/** NDA_SRC_VNI of the attachment's rows: only a collect-metadata device has them. */
export function sourceVni(at: VniAttachment): number {
  return at.collectMetadata ? at.vni : 0;
}

/** What role a bridge port plays decides whose its rows are. */
export type PortRole = 'vxlan' | 'access';

/** A port of a bridge. */
export interface BridgePort {
  readonly role: PortRole;
  readonly bridgeIfindex: number;
  readonly name: string;
  /** The VLAN that untagged frames are in on a VLAN-aware bridge; 0 for none, and on any other bridge. */
  readonly pvid: number;
  /** Frames of that VLAN leave untagged. */
  readonly pvidUntagged: boolean;
}

/** A bridge. */
export interface Bridge {
  readonly mac: Mac | undefined;
  /** It looks at VLAN tags. */
  readonly vlanAware: boolean;
  /** Milliseconds after which a learned row goes that no frame confirms; 0 for never. */
  readonly ageingTime: number;
  /** The switch ASIC that it has ports of; '' where it is software alone. */
  readonly switchId: string;
  /** The kernel's driver of that, '' where it is not known. */
  readonly driver: string;
}

/** An IP address of a device. */
export interface InterfaceAddress {
  readonly ip: Ip;
  /** Of the network that is reached through the device: that of `peer` where there is one, else of `ip`. */
  readonly prefixLength: number;
  /** The other end of a point-to-point link. */
  readonly peer: Ip | undefined;
  /**
   * `usable`: the machine answers for it. `tentative`: duplicate address detection is not over, `dadfailed`: another node
   * has it (RFC 4862 §5.4); neither is ours.
   */
  readonly state: 'usable' | 'tentative' | 'dadfailed';
}

/** A network device, in a bridge or not. */
export interface Interface {
  readonly name: string;
  /** It carries frames: up, with carrier, not held down by protodown. */
  readonly running: boolean;
  /** In the order in which the kernel named them. The same array as long as nothing about them changes. */
  readonly addresses: readonly InterfaceAddress[];
  /** The ifindex of the VRF that it is in, or is: its networks are not the main table's. Absent in none. */
  readonly vrf?: number;
}

/** Addresses by which the machine itself is in a broadcast domain: no host's, and nobody else's there. */
export interface OwnAddresses {
  readonly macs: ReadonlySet<Mac>;
  readonly ips: ReadonlySet<Ip>;
  /** Network and directed broadcast addresses of the IPv4 subnets of `ips`, which no host has (RFC 1122 §3.2.1.3). */
  readonly subnetEnds: ReadonlySet<Ip>;
  /** The subnets of `ips`, link-local ones and those of a single address aside. */
  readonly subnets: readonly Subnet[];
}

/** The network of an address: the first `prefixLength` bits of `ip`. */
export interface Subnet {
  readonly ip: Ip;
  readonly prefixLength: number;
}

/** Of a domain that the machine itself is not in. */
export const NO_OWN_ADDRESSES: OwnAddresses = {
  macs: new Set(),
  ips: new Set(),
  subnetEnds: new Set(),
  subnets: [],
};

/** All data of evpnd on the devices, derived anew on every change and never patched. */
export interface Topology {
  readonly vnis: ReadonlyMap<Vni, VniAttachment>;
  /** VRFs by ifindex. One that did not change is the same object as before. */
  readonly vrfs: ReadonlyMap<number, VrfAttachment>;
  /** VNIs that are for routed traffic alone, and have no hosts: those of VRFs, and those that are to be one's. */
  readonly l3vnis: ReadonlySet<Vni>;
  /** Bridge ports by ifindex. */
  readonly ports: ReadonlyMap<number, BridgePort>;
  /** Bridges by ifindex. */
  readonly bridges: ReadonlyMap<number, Bridge>;
  /** Some device is a port of a switch ASIC, in a bridge or not. */
  readonly hasSwitch: boolean;
  /**
   * Every device that exists by ifindex: rows of any other ifindex are gone with their device. One that did not change is
   * the same object as before.
   */
  readonly interfaces: ReadonlyMap<number, Interface>;
  /**
   * The machine's own addresses in the broadcast domain of each VNI that has one. The same object as before where they
   * did not change, so that an address elsewhere is no news for a VNI.
   */
  readonly own: ReadonlyMap<Vni, OwnAddresses>;
  /** The machine's own VTEP addresses: a route with such a next hop points to this machine. */
  readonly ownVteps: ReadonlySet<Ip>;
  /**
   * Default destinations that the routing table delivers here, whoever configured them, and the device that has the address:
   * what is sent there comes back. Such a route may still be another leaf's, whose address a VRF of this machine has too.
   */
  readonly loops: ReadonlyMap<Ip, string>;
  /** Default destinations that the routing table has no way to: what is sent there is dropped. */
  readonly unreachable: ReadonlySet<Ip>;
  readonly problems: readonly TopologyProblem[];
}

export const EMPTY_TOPOLOGY: Topology = {
  vnis: new Map(),
  vrfs: new Map(),
  l3vnis: new Set(),
  ports: new Map(),
  bridges: new Map(),
  hasSwitch: false,
  interfaces: new Map(),
  own: new Map(),
  ownVteps: new Set(),
  loops: new Map(),
  unreachable: new Set(),
  problems: [],
};

/** The switch ASIC that the VNI's bridge has ports of; '' where the VNI is software alone. */
export function switchOf({ bridges }: Topology, at: VniAttachment): string {
  return bridges.get(at.bridgeIfindex)?.switchId ?? '';
}

/** The name of a port, or of any other device. */
export function deviceName({ ports, interfaces }: Topology, ifindex: number): string {
  return (ports.get(ifindex) ?? interfaces.get(ifindex))?.name ?? `ifindex ${ifindex}`;
}

/** True if two attachments are equal. */
export function sameAttachment(a: VniAttachment, b: VniAttachment): boolean {
  for (const field of Object.keys(a) as (keyof VniAttachment)[]) if (a[field] !== b[field]) return false;
  return true;
}
