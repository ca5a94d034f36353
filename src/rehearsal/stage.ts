import { Speaker, type Transport } from '../bgp/index.js';
import {
  type BridgePort,
  DataPlane,
  type DefaultsMemory,
  type Interface,
  type InterfaceAddress,
  NO_MEMORY,
  NO_OWN_ADDRESSES,
  Ntf,
  Nud,
  type Topology,
  type VniAttachment,
} from '../dataplane/index.js';
import { MemoryKernel } from '../dataplane/memory.js';
import { DEFAULT_DUPLICATE_SETTINGS, Evpn, RdAllocator } from '../evpn/index.js';
import { watchHosts } from '../hosts/index.js';
import { LinuxKernel } from '../linux/index.js';
import { MemoryRtnetlink } from '../linux/memory-rtnetlink.js';
import {
  type Clock,
  type Ip,
  type Ipv4,
  type Mac,
  parseIp,
  parseMac,
  silentLog,
  type Vni,
} from '../types/index.js';
import { shaped } from './shaped.js';
import { StagedTransport } from './staged-transport.js';

/** A VNI on a bridge of its own or, where it has a VLAN, with others on one device of one VLAN-aware bridge. */
export interface Segment {
  readonly vni: Vni;
  readonly vlan: number;
  readonly bridge: number;
  readonly vxlan: number;
  readonly access: number;
  /** 0 for none. */
  readonly svi: number;
  /** The number of the VTEP address; a leaf has several, of every kind. */
  readonly vtep: 0 | 1 | 2;
}

/** Both ways in which the kernel can have VNIs. */
export const SEGMENTS: readonly Segment[] = [
  { vni: 1 as Vni, vlan: 0, bridge: 10, vxlan: 11, access: 12, svi: 10, vtep: 0 },
  { vni: 2 as Vni, vlan: 0, bridge: 20, vxlan: 21, access: 22, svi: 0, vtep: 1 },
  { vni: 3 as Vni, vlan: 3, bridge: 30, vxlan: 31, access: 32, svi: 33, vtep: 2 },
  { vni: 4 as Vni, vlan: 4, bridge: 30, vxlan: 31, access: 32, svi: 34, vtep: 2 },
];

/** Seconds; so few that there are some in each play. */
const KEEPALIVE_TIME = 0.005;

/** What leaves reach each other by. */
export interface Network {
  host(address: string): Transport;
}

/** So few operations at once that there are more than one batch of them. */
const BATCHES = { 1: 48, 2: 96 } as const;
const WORTH_A_FLIGHT = 16;

/** This is added to the last octet of a VTEP's address. */
const RENUMBERED = 10;

const BRIDGE_MAC = parseMac('02:00:00:00:00:fe');
const STRAY = parseMac('02:00:00:00:00:fd');
/**
 * A leaf's addresses without its number: of small numbers and of large ones, which V8 tells apart, and of texts. They are for
 * documentation (RFC 5737, RFC 3849) or private: nothing is ever sent to them.
 */
const NETS = ['10.0.0.', '192.0.2.', '2001:db8::'];

/** By leaf. The halves of the one that an RD begins and ends with are small numbers, those of the other a large one (RFC 2544). */
const ROUTER_IDS = { 1: '10.0.0.1', 2: '198.19.200.2' } as const;

/** A whole leaf but for TCP and the kernel; the second leaf speaks netlink with it. */
export class StagedLeaf {
  readonly speaker: Speaker;
  readonly kernel: MemoryKernel;
  readonly #dataPlane: DataPlane;
  readonly #evpn: Evpn;
  readonly #rtnetlink: MemoryRtnetlink | undefined;
  #stopped = false;

  /** Leaves have the numbers 1 and 2; the second connects to the first. `shape` is another number for each that is made. */
  constructor(
    readonly number: 1 | 2,
    network: Network,
    clock: Clock,
    shape: number,
  ) {
    const asn = 64512 + number;
    const routerId = parseIp(ROUTER_IDS[number]) as Ipv4;
    const own = addressOf(number);
    const passive = number === 1;
    this.speaker = new Speaker(
      {
        asn,
        routerId,
        listen: passive ? [{ address: own, port: 179 }] : [],
        neighbors: [
          shaped(
            {
              address: this.peer,
              port: 179,
              remoteAs: 'external' as const,
              passive,
              holdTime: 90,
              keepaliveTime: KEEPALIVE_TIME,
              connectRetryTime: 1,
            },
            shape,
          ),
        ],
      },
      { clock, transport: new StagedTransport(network.host(own), shape, !passive), log: silentLog },
    );
    this.kernel = shaped(new MemoryKernel(clock), shape);
    this.kernel.launches = (count) => (count < WORTH_A_FLIGHT ? 'not' : 'late');
    this.kernel.setTopology(topology(number));
    this.#rtnetlink = number === 1 ? undefined : new MemoryRtnetlink(this.kernel);
    const kernel = this.#rtnetlink
      ? new LinuxKernel({ log: silentLog, sockets: this.#rtnetlink.sockets() })
      : this.kernel;
    this.#dataPlane = new DataPlane(kernel, clock, silentLog, {
      hosts: watchHosts(),
      batch: BATCHES[number],
      defaultsMemory: shaped(number === 1 ? { ...NO_MEMORY } : new ForgetfulMemory(), shape),
    });
    this.#evpn = new Evpn(
      {
        rib: this.speaker.rib,
        localRib: this.speaker.localRib,
        dataPlane: this.#dataPlane,
        rdAllocator: new RdAllocator(),
        clock,
        log: silentLog,
      },
      {
        asn,
        routerId,
        advertiseAllVni: true,
        vnis: new Map(),
        duplicates: shaped({ ...DEFAULT_DUPLICATE_SETTINGS }, shape),
      },
    );
  }

  get peer(): string {
    return addressOf(3 - this.number);
  }

  /** Starts beside a row of an earlier day's, which nobody will want. */
  async start(): Promise<void> {
    const { bridge, vlan, vxlan } = SEGMENTS[0];
    const row = { bridgeIfindex: bridge, vlan, port: vxlan, state: Nud.REACHABLE, flags: Ntf.EXT_LEARNED };
    this.kernel.putBridge({ ...row, mac: STRAY });
    await this.#evpn.start();
    if (!this.#stopped) await this.speaker.start();
  }

  /** Rows of its own that nobody wants go from now on. */
  sweep(): void {
    this.#dataPlane.sweep();
  }

  get isSwept(): boolean {
    const { bridge, vlan } = SEGMENTS[0];
    return this.kernel.tables.bridgeRow(bridge, vlan, STRAY) === undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
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
    if (svi !== 0)
      this.kernel.putNeigh({ ifindex: svi, ip, mac, state: Nud.REACHABLE, flags: 0, protocol: 0 });
  }

  fallsSilent({ svi }: Segment, ip: Ip): void {
    if (svi !== 0) this.kernel.dropNeigh(svi, ip);
  }

  /** Where it speaks netlink, its rows are read again. */
  rereads(): void {
    for (const { vxlan } of SEGMENTS) this.#rtnetlink?.flap(vxlan);
  }

  /** Its VTEPs get other addresses. */
  renumber(): void {
    this.kernel.setTopology(topology(this.number + RENUMBERED));
  }

  /** No MAC stands behind an address that the other leaf had before. */
  get followsRenumbering(): boolean {
    const before = new Set(NETS.map((_, index) => vtepAt(3 - this.number, index)));
    for (const { vxlan } of SEGMENTS)
      for (const { dst } of this.kernel.tables.vxlanRowsOfDevice(vxlan))
        if (dst !== undefined && before.has(dst)) return false;
    return true;
  }

  /** How many MACs stand behind the other leaf. */
  get remoteMacs(): number {
    let count = 0;
    for (const port of new Set(SEGMENTS.map(({ vxlan }) => vxlan)))
      for (const { mac } of this.kernel.tables.bridgeRowsOfPort(port)) if (mac !== STRAY) count++;
    return count;
  }
}

function addressOf(leaf: number): string {
  return `192.0.2.${leaf}`;
}

/** As NO_MEMORY, and another class. */
class ForgetfulMemory implements DefaultsMemory {
  wrote(): boolean {
    return false;
  }
  added(): void {}
  dropped(): void {}
}

function vtepAt(leaf: number, index: number): Ip {
  return parseIp(`${NETS[index]}${leaf}`);
}

function topology(leaf: number): Topology {
  const vnis = new Map<Vni, VniAttachment>();
  const ports = new Map<number, BridgePort>();
  const bridges = new Map<number, { mac: Mac; vlanAware: boolean; ageingTime: number }>();
  for (const { vni, vlan, bridge, vxlan, access, svi, vtep } of SEGMENTS) {
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
      sviName: svi === 0 ? '' : `svi${svi}`,
      sviMac: svi === 0 ? undefined : BRIDGE_MAC,
      localVtep: vtepAt(leaf, vtep),
      multicastGroup: undefined,
      collectMetadata: vlanAware,
      up: true,
    });
    const port = { bridgeIfindex: bridge, pvid: vlan, pvidUntagged: true };
    ports.set(vxlan, { ...port, role: 'vxlan', name: `vxlan${vxlan}` });
    ports.set(access, { ...port, role: 'access', name: `port${access}` });
    bridges.set(bridge, { mac: BRIDGE_MAC, vlanAware, ageingTime: 300_000 });
  }
  // Spelled out in the order of deriveTopology: to V8 an object of a copied one's fields is of another shape
  return {
    vnis,
    ports,
    bridges,
    interfaces: interfacesOf(leaf),
    own: new Map([...vnis.keys()].map((vni) => [vni, { ...NO_OWN_ADDRESSES, macs: new Set([BRIDGE_MAC]) }])),
    ownVteps: new Set(NETS.map((_, index) => vtepAt(leaf, index))),
    loops: new Map(),
    problems: [],
  };
}

const LOOPBACK = 1;

/** The loopback device, which has the VTEP addresses, and those of every segment. */
function interfacesOf(leaf: number): Map<number, Interface> {
  const addresses = NETS.map(
    (_, index): InterfaceAddress => ({
      ip: vtepAt(leaf, index),
      prefixLength: 32,
      peer: undefined,
      state: 'usable',
    }),
  );
  const interfaces = new Map<number, Interface>([[LOOPBACK, { name: 'lo', running: true, addresses }]]);
  for (const { bridge, vxlan, access, svi } of SEGMENTS)
    for (const ifindex of [bridge, vxlan, access, svi])
      if (ifindex !== 0) interfaces.set(ifindex, { name: `dev${ifindex}`, running: true, addresses: [] });
  return interfaces;
}
