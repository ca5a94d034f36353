import { LocalRib, type PathSource, Rib } from '../../../src/bgp/index.js';
import { DataPlane, type DataPlaneOptions, type VniAttachment } from '../../../src/dataplane/index.js';
import { EventLog } from '../../../src/events/index.js';
import { Evpn, type EvpnSettings, RdAllocator } from '../../../src/evpn/index.js';
import { watchHosts } from '../../../src/hosts/index.js';
import {
  type Ip,
  type Ipv4,
  isIpv4,
  type Log,
  type Mac,
  parseIp,
  silentLog,
  type Vni,
} from '../../../src/types/index.js';
import {
  type EvpnNlri,
  formatNlri,
  MessageReader,
  type OriginatedAttributes,
  UpdateDecoder,
} from '../../../src/wire/index.js';
import { encoderOf } from '../../bgp/fabric.js';
import type { VniDevices } from '../../dataplane/kernel-contract.js';
import { attachment, MemoryWorld, withoutVni, withVni } from '../../dataplane/memory-world.js';
import { VirtualClock } from '../../support/virtual-clock.js';

/** A whole leaf but for sockets: kernel in memory, data plane, brain, RIBs, under a clock that the test moves. */
export class Leaf {
  readonly world: MemoryWorld;
  readonly rib: Rib;
  readonly localRib: LocalRib;
  readonly dataPlane: DataPlane;
  readonly evpn: Evpn;
  readonly #decoder = new UpdateDecoder();

  constructor(
    readonly clock: VirtualClock,
    readonly vtep: Ip,
    readonly asn: number,
    settings: Partial<EvpnSettings> = {},
    /** A speaker's, where routes come and go by sessions. */
    ribs: { readonly rib: Rib; readonly localRib: LocalRib } | undefined = undefined,
    dataPlaneOptions: Partial<DataPlaneOptions> = {},
    log: Log = silentLog,
    readonly events: EventLog = new EventLog(clock),
  ) {
    const routerId = (isIpv4(vtep) ? vtep : vtepOf(asn % 256)) as Ipv4;
    this.world = new MemoryWorld(clock);
    this.rib = ribs?.rib ?? new Rib(clock, { asn, routerId });
    this.localRib = ribs?.localRib ?? new LocalRib();
    this.dataPlane = new DataPlane(this.world.kernel, clock, log, {
      hosts: watchHosts(),
      events: this.events,
      ...dataPlaneOptions,
    });
    this.evpn = new Evpn(
      {
        rib: this.rib,
        localRib: this.localRib,
        dataPlane: this.dataPlane,
        rdAllocator: new RdAllocator(),
        clock,
        log,
        events: this.events,
      },
      { asn, routerId, advertiseAllVni: true, vnis: new Map(), ...settings },
    );
  }

  /** Starts and reads the kernel's first picture. */
  async start(): Promise<void> {
    const started = this.evpn.start();
    await new Promise((resolve) => setImmediate(resolve));
    this.clock.runUntilIdle();
    await started;
  }

  addVni(devices: VniDevices, over: Partial<VniAttachment> = {}): void {
    const { kernel } = this.world;
    kernel.setTopology(withVni(kernel.topology, devices, attachment(devices.vni, devices, this.vtep, over)));
  }

  removeVni(devices: VniDevices): void {
    const { kernel } = this.world;
    kernel.setTopology(withoutVni(kernel.topology, devices));
  }

  /** A frame of the host arrives on the access port. */
  hostSpeaks(devices: VniDevices, mac: Mac): void {
    this.world.kernel.learn(devices.bridgeIfindex, 0, mac, devices.accessIfindex);
  }

  hostAges(devices: VniDevices, mac: Mac): void {
    const row = this.world.kernel.tables.bridgeRow(devices.bridgeIfindex, 0, mac);
    if (row?.port === devices.accessIfindex) this.world.kernel.dropBridge(devices.bridgeIfindex, 0, mac);
  }

  /** Routes of a neighbor, as they come off the wire. */
  receive(
    from: PathSource,
    asn: number,
    attributes: OriginatedAttributes | undefined,
    nlri: EvpnNlri[],
  ): void {
    const encoder = encoderOf(asn);
    for (const message of attributes ? encoder.announce(attributes, nlri) : encoder.withdraw(nlri)) {
      const reader = new MessageReader();
      reader.push(message);
      const read = reader.next();
      if (!read) throw new Error('no message');
      this.rib.update(from, this.#decoder.decode(read.body, { fourOctetAs: true, internal: false }));
    }
  }

  /** What is originated, as text, sorted. */
  originated(): string[] {
    return [...this.localRib.routes()].map((route) => formatNlri(route.nlri)).sort();
  }

  /** The vxlan row's destination and the port of the bridge row. */
  rowsOf(devices: VniDevices, mac: Mac): { port: number | undefined; dst: Ip | undefined } {
    const { tables } = this.world.kernel;
    return {
      port: tables.bridgeRow(devices.bridgeIfindex, 0, mac)?.port,
      dst: tables.vxlanRow(devices.vxlanIfindex, 0, mac)?.dst,
    };
  }
}

/** Leaf 10.0.0.1 (AS 65001), which serves the VNI, is known to itself and at rest. */
export async function servingLeaf(
  vni: Vni,
  dataPlaneOptions: Partial<DataPlaneOptions> = {},
  log: Log = silentLog,
) {
  const clock = new VirtualClock();
  const leaf = new Leaf(clock, parseIp('10.0.0.1'), 65001, {}, undefined, dataPlaneOptions, log);
  const devices = leaf.world.devices(vni);
  leaf.addVni(devices);
  await leaf.start();
  leaf.dataPlane.sweep();
  clock.advance(1000);
  return { clock, leaf, devices };
}

/** Carries what each leaf originates to the others, when told to and as stale as the test likes. */
export class Wire {
  readonly #sent = new Map<string, Map<string, { nlri: EvpnNlri; attributes: OriginatedAttributes }>>();

  constructor(readonly leaves: readonly Leaf[]) {}

  /** Brings `to` up to date with what `from` says now. */
  deliver(from: Leaf, to: Leaf): void {
    const pair = `${from.asn}>${to.asn}`;
    const before = this.#sent.get(pair) ?? new Map();
    const now = new Map<string, { nlri: EvpnNlri; attributes: OriginatedAttributes }>();
    for (const { nlri, attributes } of from.localRib.routes())
      now.set(`${nlri.rd} ${formatNlri(nlri)}`, { nlri, attributes });
    const source: PathSource = { neighbor: `192.0.2.${from.asn % 250}`, routerId: from.asn, internal: false };
    for (const [key, { nlri }] of before) if (!now.has(key)) to.receive(source, from.asn, undefined, [nlri]);
    for (const [key, { nlri, attributes }] of now)
      if (before.get(key)?.attributes !== attributes) to.receive(source, from.asn, attributes, [nlri]);
    this.#sent.set(pair, now);
  }

  /** Until nobody has anything new to say. */
  quiesce(clock: VirtualClock): void {
    for (let round = 0; round < 50; round++) {
      clock.advance(20_000);
      const before = this.#story();
      for (const from of this.leaves) for (const to of this.leaves) if (from !== to) this.deliver(from, to);
      clock.advance(20_000);
      if (this.#story() === before) return;
    }
    throw new Error('the leaves never agree');
  }

  #story(): string {
    return this.leaves
      .map((leaf) =>
        [...leaf.localRib.routes()]
          .map(({ nlri, attributes }) => `${formatNlri(nlri)} ${attributes.extendedCommunities.join()}`)
          .sort()
          .join(),
      )
      .join('|');
  }
}

/** 10.0.0.n */
export function vtepOf(n: number): Ip {
  return parseIp(`10.0.0.${n}`);
}

export type { Vni };
