import {
  EMPTY_TOPOLOGY,
  type InterfaceAddress,
  Ntf,
  Nud,
  type Subnet,
  type Topology,
  type VniAttachment,
} from '../../src/dataplane/index.js';
import {
  type Clock,
  type Ip,
  isIpv4,
  type Mac,
  parseMac,
  systemClock,
  type Vni,
} from '../../src/types/index.js';
import { MemoryKernel } from '../doubles/memory-kernel.js';
import type { DeviceKind, VniDevices, World } from './kernel-contract.js';

/** The address of every bridge of a world. */
export const BRIDGE_MAC = parseMac('02:00:00:00:00:fe');

/** An attachment of a VLAN-unaware bridge, everything up; `over` changes what the test is about. */
export function attachment(
  vni: Vni,
  devices: VniDevices,
  localVtep: Ip,
  over: Partial<VniAttachment> = {},
): VniAttachment {
  return {
    vni,
    vxlanIfindex: devices.vxlanIfindex,
    vxlanName: `vx${vni}`,
    bridgeIfindex: devices.bridgeIfindex,
    bridgeName: `br${vni}`,
    vlanAware: false,
    vlan: 0,
    sviIfindex: devices.bridgeIfindex,
    sviName: `br${vni}`,
    sviMac: undefined,
    localVtep,
    multicastGroup: undefined,
    collectMetadata: false,
    isFlooded: true,
    up: true,
    ...over,
  };
}

/** The topology's interfaces with those that it lacks, running and without addresses. */
export function withInterfaces(topology: Topology, ...ifindexes: number[]): Topology['interfaces'] {
  const interfaces = new Map(topology.interfaces);
  for (const ifindex of ifindexes)
    if (!interfaces.has(ifindex))
      interfaces.set(ifindex, { name: `dev${ifindex}`, running: true, addresses: [] });
  return interfaces;
}

/** The address as it is on an interface where nothing is wrong with it. */
export const usable = (ip: Ip): InterfaceAddress => ({
  ip,
  prefixLength: isIpv4(ip) ? 24 : 64,
  peer: undefined,
  state: 'usable',
});

const LOOPBACK = 1;

/** The topology's interfaces where the loopback device has the address. */
function withLoopback(interfaces: Topology['interfaces'], ip: Ip | undefined): Topology['interfaces'] {
  const { addresses = [] } = interfaces.get(LOOPBACK) ?? {};
  if (ip === undefined || addresses.some((address) => address.ip === ip)) return interfaces;
  const lo = { name: 'lo', running: true, addresses: [...addresses, usable(ip)] };
  return new Map(interfaces).set(LOOPBACK, lo);
}

/** The topology's interfaces where one has these addresses, all usable. */
export function withAddresses(
  topology: Topology,
  ifindex: number,
  ips: readonly Ip[],
): Topology['interfaces'] {
  const addresses = ips.map(usable);
  return new Map(topology.interfaces).set(ifindex, { name: `dev${ifindex}`, running: true, addresses });
}

/** The topology where the machine has these addresses in the VNI's domain. */
export function withOwn(
  topology: Topology,
  vni: Vni,
  macs: readonly Mac[],
  ips: readonly Ip[] = [],
  subnetEnds: readonly Ip[] = [],
  subnets: readonly Subnet[] = [],
): Topology {
  const own = { macs: new Set(macs), ips: new Set(ips), subnetEnds: new Set(subnetEnds), subnets };
  return { ...topology, own: new Map(topology.own).set(vni, own) };
}

/** The topology with one VNI more (or changed), its devices among the links and ports. */
export function withVni(topology: Topology, devices: VniDevices, at: VniAttachment): Topology {
  const { bridgeIfindex } = devices;
  return {
    ...topology,
    vnis: new Map(topology.vnis).set(at.vni, at),
    ports: new Map(topology.ports)
      .set(devices.vxlanIfindex, {
        role: 'vxlan',
        bridgeIfindex,
        name: at.vxlanName,
        pvid: 0,
        pvidUntagged: true,
      })
      .set(devices.accessIfindex, {
        role: 'access',
        bridgeIfindex,
        name: `p${at.vni}`,
        pvid: 0,
        pvidUntagged: true,
      }),
    bridges: new Map(topology.bridges).set(bridgeIfindex, {
      mac: BRIDGE_MAC,
      vlanAware: at.vlanAware,
      ageingTime: 300_000,
      switchId: '',
      driver: '',
    }),
    interfaces: withLoopback(
      withInterfaces(topology, bridgeIfindex, devices.vxlanIfindex, devices.accessIfindex),
      at.localVtep,
    ),
    ownVteps: at.localVtep === undefined ? topology.ownVteps : new Set([...topology.ownVteps, at.localVtep]),
  };
}

/** The topology without a VNI and its three devices. */
export function withoutVni(topology: Topology, devices: VniDevices): Topology {
  const vnis = new Map(topology.vnis);
  vnis.delete(devices.vni);
  const ports = new Map(topology.ports);
  const interfaces = new Map(topology.interfaces);
  for (const ifindex of [devices.bridgeIfindex, devices.vxlanIfindex, devices.accessIfindex]) {
    ports.delete(ifindex);
    interfaces.delete(ifindex);
  }
  return { ...topology, vnis, ports, interfaces };
}

/** The world of the in-memory kernel: it changes the tables as the kernel's bridges and tools would. */
export class MemoryWorld implements World {
  readonly kernel: MemoryKernel;
  #nextIfindex = 10;

  constructor(readonly clock: Clock = systemClock) {
    this.kernel = new MemoryKernel(clock);
    this.kernel.topology = EMPTY_TOPOLOGY;
  }

  /** Device numbers for a VNI; nothing is made yet. */
  devices(vni: Vni): VniDevices {
    const bridgeIfindex = this.#nextIfindex;
    this.#nextIfindex += 3;
    return {
      vni,
      bridgeIfindex,
      vxlanIfindex: bridgeIfindex + 1,
      accessIfindex: bridgeIfindex + 2,
      srcVni: 0,
    };
  }

  async addVni(vni: Vni, localVtep: Ip, device: DeviceKind = 'own'): Promise<VniDevices> {
    const collectMetadata = device === 'single';
    const devices = { ...this.devices(vni), srcVni: collectMetadata ? vni : 0 };
    const at = attachment(vni, devices, localVtep, { collectMetadata });
    this.kernel.setTopology(withVni(this.kernel.topology, devices, at));
    return devices;
  }

  async removeVni(devices: VniDevices): Promise<void> {
    this.kernel.setTopology(withoutVni(this.kernel.topology, devices));
  }

  async addLocalMac(devices: VniDevices, mac: Mac): Promise<void> {
    this.kernel.learn(devices.bridgeIfindex, 0, mac, devices.accessIfindex);
  }

  async sendFrame(devices: VniDevices, mac: Mac): Promise<void> {
    this.kernel.learn(devices.bridgeIfindex, 0, mac, devices.accessIfindex);
  }

  async deleteBridgeRow(devices: VniDevices, port: number, mac: Mac): Promise<void> {
    if (this.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, mac)?.port === port)
      this.kernel.dropBridge(devices.bridgeIfindex, 0, mac);
  }

  async deleteVxlanRow(devices: VniDevices, mac: Mac): Promise<void> {
    this.kernel.dropVxlan(devices.vxlanIfindex, 0, mac, undefined);
  }

  async overwriteVxlanRow(devices: VniDevices, mac: Mac, dst: Ip): Promise<void> {
    this.kernel.putVxlan({
      ifindex: devices.vxlanIfindex,
      srcVni: 0,
      mac,
      dst,
      nexthopId: 0,
      state: Nud.REACHABLE,
      flags: Ntf.SELF | Ntf.EXT_LEARNED,
    });
  }

  async addNeigh(devices: VniDevices, ip: Ip, mac: Mac): Promise<void> {
    this.kernel.putNeigh({
      ifindex: devices.bridgeIfindex,
      ip,
      mac,
      state: Nud.REACHABLE,
      flags: 0,
      protocol: 0,
    });
  }

  setBridgeRow({ bridgeIfindex }: VniDevices, port: number, mac: Mac): void {
    this.kernel.putBridge({ bridgeIfindex, vlan: 0, mac, port, state: Nud.NOARP, flags: 0 });
  }

  setVxlanRow({ vxlanIfindex: ifindex, srcVni }: VniDevices, mac: Mac, dst: Ip): void {
    this.kernel.putVxlan({ ifindex, srcVni, mac, dst, nexthopId: 0, state: Nud.NOARP, flags: Ntf.SELF });
  }

  setNeigh({ bridgeIfindex: ifindex }: VniDevices, ip: Ip, mac: Mac): void {
    this.kernel.putNeigh({ ifindex, ip, mac, state: Nud.PERMANENT, flags: 0, protocol: 0 });
  }

  async deleteNeigh(devices: VniDevices, ip: Ip): Promise<void> {
    this.kernel.dropNeigh(devices.bridgeIfindex, ip);
  }

  async flap(devices: VniDevices): Promise<void> {
    this.kernel.flap(devices.vxlanIfindex);
  }

  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    this.kernel.close();
  }
}
