/** A fabric that has one of each case: leaf1 is evpnd, leaf2 and the spine FRR, and a peer says what no leaf would. */
import {
  type BridgeMode,
  Fabric,
  type FdbRow,
  waitFor,
  waitForFloodLists,
  waitForNeighbors,
  waitForSessions,
} from '../../../lab/index.js';
import type { ArpEntry, Explain, MacItem } from '../../../src/api/index.js';
import { ExtendedCommunity } from '../../../src/wire/index.js';
import { type Case, casesOf, layOut, Place, sayAll } from './each-case.js';
import { complaints, type Truth, truthOf, ZERO } from './explain-judge.js';
import { sayFlood, sayHost } from './peer-says.js';
import { lockPort } from './rows.js';
import { ScriptedPeer } from './scripted-peer.js';

const PEER = '10.0.0.101';
/** Milliseconds that an emulated machine may take. */
const PATIENCE = 60_000;
const timers = { 'hold-time': 9, 'keepalive-time': 3, 'connect-retry-time': 1 };

/** Moves between remote leaves until it is frozen. */
export const DUPLICATE = '02:ca:00:00:00:60';
/** Of a host behind leaf2. */
export const STICKY_OF_FRR = '02:ca:00:00:00:61';
/** A host that another leaf claims and that comes back with the next number, and one on a locked port. */
export const ARRIVED = 'h1-10-2';
export const LOCKED = 'h1-10-3';

interface Subject {
  readonly vni: number;
  readonly mac: string;
  readonly ip: string | undefined;
}

/** An address that a device lets in for the devices upon it, such as those of other VLANs: no row of the bridge. */
const isFilter = ({ mac, ifname, master }: FdbRow, vxlan: string) =>
  master === undefined && ifname !== vxlan && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;

const query = ({ vni, mac, ip }: Subject) =>
  `/api/v1/explain?vni=${vni}&mac=${mac}${ip === undefined ? '' : `&ip=${ip}`}`;

export class ExplainFabric {
  readonly place: Place;
  readonly cases: readonly Case[];

  private constructor(
    readonly fabric: Fabric,
    readonly peer: ScriptedPeer,
    /** The port of LOCKED is locked: kernels before 6.2 make no rows of hosts that are not authorized. */
    readonly locksPort: boolean,
  ) {
    this.place = new Place(fabric.leaf('leaf1'));
    this.cases = casesOf(this.place);
  }

  /** Builds it with leaf1's bridges in that mode, and brings about every case. */
  static async create(
    mode: BridgeMode,
    { locksPort }: { readonly locksPort: boolean },
  ): Promise<ExplainFabric> {
    const fabric = await Fabric.create({
      leaves: [
        {
          engine: 'evpnd',
          mode,
          hostsPerVni: 3,
          config: {
            neighbors: [
              { address: '10.1.1.0', 'remote-as': 65000, ...timers },
              { address: PEER, 'remote-as': 65009, passive: true },
            ],
            evpn: {
              'duplicate-detection': { action: 'freeze', moves: 5 },
              vnis: [{ vni: 10020, 'advertise-default-gateway': true }],
            },
          },
        },
        { engine: 'frr' },
      ],
    });
    try {
      // What hosts reach each other is nothing that is explained here
      await waitForSessions(fabric, PATIENCE);
      await waitForFloodLists(fabric, PATIENCE);
      await fabric.introduceHosts();
      await waitForNeighbors(fabric, PATIENCE);
      await fabric.exec('leaf1', 'ip', 'route', 'add', PEER, 'via', '10.1.1.0');
      const at = { node: 'spine1', address: PEER, asn: 65009, neighbor: '10.1.1.1', vni: 10010 };
      const scene = new ExplainFabric(fabric, await ScriptedPeer.start(fabric, at), locksPort);
      await scene.setUp();
      return scene;
    } catch (error) {
      await fabric.remove();
      throw error;
    }
  }

  private async setUp(): Promise<void> {
    await layOut(this.fabric, this.cases);
    await this.addDestination();
    if (this.locksPort) await this.lockedPort();
    await this.stickyAndGatewayOfFrr();
    sayAll(this.peer, this.cases);
    this.sayFloods();
    await this.frozenDuplicate();
    await this.arrival();
  }

  async remove(): Promise<void> {
    this.peer.stop();
    await this.fabric.remove();
  }

  /** What leaf1 tells of a MAC, and of an IP; rejects where it answers anything but 200. */
  async explain(vni: number, mac: string, ip?: string): Promise<Explain> {
    const path = query({ vni, mac, ip });
    const { status, body } = await this.fabric.restApi<Explain>('leaf1', path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** A default destination that an operator added, which is left alone. */
  private async addDestination(): Promise<void> {
    const { vxlan, source } = this.place;
    const line = `fdb append ${ZERO} dev ${vxlan} dst 10.9.9.10${source} self permanent`;
    await this.fabric.apply('leaf1', { ip: [], bridge: [line] });
  }

  private async lockedPort(): Promise<void> {
    const { mac, port } = this.fabric.host(LOCKED);
    await lockPort(this.fabric, 'leaf1', port);
    const line = `fdb del ${mac} dev ${port} master${this.place.vlan}`;
    await this.fabric.apply('leaf1', { ip: [], bridge: [line] });
    await this.fabric.ping(LOCKED, this.fabric.leaf('leaf1').segments[0].sviAddress.ipv4, { count: 1 });
  }

  private async stickyAndGatewayOfFrr(): Promise<void> {
    const { port } = this.fabric.host('h2-10');
    const line = `fdb add ${STICKY_OF_FRR} dev ${port} master static sticky`;
    await this.fabric.apply('leaf2', { ip: [], bridge: [line] });
    const family = ['router bgp 65002', 'address-family l2vpn evpn'];
    await this.fabric.vtysh('leaf2', 'configure terminal', ...family, 'advertise-default-gw');
  }

  /** To the tunnel's end and not to the originator, to nobody for want of a tunnel, and for a VNI that is not here. */
  private sayFloods(): void {
    sayFlood(this.peer, { endpoint: '10.0.0.9' });
    sayFlood(this.peer, { nextHop: '10.0.0.8', endpoint: '10.0.0.18' });
    sayFlood(this.peer, { nextHop: '10.0.0.7' });
    sayFlood(this.peer, { nextHop: '10.0.0.6', endpoint: '10.0.0.6', routeTarget: '65000:99' });
  }

  private async frozenDuplicate(): Promise<void> {
    for (let sequence = 1; ; sequence++) {
      const nextHop = sequence % 2 === 0 ? '10.0.0.8' : '10.0.0.9';
      const communities = [ExtendedCommunity.macMobility(sequence, false)];
      for (const ip of [undefined, '10.10.12.60'])
        sayHost(this.peer, { mac: DUPLICATE, ip, nextHop, communities });
      const outcome = await waitFor(
        async () => {
          const { entry } = await this.explain(10010, DUPLICATE);
          if (entry.frozen) return 'frozen';
          return entry.vtep === nextHop && 'moved';
        },
        { what: `move ${sequence}`, interval: 20 },
      );
      if (outcome === 'frozen') return;
    }
  }

  /** Another leaf claims a local host, which then speaks here again. */
  private async arrival(): Promise<void> {
    const { mac, address } = this.fabric.host(ARRIVED);
    const communities = [ExtendedCommunity.macMobility(3, false)];
    for (const ip of [undefined, address.ipv4, address.ipv6]) sayHost(this.peer, { mac, ip, communities });
    const becomes = (owner: string) =>
      waitFor(async () => (await this.explain(10010, mac)).entry.owner === owner, {
        what: owner,
        interval: 20,
      });
    await becomes('remote');
    await this.fabric.announceHost(ARRIVED);
    await becomes('local');
    await this.fabric.introduceHosts();
  }

  private async listOf<Item>(path: string): Promise<Item[]> {
    const { body } = await this.fabric.restApi<{ items: Item[] }>('leaf1', `${path}?limit=1000`);
    return body.items;
  }

  /** Whatever the lists of the API, the kernel's tables, the spine and the cases name, in each VNI of theirs. */
  private async subjects({ fdb, neighbors, spine }: Truth): Promise<Subject[]> {
    const { fabric } = this;
    const found = new Map<string, Subject>();
    const add = (vni: number, mac: string, ip?: string) => {
      const subject = { vni, mac, ip };
      found.set(query(subject), subject);
    };
    for (const { vni, bridge, vxlan, svi, vlan } of fabric.leaf('leaf1').segments) {
      for (const { mac } of await this.listOf<MacItem>(`/api/v1/vnis/${vni}/macs`)) add(vni, mac);
      for (const { mac, ip } of await this.listOf<ArpEntry>(`/api/v1/vnis/${vni}/arp-cache`))
        add(vni, mac, ip);
      const ports = fabric.plan.hosts.filter((host) => host.vni === vni).map(({ port }) => port);
      const devices = new Set([bridge, vxlan, ...ports]);
      for (const row of fdb)
        if (
          devices.has(row.ifname) &&
          (row.vlan ?? vlan) === vlan &&
          (row.src_vni ?? vni) === vni &&
          !isFilter(row, vxlan)
        )
          add(vni, row.mac);
      for (const { dst, dev, lladdr } of neighbors)
        if (dev === svi) add(vni, lladdr ?? fabric.host('h1-10').mac, dst);
      add(vni, ZERO);
    }
    for (const { prefix, vni } of spine) {
      const [, mac, ip] = /^\[2\]:\[0\]:\[48\]:\[([0-9a-f:]+)\](?::\[\d+\]:\[(.+)\])?$/.exec(prefix) ?? [];
      if (mac !== undefined) add(Number(vni), mac, ip);
    }
    for (const { mac, ips = [] } of this.cases) for (const ip of [undefined, ...ips]) add(10010, mac, ip);
    return [...found.values()];
  }

  /** What explain tells of each against kernel and wire; the list is empty where all is right. */
  private async judged(): Promise<string[]> {
    const truth = await truthOf(this.fabric, 'leaf1');
    const wrong: string[] = [];
    for (const { vni, mac, ip } of await this.subjects(truth)) {
      const told = await this.explain(vni, mac, ip).catch((error: Error) => error);
      if (told instanceof Error) {
        wrong.push(told.message);
        continue;
      }
      if (ip !== undefined && told.binding === null) wrong.push(`${vni} ${mac} ${ip}: no binding`);
      wrong.push(...complaints(this.fabric.leaf('leaf1'), told, truth));
    }
    return wrong;
  }

  /** Waits until all that is told agrees with kernel and wire. */
  async agrees(): Promise<void> {
    let wrong: string[] = [];
    await waitFor(
      async () => {
        wrong = await this.judged();
        return wrong.length === 0;
      },
      {
        what: 'agreement',
        interval: 500,
        show: (last) => (typeof last === 'string' ? last : `\n${wrong.join('\n')}`),
      },
    );
  }
}
