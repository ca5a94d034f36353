import { type Convergence, type EventSink, NO_EVENTS } from '../events/index.js';
import { type Clock, type Ip, LimitedLog, type Log, type Mac, type Vni } from '../types/index.js';
import type { DriftLog } from './drift.js';
import { DriftWatch } from './drift-watch.js';
import { FollowedTables } from './followed-tables.js';
import type { Hosts, HostsOwner, LocalNeigh } from './hosts.js';
import type { Kernel } from './kernel.js';
import { KernelNews } from './kernel-news.js';
import type { KernelRoutes } from './kernel-routes.js';
import type { MacDestination } from './kernel-tables/destination.js';
import type { PlaneKey } from './kernel-tables/key.js';
import type { Books } from './kernel-tables/operation-kind.js';
import { kindOf } from './kernel-tables/operations.js';
import type { RoutesPosition } from './kernel-tables/routes-place.js';
import { unmappedRows } from './kernel-tables/unmapped-rows.js';
import { isHostsMac, type LocalMac, localMac, localMacs, rowsOfChangedPorts } from './local-macs.js';
import { domainKey, KernelMirror } from './mirror.js';
import { observedKernel } from './observing.js';
import { type DefaultsMemory, NO_MEMORY, OurDefaults } from './our-defaults.js';
import type { OwnerPlane } from './owner-plane.js';
import { Problems } from './problems.js';
import { Rechecks } from './rechecks.js';
import { Reconciler } from './reconciler.js';
import { RouteTables } from './route-tables.js';
import { ServedPlanes } from './served-planes.js';
import { deviceName, EMPTY_TOPOLOGY, type Topology } from './topology.js';
import type { VniPlane } from './vni-plane.js';
import { VniPlanes } from './vni-planes.js';
import { mayWithhold, Unflooded } from './withhold.js';

export interface DataPlaneOptions {
  /** Makes the watch over local hosts. */
  readonly hosts: (owner: HostsOwner) => Hosts;
  /** Which default destinations an earlier process wrote; without it those that stand at start are left alone. */
  readonly defaultsMemory?: DefaultsMemory;
  /** Nothing is written and nobody asked; `pendingKeys` lists what would be. */
  readonly observes?: boolean;
  /** The configuration has evpnd serve the VNI wherever it is mapped; every VNI where absent. */
  readonly serves?: (vni: Vni) => boolean;
  /** Who else in this network namespace writes such rows; asked when one of them undoes what is written. */
  readonly rivals?: () => readonly string[];
  /** The routing table of the underlay's routes, and their metric; none where absent. */
  readonly routes?: RoutesPosition | undefined;
  /** Takes problems and drift; none where absent. */
  readonly events?: EventSink;
  /** How long changes take; not watched where absent. */
  readonly convergence?: Convergence | undefined;
  /** Operations that go to the kernel together at most. */
  readonly batch?: number;
}

/** Told which keys to look at again; the present state is read back, so lost or doubled calls do no harm. */
export interface DataPlaneListener {
  topologyChanged(topology: Topology): void;
  localMacChanged(vni: Vni, mac: Mac): void;
  localNeighChanged(vni: Vni, ip: Ip): void;
  /** A host on that port uses a MAC that is pinned behind a VTEP, which the kernel does not report. */
  intruderHeard(vni: Vni, mac: Mac, port: number): void;
}

const SILENT: DataPlaneListener = {
  topologyChanged() {},
  localMacChanged() {},
  localNeighChanged() {},
  intruderHeard() {},
};

/**
 * The one door between brain and kernel: takes what should be true, knows what is true, and lets the reconciler send
 * the difference. It decides whose a row is by the role of the port that it points to.
 */
export class DataPlane {
  readonly mirror = new KernelMirror();
  readonly kernel: Kernel;
  readonly reconciler: Reconciler;
  topology: Topology = EMPTY_TOPOLOGY;
  /** Called with each new topology, for those who have no routes in the kernel. */
  onTopology: ((topology: Topology) => void) | undefined;
  /** Local hosts' IPs: what they announced themselves, and what keeps them known. */
  readonly hosts: Hosts;
  /** Routes of every routing table that evpnd writes. */
  readonly routeTables: RouteTables;
  /** Of which routing tables others' routes are known. */
  readonly followed: FollowedTables;
  readonly problems: Problems;
  readonly #planes: VniPlanes;
  readonly #served: ServedPlanes;
  readonly #watch: DriftWatch;
  readonly #rechecks: Rechecks;
  readonly #log: LimitedLog;
  readonly #convergence: Convergence | undefined;
  readonly #defaults: OurDefaults;
  readonly #unflooded: Unflooded;
  readonly #serves: (vni: Vni) => boolean;
  #listener: DataPlaneListener = SILENT;

  constructor(
    kernel: Kernel,
    readonly clock: Clock,
    log: Log,
    options: DataPlaneOptions,
  ) {
    this.#log = new LimitedLog(clock, log);
    this.#convergence = options.convergence;
    const { observes = false, rivals = () => [], events = NO_EVENTS } = options;
    this.#serves = options.serves ?? (() => true);
    this.kernel = observes ? observedKernel(kernel) : kernel;
    this.followed = new FollowedTables(this.kernel);
    const isHosts = ({ owner }: OwnerPlane, which: PlaneKey) =>
      owner.kind === 'vni' && this.#isHosts(owner.vni, which);
    this.#watch = new DriftWatch(
      clock,
      isHosts,
      (ifindex) => deviceName(this.topology, ifindex),
      this.#log,
      observes,
      events,
      () => this.kernel.hear(),
    );
    this.#defaults = new OurDefaults(options.defaultsMemory ?? NO_MEMORY);
    this.#planes = new VniPlanes(this.mirror, this.#defaults);
    const plane = this;
    this.problems = new Problems(
      clock,
      this.#log,
      {
        planes: this.#planes,
        mirror: this.mirror,
        get topology() {
          return plane.topology;
        },
        hostProblems: () => this.hosts.problems(),
        rivals,
      },
      events,
    );
    const books: Books = {
      mirror: this.mirror,
      defaults: this.#defaults,
      get topology() {
        return plane.topology;
      },
      // The echo of it has nothing new
      movedAway: (domain, mac) => this.hosts.bridgeChanged(domain, mac, false),
    };
    this.reconciler = new Reconciler(
      this.kernel,
      (operation) => kindOf(operation).enter(operation, books),
      this.#watch,
      clock,
      log,
      this.#log,
      options.batch,
      observes,
      options.convergence,
    );
    this.#unflooded = new Unflooded(this.reconciler, clock);
    this.#rechecks = new Rechecks(this.reconciler, this.problems.contests, this.#watch, isHosts);
    this.routeTables = new RouteTables(this.mirror, this.#rechecks, options.routes);
    this.#served = new ServedPlanes({
      mirror: this.mirror,
      planes: this.#planes,
      reconciler: this.reconciler,
      rechecks: this.#rechecks,
      get topology() {
        return plane.topology;
      },
      get hosts() {
        return plane.hosts;
      },
    });
    this.hosts = options.hosts({
      kernel: this.kernel,
      clock,
      mirror: this.mirror,
      get topology() {
        return plane.topology;
      },
      log: this.#log,
      observes,
      vniOf: (domain) => this.#served.at(domain),
      localNeighChanged: (vni, ip) => this.#listener.localNeighChanged(vni, ip),
      intruderHeard: (vni, mac, port) => this.#listener.intruderHeard(vni, mac, port),
    });
  }

  /** The underlay's routes; undefined where it is off. */
  get routes(): KernelRoutes | undefined {
    return this.routeTables.underlay;
  }

  /** Reads the kernel and follows it; resolves when the first picture stands. */
  async start(listener: DataPlaneListener): Promise<void> {
    this.#listener = listener;
    const plane = this;
    const news = new KernelNews({
      mirror: this.mirror,
      planes: this.#planes,
      defaults: this.#defaults,
      hosts: this.hosts,
      rechecks: this.#rechecks,
      routes: this.routeTables,
      get topology() {
        return plane.topology;
      },
      localMacChanged: (vni, mac) => {
        this.#convergence?.outbound.begin(mac);
        listener.localMacChanged(vni, mac);
      },
      localNeighChanged: (vni, ip) => listener.localNeighChanged(vni, ip),
      topologyChanged: (topology) => this.#topologyChanged(topology),
      flushed: (ifindex) => this.#served.flushed(ifindex),
    });
    await this.kernel.start(news, this.mirror);
    news.started = true;
    this.hosts.start();
  }

  /** Serves a VNI from now on: rows of ours on its devices are ours to keep, correct and remove. */
  serve(vni: Vni): void {
    this.#served.serve(vni);
  }

  /** Serves the VNI no longer: what is ours on its devices goes. */
  unserve(vni: Vni): void {
    this.#served.unserve(vni);
  }

  /** From now on rows of ours that nobody wants are removed; until then those found at start stay. Returns how many. */
  sweep(): number {
    if (this.sweeping) return 0;
    this.#rechecks.sweeping = true;
    const before = this.#watch.log.total;
    for (const plane of this.#planes) {
      plane.markUnwantedRows((which) => this.#watch.stray(plane, which));
      this.reconciler.queue(plane);
    }
    this.routeTables.sweep((plane, which) => this.#watch.stray(plane, which));
    return this.#watch.log.total - before + this.#removeUnmapped();
  }

  /** Removes rows of ours that no VNI's place has. Returns of how many addresses. */
  #removeUnmapped(): number {
    const operations = unmappedRows(
      this.mirror,
      this.#defaults,
      this.topology.vnis.values(),
      (vni) => this.#planes.get(vni)?.retired === false,
      this.#serves,
    );
    this.reconciler.removeStrays(operations);
    const addresses = new Set<Mac | Ip>();
    for (const operation of operations)
      if (operation.table === 'bridge' || operation.table === 'vxlan') addresses.add(operation.mac);
      else if (operation.table === 'vxlan-default') addresses.add(operation.dst);
    return addresses.size;
  }

  /** Returns how many remote MACs the kernel has rows of ours for in VNIs that are served: at start, those of an earlier process. */
  countOwnMacs(): number {
    return this.#planes.countOwnMacs();
  }

  /** Returns every key whose rows are or may be to be written: what is wanted, and what is ours and wanted by nobody. */
  *pendingKeys(): Iterable<PlaneKey & { readonly plane: OwnerPlane }> {
    const planes: Iterable<OwnerPlane> = [...this.#planes, ...this.routeTables];
    // Taken before any is given out, since rows may come and go while they are
    for (const plane of planes)
      for (const which of plane.pendingKeys(this.sweeping)) yield { ...which, plane };
  }

  get sweeping(): boolean {
    return this.#rechecks.sweeping;
  }

  /** The differences between wanted and actual: the open ones and the latest resolved ones. */
  get drift(): DriftLog {
    return this.#watch.log;
  }

  /** Wants frames to the MAC to go there, where `pinned` so that no frame moves it; `overEpoch` names the local row that it may replace, 0 for none. */
  setMac(vni: Vni, mac: Mac, to: MacDestination, pinned: boolean, overEpoch: number): void {
    const plane = this.#planes.get(vni);
    if (!plane || plane.retired) return;
    if (!plane.macs.set(mac, to, pinned, overEpoch)) return;
    if (plane.macs.isWithheld(mac) && !mayWithhold(plane, mac)) plane.macs.withhold(mac, false);
    this.#markMac(plane, mac);
  }

  clearMac(vni: Vni, mac: Mac): void {
    const plane = this.#planes.get(vni);
    if (plane?.macs.delete(mac)) this.#markMac(plane, mac);
  }

  /** Wants BUM traffic of the VNI to reach `vtep`. */
  setFlood(vni: Vni, vtep: Ip): void {
    const plane = this.#planes.get(vni);
    if (!plane || plane.retired || !plane.floods.add(vtep)) return;
    this.#floodChanged(plane, vtep);
  }

  clearFlood(vni: Vni, vtep: Ip): void {
    const plane = this.#planes.get(vni);
    if (!plane?.floods.delete(vtep)) return;
    this.#unflooded.lost(plane);
    this.#floodChanged(plane, vtep);
  }

  #floodChanged(plane: VniPlane, vtep: Ip): void {
    this.reconciler.mark(plane, { table: 'flood', key: vtep });
    const { loops, unreachable } = this.topology;
    if (loops.has(vtep) || unreachable.has(vtep)) this.problems.look();
  }

  /**
   * Wants the neighbor on the VNI's SVI, so that the bridge answers ARP and ND for it; `overEpoch` names the local
   * neighbor that it may replace, 0 for none.
   */
  setNeigh(vni: Vni, ip: Ip, mac: Mac, router: boolean, overEpoch: number): void {
    const plane = this.#planes.get(vni);
    if (!plane || plane.retired) return;
    if (!plane.neighs.set(ip, mac, router, overEpoch)) return;
    if (plane.at) this.hosts.beaten(plane.at, ip, overEpoch);
    this.#markNeigh(plane, ip);
  }

  clearNeigh(vni: Vni, ip: Ip): void {
    const plane = this.#planes.get(vni);
    if (plane?.neighs.delete(ip)) this.#markNeigh(plane, ip);
  }

  /** The MAC on one of our access ports, as the bridge knows it now. */
  localMac(vni: Vni, mac: Mac): LocalMac | undefined {
    return localMac(this.mirror, this.topology, this.topology.vnis.get(vni), mac);
  }

  /** Every MAC on our access ports in the VNI's broadcast domain. */
  localMacs(vni: Vni): Iterable<Mac> {
    return localMacs(this.mirror, this.topology, this.topology.vnis.get(vni));
  }

  /** Who has the IP here: the neighbor that the SVI itself learned or was given, or the host that announced it last. */
  localNeigh(vni: Vni, ip: Ip): LocalNeigh | undefined {
    return this.hosts.localNeigh(vni, ip);
  }

  /** Every IP that localNeigh knows in the VNI. */
  localNeighs(vni: Vni): Iterable<Ip> {
    return this.hosts.localNeighs(vni);
  }

  /** Asks for an IP that a MAC should have that is local now: if it is there, localNeighChanged is called. */
  findNeigh(vni: Vni, ip: Ip, mac: Mac): void {
    this.hosts.find(vni, ip, mac);
  }

  /** Clock.wallTime() when the local neighbor was last asked for a sign of life; undefined for never. */
  lastRefresh(vni: Vni, ip: Ip): number | undefined {
    return this.hosts.lastRefresh(vni, ip);
  }

  /** VNIs that are served, or have something left to be removed. */
  get planeCount(): number {
    return this.#planes.size;
  }

  /** Returns what is wanted in a VNI and how far it got, for the API. */
  plane(vni: Vni): VniPlane | undefined {
    return this.#planes.get(vni);
  }

  /** Asks the kernel for the rows of the keys, of which notifications may have been lost. */
  async lookAt(vni: Vni, ...keys: readonly PlaneKey[]): Promise<void> {
    await this.kernel.caughtUp();
    for (const which of keys) this.#lookAt(vni, which);
  }

  #lookAt(vni: Vni, which: PlaneKey): void {
    for (const key of this.#planes.get(vni)?.rowKeys(which) ?? []) this.kernel.ask(key);
  }

  /** True where so much waits for the kernel that no more should be asked for until `relieved` is called. */
  isBehind(relieved: () => void): boolean {
    return this.reconciler.isBehind(relieved);
  }

  /** Removes everything of ours and resolves once the kernel has answered. */
  async flush(): Promise<void> {
    this.#removeUnmapped();
    for (const { vni } of [...this.#planes]) this.unserve(vni);
    this.routeTables.clearAll();
    await this.reconciler.idle();
  }

  close(): void {
    this.hosts.close();
    this.#watch.close();
    this.problems.close();
    this.#log.close();
    this.#unflooded.close();
    this.reconciler.close();
    this.kernel.close();
  }

  #topologyChanged(after: Topology): void {
    this.reconciler.rethink();
    const before = this.topology;
    this.topology = after;
    this.mirror.keepDevices(after.interfaces);
    this.#defaults.keepDevices(after.interfaces);
    this.hosts.keepBridges(after.bridges);
    this.#served.follow(after);
    for (const [vni, own] of after.own) {
      const at = own === before.own.get(vni) ? undefined : after.vnis.get(vni);
      if (at) this.hosts.ownChanged(at);
    }
    this.onTopology?.(after);
    this.#listener.topologyChanged(after);
    this.#portsChanged(before, after);
    this.problems.look();
  }

  /** What was heard of a port before the topology had it, or since it lacks it, has changed nothing yet. */
  #portsChanged(before: Topology, after: Topology): void {
    for (const { bridgeIfindex, vlan, mac } of rowsOfChangedPorts(this.mirror, before, after)) {
      const plane = this.#planes.atDomain(domainKey(bridgeIfindex, vlan));
      if (!plane) continue;
      this.#listener.localMacChanged(plane.vni, mac);
      this.#markMac(plane, mac);
    }
  }

  #markMac(plane: VniPlane, mac: Mac): void {
    plane.tables.mac.mark(mac);
    this.reconciler.queue(plane);
  }

  #markNeigh(plane: VniPlane, ip: Ip): void {
    plane.tables.neigh.mark(ip);
    this.reconciler.queue(plane);
  }

  /** The address is now a host's on one of our own ports: it moved, nobody tampered. */
  #isHosts(vni: Vni, which: PlaneKey): boolean {
    if (which.table !== 'mac' && which.table !== 'neigh') return false;
    const mac = which.table === 'mac' ? which.key : this.localNeigh(vni, which.key)?.mac;
    return mac !== undefined && isHostsMac(this.mirror, this.topology, this.topology.vnis.get(vni), mac);
  }
}
