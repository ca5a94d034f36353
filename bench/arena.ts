/** The place of a benchmark: a leaf's namespace with its bridges, the synthetic spine in another, the probe in the leaf's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Fabric, onExit, run } from '../lab/index.js';
import type { handlers as attackerHandlers } from './attacker-process.js';
import { DROP_BALLAST, loadBallast } from './ballast.js';
import type { Engine } from './engine.js';
import { makeEngine, type SpeakerName } from './engines.js';
import { cpuSeconds } from './measure.js';
import type { Comparison } from './probe-compare.js';
import type { handlers as probeHandlers } from './probe-process.js';
import { type Handlers, now, Remote } from './rpc.js';
import type { handlers as sinkHandlers } from './sink-process.js';
import type { handlers as spineHandlers } from './spine-process.js';
import type { handlers as tenantHandlers } from './tenant-process.js';
import { SECOND_LINK } from './unicast-workload.js';
import { addVrfs, DROP_VRFS } from './vrf-devices.js';
import { REMOTE_PREFIX, type Routes, type Spread, TWO_VTEPS, vlanAt, vniAt } from './workload.js';

/** Milliseconds of patience with anything that a daemon has to do. */
export const PATIENCE = 180_000;

const here = fileURLToPath(new URL('.', import.meta.url));
/** Neighbors of a table: above it the kernel refuses, and it counts those of all namespaces. */
const GC_THRESHOLDS = ['ipv4', 'ipv6'].flatMap((family) =>
  ['1', '2', '3'].map((n) => `/proc/sys/net/${family}/neigh/default/gc_thresh${n}`),
);

/** Lets any number of neighbors in until this process ends. */
function raiseNeighborLimits(): void {
  for (const file of GC_THRESHOLDS) {
    const before = readFileSync(file, 'utf8');
    onExit(() => writeFileSync(file, before));
    writeFileSync(file, '1000000');
  }
}

/** Milliseconds of patience with the removal of thousands of devices, of which the kernel takes 10 ms for each. */
const REMOVAL_PATIENCE = 300_000;
/** From so many VNIs on devices are removed before their namespace. */
const MANY_VNIS = 500;
const DEVICE_GROUP = '7';

/** What a benchmark needs of its place. */
export interface Place {
  readonly vnis: number;
  /** An SVI in each VNI. */
  readonly withSvi: boolean;
  /** An access port in each VNI. */
  readonly withPorts: boolean;
  /** The remote VTEPs. */
  readonly spread: Spread;
  /** Addresses of the spine, each a neighbor of the leaf's. */
  readonly peers: number;
  /** Seconds between KEEPALIVEs. */
  readonly keepalive: number;
  /** A neighbor more, and two ports and a wide subnet in the first VNI. */
  readonly hostile: boolean;
  /** IPv4 unicast in every session, and the second neighbor on a link of its own. */
  readonly unicast: boolean;
  /** The daemon's heap can be asked for. */
  readonly collected: boolean;
  /** VRFs with an L3VNI each. */
  readonly vrfs: number;
}

export const PLAIN_PLACE = {
  withSvi: false,
  withPorts: false,
  spread: TWO_VTEPS,
  peers: 1,
  keepalive: 3,
  hostile: false,
  unicast: false,
  collected: false,
  vrfs: 0,
};

/** Where evpnd answers REST. */
export const REST_PORT = 8179;

const HOSTILE_NEIGHBOR = '10.66.0.1';
/** The far ends of the hostile tenant's ports: in the first VNI, as a port of orderly hosts is. */
export const HOSTILE_PORTS: readonly string[] = ['hostile1', 'hostile2'];
const portOf = (farEnd: string): string => `acc${farEnd}`;

/** Makes a port of the bridge, and its far end. */
function portWith(port: string, farEnd: string, bridge: string): string[] {
  return [
    `link add ${port} type veth peer name ${farEnd}`,
    `link set ${port} master ${bridge} addrgenmode none up`,
    `link set ${farEnd} addrgenmode none up`,
  ];
}

/** Protocol numbers of a dead daemon's routes and nexthops: evpnd's, and those of FRR's bgpd and zebra. */
const PROTOCOLS = ['69', '186', '11'];

/** The spine's addresses behind the first. */
const peerAddress = (n: number): string => `10.65.0.${n}`;
const PEER_PREFIX = '10.65.0.0/24';

/** Builds once for any number of runs in the same place. */
export class Arena {
  #engine: (Engine & { readonly socket?: string }) | undefined;
  #engines = 0;
  #level = false;
  #sink: Remote<typeof sinkHandlers> | undefined;
  #attacker: Remote<typeof attackerHandlers> | undefined;
  #tenant: Remote<typeof tenantHandlers> | undefined;

  private constructor(
    readonly fabric: Fabric,
    readonly place: Place,
    /** The spine's addresses. */
    readonly peers: readonly string[],
    readonly spine: Remote<typeof spineHandlers>,
    readonly probe: Remote<typeof probeHandlers>,
  ) {}

  static async create(place: Place): Promise<Arena> {
    const fabric = await Fabric.create({
      leaves: [{ engine: 'none', hostsPerVni: 0, svi: place.withSvi }],
      spines: [{ engine: 'none' }],
      vnis: Array.from({ length: place.vnis }, (_, i) => ({ vni: vniAt(i), vlan: vlanAt(i) })),
    });
    try {
      const leaf = fabric.leaf('leaf1');
      const [link] = leaf.links;
      const address = link.spineAddress.ipv4;
      const hostile = place.hostile ? [HOSTILE_NEIGHBOR] : [];
      const more = place.unicast
        ? [SECOND_LINK.spine]
        : Array.from({ length: place.peers - 1 }, (_, i) => peerAddress(i + 1));
      const ip = [REMOTE_PREFIX, PEER_PREFIX].map((prefix) => `route add ${prefix} via ${address}`);
      if (place.withPorts)
        for (const { vlan, bridge } of leaf.segments)
          ip.push(...portWith(`acc${vlan}`, `host${vlan}`, bridge));
      if (place.hostile) {
        const { bridge } = leaf.segments[0];
        ip.push(
          `route add ${HOSTILE_NEIGHBOR} via ${address}`,
          ...HOSTILE_PORTS.flatMap((farEnd) => portWith(portOf(farEnd), farEnd, bridge)),
          `addr add 12.0.0.1/8 dev ${bridge}`,
          `addr add fd0c::1/64 dev ${bridge} nodad`,
        );
      }
      if (place.unicast)
        ip.push(
          `link add up2 type veth peer name down2 netns ${fabric.namespace('spine1')}`,
          `addr add ${SECOND_LINK.leaf}/31 dev up2`,
          'link set up2 up',
        );
      await fabric.apply('leaf1', { ip, bridge: [] });
      if (place.unicast)
        await fabric.apply('spine1', {
          ip: [`addr add ${SECOND_LINK.spine}/31 dev down2`, 'link set down2 up'],
          bridge: [],
        });
      await fabric.apply('spine1', {
        ip: [...(place.unicast ? [] : more), ...hostile].map(
          (each) => `addr add ${each}/32 dev ${link.spineDevice}`,
        ),
        bridge: [],
      });
      if (place.withSvi || place.vrfs > 0) raiseNeighborLimits();
      const process = <H extends object>(node: string, name: string) =>
        new Remote<H & Handlers>(name, fabric.namespace(node), join(here, `${name}-process.js`));
      const spine = process<typeof spineHandlers>('spine1', 'spine');
      const probe = process<typeof probeHandlers>('leaf1', 'probe');
      const peers = [address, ...more];
      await spine.call('listen', {
        addresses: peers,
        keepalive: place.keepalive,
        unicast: place.unicast,
      });
      return new Arena(fabric, place, peers, spine, probe);
    } catch (error) {
      await fabric.remove();
      throw error;
    }
  }

  /** Makes runs begin alike, whatever was before; lasts until `reset`. */
  async level(): Promise<void> {
    await this.fabric.apply('spine1', loadBallast());
    this.#level = true;
  }

  /** Starts a daemon on the leaf and resolves when its sessions are up and it knows every VNI. */
  async start(name: SpeakerName): Promise<Engine & { readonly socket?: string }> {
    await this.launch(name);
    await this.announceVteps();
    await this.settle();
    await this.spine.call('endOfRib', null);
    return this.#engine as Engine;
  }

  /** The same without the routes of the remote VTEPs and without End-of-RIB. */
  async launch(name: SpeakerName): Promise<void> {
    const folder = join(this.fabric.folder, `${name}-${++this.#engines}`);
    const { fabric, peers, place } = this;
    const leaf = fabric.leaf('leaf1');
    if (place.vrfs > 0) await fabric.apply('leaf1', addVrfs(leaf, place.vrfs));
    if (place.hostile)
      await this.attacker.call('listen', { address: HOSTILE_NEIGHBOR, keepalive: place.keepalive });
    this.#engine = makeEngine(name, fabric.namespace('leaf1'), folder, leaf, fabric.plan, {
      peers: place.hostile ? [...peers, HOSTILE_NEIGHBOR] : peers,
      keepalive: place.keepalive,
      unicast: place.unicast,
      collected: place.collected,
      vrfs: place.vrfs,
    });
    await this.#engine.start();
    await this.up();
  }

  /** Resolves with the time when somebody on the leaf listens for BGP; rejects after so many milliseconds. */
  async listening(timeout: number): Promise<number> {
    // The probe's view is that of its namespace; the columns are local address and state
    const file = `/proc/${this.probe.pid}/net/tcp`;
    for (const until = now() + timeout; now() < until; await delay(5))
      if (/^\s*\d+: [0-9A-F]{8}:00B3 \S+ 0A /m.test(readFileSync(file, 'utf8'))) return now();
    throw new Error(`nobody listens on port 179 after ${timeout} ms`);
  }

  /** Waits for the sessions. */
  async up(): Promise<void> {
    await this.spine.call('up', { vnis: this.place.vnis, timeout: 60_000 });
    await this.settle();
  }

  /** Announces the remote VTEPs in every session; when the first octet and the last were sent. */
  async announceVteps(): Promise<{ started: number; written: number }> {
    const { vnis, spread } = this.place;
    await this.spine.call('prepareVteps', { name: 'vteps', vnis, spread });
    return this.spine.call('stream', { name: 'vteps', to: this.peers.length });
  }

  /** The process that plays a leaf which does nothing. */
  get sink(): Remote<typeof sinkHandlers> {
    this.#sink ??= new Remote<typeof sinkHandlers>(
      'sink',
      this.fabric.namespace('leaf1'),
      join(here, 'sink-process.js'),
    );
    return this.#sink;
  }

  /** The hostile neighbor; a new process for each run. */
  get attacker(): Remote<typeof attackerHandlers> {
    this.#attacker ??= new Remote(
      'attacker',
      this.fabric.namespace('spine1'),
      join(here, 'attacker-process.js'),
    );
    return this.#attacker;
  }

  /** The hostile tenant; a new process for each run. */
  get tenant(): Remote<typeof tenantHandlers> {
    this.#tenant ??= new Remote('tenant', this.fabric.namespace('leaf1'), join(here, 'tenant-process.js'));
    return this.#tenant;
  }

  get engine(): Engine & { readonly socket?: string } {
    if (!this.#engine) throw new Error('no engine runs');
    return this.#engine;
  }

  /** Waits until the daemon's CPU has been idle for a moment, so that no earlier work is measured. */
  async settle(): Promise<void> {
    let before = cpuSeconds(this.engine.pids);
    for (let quiet = 0, looks = 0; quiet < 3 && looks < 300; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const now = cpuSeconds(this.engine.pids);
      quiet = now - before < 0.004 ? quiet + 1 : 0;
      before = now;
    }
  }

  /**
   * Compares the kernel with what should stand, and throws with the counts where they differ. `floods` are the default
   * destinations, which are not looked at where it is absent; null is none.
   */
  async verify(
    routes: Routes | undefined,
    { vtep = 0, floods }: { vtep?: number; floods?: Spread | null } = {},
  ): Promise<void> {
    const found = await this.compare(routes, vtep, 5_000, floods);
    if (found.missing + found.stale + found.wrong > 0)
      throw new Error(`the kernel differs from what was announced: ${JSON.stringify(found)}`);
  }

  compare(
    routes: Routes | undefined,
    vtep: number,
    patience: number,
    floods?: Spread | null,
  ): Promise<Comparison> {
    return this.probe.call('compare', { routes, vnis: this.place.vnis, vtep, floods, patience });
  }

  /** What the daemon last said, for the one who asks why. */
  logs(): string {
    return this.#engine?.logs() ?? '';
  }

  /** Ends the daemon and leaves bridges as they were before it. */
  async reset(): Promise<void> {
    await this.#engine?.kill();
    this.#engine = undefined;
    this.#stopOthers();
    if (this.place.hostile) await this.fabric.apply('leaf1', { ip: this.#forgetHosts(), bridge: [] });
    if (this.place.unicast) await this.#forgetRoutes();
    if (this.place.vrfs > 0) await this.fabric.apply('leaf1', DROP_VRFS);
    await this.probe.call('flush', { vnis: this.place.vnis, withPorts: this.place.withPorts });
    if (this.#level) await this.fabric.apply('spine1', DROP_BALLAST);
    this.#level = false;
  }

  /** Routes go with their nexthops; a group that went with its members is missed by the flush that wants it. */
  async #forgetRoutes(): Promise<void> {
    for (const protocol of PROTOCOLS)
      await this.fabric.attempt('leaf1', 'ip', 'nexthop', 'flush', 'proto', protocol);
    for (const protocol of PROTOCOLS)
      await this.fabric.attempt('leaf1', 'ip', 'route', 'flush', 'proto', protocol);
  }

  #stopOthers(): void {
    for (const each of [this.#sink, this.#attacker, this.#tenant]) each?.stop();
    this.#sink = undefined;
    this.#attacker = undefined;
    this.#tenant = undefined;
  }

  /** What takes all that was learned from the leaf's ports: hostile hosts are more than a dump a row can remove. */
  #forgetHosts(): string[] {
    const { segments } = this.fabric.leaf('leaf1');
    const ports = [...segments.map(({ vlan }) => `acc${vlan}`), ...HOSTILE_PORTS.map(portOf)];
    return ports.map((port) => `link set ${port} type bridge_slave fdb_flush`);
  }

  async remove(): Promise<void> {
    await this.#engine?.kill();
    this.#stopOthers();
    this.spine.stop();
    this.probe.stop();
    try {
      if (this.place.vnis >= MANY_VNIS) await this.#removeDevices();
    } finally {
      await this.fabric.remove();
    }
  }

  /**
   * The kernel would remove them with the namespace, but some time later, and then nobody can make or change a device
   * anywhere until it is done: the next benchmark would wait in vain.
   */
  async #removeDevices(): Promise<void> {
    const ip = this.fabric
      .leaf('leaf1')
      .segments.flatMap(({ bridge, vxlan }) => [bridge, vxlan])
      .map((device) => `link set dev ${device} group ${DEVICE_GROUP}`);
    await this.fabric.apply('leaf1', { ip, bridge: [] });
    await run('ip', ['-n', this.fabric.namespace('leaf1'), 'link', 'del', 'group', DEVICE_GROUP], {
      timeout: REMOVAL_PATIENCE,
    });
  }
}
