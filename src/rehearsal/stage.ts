import { type MemoryNetwork, Speaker } from '../bgp/index.js';
import {
  type BridgePort,
  DataPlane,
  EMPTY_TOPOLOGY,
  MemoryKernel,
  Nud,
  type Topology,
  type VniAttachment,
} from '../dataplane/index.js';
import { Evpn, RdAllocator } from '../evpn/index.js';
import { type Clock, type Ip, type Ipv4, type Mac, parseMac, silentLog, type Vni } from '../types/index.js';

/** A VNI on a bridge of its own or, where it has a VLAN, with others on one device of one VLAN-aware bridge. */
export interface Segment {
  readonly vni: Vni;
  readonly vlan: number;
  readonly bridge: number;
  readonly vxlan: number;
  readonly access: number;
  readonly svi: number;
}

/** Both ways in which the kernel can have VNIs. */
export const SEGMENTS: readonly Segment[] = [
  { vni: 1 as Vni, vlan: 0, bridge: 10, vxlan: 11, access: 12, svi: 10 },
  { vni: 2 as Vni, vlan: 0, bridge: 20, vxlan: 21, access: 22, svi: 20 },
  { vni: 3 as Vni, vlan: 3, bridge: 30, vxlan: 31, access: 32, svi: 33 },
  { vni: 4 as Vni, vlan: 4, bridge: 30, vxlan: 31, access: 32, svi: 34 },
];

const BRIDGE_MAC = parseMac('02:00:00:00:00:fe');
/** 192.0.2.0, for documentation (RFC 5737): no route to it, and no martian. */
const NET = 0xc0000200;

/** A whole leaf but for TCP and netlink. */
export class StagedLeaf {
  readonly vtep: Ipv4;
  readonly speaker: Speaker;
  readonly kernel: MemoryKernel;
  readonly #dataPlane: DataPlane;
  readonly #evpn: Evpn;

  /** Leaves have the numbers 1 and 2; the second connects to the first. */
  constructor(
    readonly number: 1 | 2,
    network: MemoryNetwork,
    clock: Clock,
  ) {
    this.vtep = (NET + number) as Ipv4;
    const asn = 64512 + number;
    const own = addressOf(number);
    const passive = number === 1;
    this.speaker = new Speaker(
      {
        asn,
        routerId: this.vtep,
        listen: passive ? [{ address: own, port: 179 }] : [],
        neighbors: [
          {
            address: this.peer,
            port: 179,
            remoteAs: 'external',
            passive,
            holdTime: 90,
            keepaliveTime: 30,
            connectRetryTime: 1,
          },
        ],
      },
      { clock, transport: network.host(own), log: silentLog },
    );
    this.kernel = new MemoryKernel(clock);
    this.kernel.setTopology(topology(this.vtep));
    this.#dataPlane = new DataPlane(this.kernel, clock, silentLog);
    this.#evpn = new Evpn(
      {
        rib: this.speaker.rib,
        localRib: this.speaker.localRib,
        dataPlane: this.#dataPlane,
        rdAllocator: new RdAllocator(),
        clock,
        log: silentLog,
      },
      { asn, routerId: this.vtep, advertiseAllVni: true, vnis: new Map() },
    );
  }

  get peer(): string {
    return addressOf(3 - this.number);
  }

  async start(): Promise<void> {
    await this.#evpn.start();
    this.#dataPlane.sweep();
    await this.speaker.start();
  }

  async stop(): Promise<void> {
    await this.speaker.stop();
    this.#evpn.stop();
    this.#dataPlane.close();
  }

  /** A frame of the host arrives; where `sticky`, an operator configured it. */
  comes({ bridge, vlan, access }: Segment, mac: Mac, sticky: boolean): void {
    if (!sticky) this.kernel.learn(bridge, vlan, mac, access);
    else {
      this.kernel.putBridge({ bridgeIfindex: bridge, vlan, mac, port: access, state: Nud.NOARP, flags: 0 });
    }
  }

  goes({ bridge, vlan }: Segment, mac: Mac): void {
    this.kernel.dropBridge(bridge, vlan, mac);
  }

  /** The host has this address; the kernel has seen it just now. */
  speaks({ svi }: Segment, ip: Ip, mac: Mac): void {
    this.kernel.putNeigh({ ifindex: svi, ip, mac, state: Nud.REACHABLE, flags: 0, protocol: 0 });
  }

  fallsSilent({ svi }: Segment, ip: Ip): void {
    this.kernel.dropNeigh(svi, ip);
  }

  /** How many MACs stand behind the other leaf. */
  get remoteMacs(): number {
    let count = 0;
    for (const port of new Set(SEGMENTS.map(({ vxlan }) => vxlan)))
      for (const _ of this.kernel.tables.bridgeRowsOfPort(port)) count++;
    return count;
  }
}

function addressOf(leaf: number): string {
  return `192.0.2.${leaf}`;
}

function topology(localVtep: Ipv4): Topology {
  const vnis = new Map<Vni, VniAttachment>();
  const ports = new Map<number, BridgePort>();
  const bridges = new Map<number, { mac: Mac; vlanAware: boolean; ageingTime: number }>();
  for (const { vni, vlan, bridge, vxlan, access, svi } of SEGMENTS) {
    const vlanAware = vlan !== 0;
    vnis.set(vni, {
      vni,
      vxlanIfindex: vxlan,
      vxlanName: `vxlan${vxlan}`,
      bridgeIfindex: bridge,
      bridgeName: `br${bridge}`,
      vlanAware,
      vlan,
      sviIfindex: svi,
      sviName: `svi${svi}`,
      sviMac: BRIDGE_MAC,
      localVtep,
      multicastGroup: undefined,
      collectMetadata: vlanAware,
      up: true,
    });
    const port = { bridgeIfindex: bridge, pvid: vlan, pvidUntagged: true };
    ports.set(vxlan, { ...port, role: 'vxlan', name: `vxlan${vxlan}` });
    ports.set(access, { ...port, role: 'access', name: `port${access}` });
    bridges.set(bridge, { mac: BRIDGE_MAC, vlanAware, ageingTime: 300_000 });
  }
  return {
    ...EMPTY_TOPOLOGY,
    vnis,
    ports,
    bridges,
    ifindexes: new Set(SEGMENTS.flatMap(({ bridge, vxlan, access, svi }) => [bridge, vxlan, access, svi])),
    ownIps: new Set([localVtep]),
  };
}
