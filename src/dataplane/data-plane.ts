import { type Clock, type Ip, LimitedLog, type Log, MAC_ZERO, type Mac, type Vni } from '../types/index.js';
import type { MirroredBridgeRow } from './bridge-rows.js';
import { Contests } from './contests.js';
import { sourceVni } from './difference.js';
import type { DriftLog } from './drift.js';
import { DriftWatch } from './drift-watch.js';
import { enterOperation } from './enter-operation.js';
import type { Hosts, HostsOwner, LocalNeigh } from './hosts.js';
import type { Kernel, KernelObserver, Operation } from './kernel.js';
import { loopProblems } from './loops.js';
import { deviceKey, domainKey, KernelMirror } from './mirror.js';
import type { MirroredNeighRow } from './neigh-rows.js';
import { observedKernel } from './observing.js';
import { type DefaultsMemory, NO_MEMORY, OurDefaults } from './our-defaults.js';
import { hasOurMark, isConfigured, isLocalNeigh, isLocalRow, isSetByHand } from './ownership.js';
import { ProblemLog } from './problem-log.js';
import { bridgeRowBack, neighRowBack, vxlanRowBack } from './put-back.js';
import { Reconciler } from './reconciler.js';
import { type BridgeFdbRow, type NeighRow, Ntf, type VxlanFdbRow } from './rows.js';
import { strayCopies, strayRows } from './strays.js';
import {
  deviceName,
  EMPTY_TOPOLOGY,
  sameAttachment,
  type Topology,
  type TopologyProblem,
  type VniAttachment,
} from './topology.js';
import { type PlaneKey, VniPlane } from './vni-plane.js';

/** A MAC that a host behind one of our own ports has. */
export interface LocalMac {
  /** ifindex of the access port. */
  readonly port: number;
  /** Configured by an operator or an orchestrator (NUD_NOARP or NTF_STICKY), not learned. */
  readonly isStatic: boolean;
  /** NTF_STICKY: no frame moves it to another port, and no other leaf should either (RFC 7432 §15.2). */
  readonly isSticky: boolean;
  /** Changes whenever the MAC comes from elsewhere to this port. */
  readonly epoch: number;
}

export interface DataPlaneOptions {
  /** Makes the watch over local hosts. */
  readonly hosts: (owner: HostsOwner) => Hosts;
  /** Which default destinations an earlier process wrote; without it those that stand at start are left alone. */
  readonly defaultsMemory?: DefaultsMemory;
  /** Nothing is written and nobody asked; `pendingKeys` says what would be. */
  readonly observes?: boolean;
  /** Who else in this network namespace writes such rows; asked when one of them undoes what is written. */
  readonly rivals?: () => readonly string[];
  /** Operations that go to the kernel together at most. */
  readonly batch?: number;
}

/** Told which keys to look at again; the present state is read back, so lost or doubled calls do no harm. */
export interface DataPlaneListener {
  topologyChanged(topology: Topology): void;
  macTouched(vni: Vni, mac: Mac): void;
  neighTouched(vni: Vni, ip: Ip): void;
  /** A host on that port uses a MAC that is pinned behind a VTEP, which the kernel does not tell. */
  intruderHeard(vni: Vni, mac: Mac, port: number): void;
}

const SILENT: DataPlaneListener = {
  topologyChanged() {},
  macTouched() {},
  neighTouched() {},
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
  /** Local hosts' IPs: what they said themselves, and what keeps them known. */
  readonly hosts: Hosts;
  readonly #planes = new Map<Vni, VniPlane>();
  readonly #byDomain = new Map<number, VniPlane>();
  readonly #byDevice = new Map<number, VniPlane>();
  readonly #bySvi = new Map<number, VniPlane>();
  readonly #watch: DriftWatch;
  readonly #log: LimitedLog;
  readonly #problems: ProblemLog;
  readonly #contests: Contests;
  readonly #defaults: OurDefaults;
  #started = false;
  #listener: DataPlaneListener = SILENT;
  /** Rows found at start are kept until the brain knows all routes. */
  #sweeping = false;

  constructor(
    kernel: Kernel,
    readonly clock: Clock,
    log: Log,
    options: DataPlaneOptions,
  ) {
    this.#log = new LimitedLog(clock, log);
    this.#problems = new ProblemLog(clock, this.#log, () => this.#servedProblems());
    const { observes = false, rivals = () => [] } = options;
    this.#contests = new Contests(clock, rivals, () => this.#problems.look());
    this.kernel = observes ? observedKernel(kernel) : kernel;
    this.#watch = new DriftWatch(
      clock,
      (plane, which) => this.#isHosts(plane, which),
      (ifindex) => deviceName(this.topology, ifindex),
      this.#log,
      observes,
    );
    this.#defaults = new OurDefaults(options.defaultsMemory ?? NO_MEMORY);
    // The echo of it tells nothing new
    const movedAway = (domain: number, mac: Mac) => this.hosts.bridgeChanged(domain, mac, false);
    const accept = (operation: Operation) => {
      // Few are: looked at here, what becomes of them is no part of what is compiled for the others
      if (operation.table === 'vxlan-default') this.#defaults.enter(operation);
      enterOperation(operation, this.mirror, this.topology, movedAway);
    };
    this.reconciler = new Reconciler(
      this.kernel,
      accept,
      this.#watch,
      clock,
      log,
      this.#log,
      options.batch,
      observes,
    );
    const plane = this;
    this.hosts = options.hosts({
      kernel: this.kernel,
      clock,
      mirror: this.mirror,
      get topology() {
        return plane.topology;
      },
      log: this.#log,
      observes,
      vniOf: (domain) => this.#servedAt(domain),
      neighTouched: (vni, ip) => this.#listener.neighTouched(vni, ip),
      intruderHeard: (vni, mac, port) => this.#listener.intruderHeard(vni, mac, port),
    });
  }

  /** Reads the kernel and follows it; resolves when the first picture stands. */
  async start(listener: DataPlaneListener): Promise<void> {
    this.#listener = listener;
    const hear = () => this.reconciler.hear();
    const observer: KernelObserver = {
      topology: (topology) => {
        hear();
        this.#topologyChanged(topology);
      },
      flushed: (ifindex) => {
        hear();
        this.#flushed(ifindex);
      },
      bridgeRow: (row) => {
        hear();
        this.#bridgeRow(row);
      },
      bridgeRowGone: (row) => {
        hear();
        this.#bridgeRowGone(row);
      },
      vxlanRow: (row) => {
        hear();
        if (!this.#started) this.#defaults.adopt(row);
        this.#vxlanRow(row);
      },
      vxlanRowGone: (row) => {
        hear();
        this.#defaults.drop(row);
        if (this.mirror.dropVxlan(row.ifindex, row.srcVni, row.mac, row.dst)) this.#vxlanChanged(row);
      },
      neighRow: (row) => {
        hear();
        const epoch = this.hosts.epochOf(this.#bySvi.get(row.ifindex)?.at, row.ip, row.mac);
        const { before, after } = this.mirror.putNeigh(row, epoch);
        this.#neighChanged(before, after, row);
      },
      neighRowGone: (row) => {
        hear();
        const before = this.mirror.dropNeigh(row.ifindex, row.ip);
        if (before) this.#neighChanged(before, undefined, row);
      },
    };
    await this.kernel.start(observer, this.mirror);
    this.#started = true;
    this.hosts.start();
  }

  /** Serves a VNI from now on: rows of ours on its devices are ours to keep, correct and remove. */
  serve(vni: Vni): void {
    let plane = this.#planes.get(vni);
    if (!plane) {
      plane = new VniPlane(vni, this.mirror, this.#defaults);
      this.#planes.set(vni, plane);
    }
    plane.retired = false;
    this.#attach(plane, this.topology.vnis.get(vni));
    this.hosts.attached(vni);
  }

  /** Serves the VNI no longer: what is ours on its devices goes. */
  unserve(vni: Vni): void {
    const plane = this.#planes.get(vni);
    if (!plane) return;
    plane.retired = true;
    this.hosts.detached(vni);
    plane.markIntents();
    plane.markOwnedRows();
    plane.macs.clear();
    plane.floods.clear();
    plane.neighs.clear();
    if (plane.at) this.reconciler.removeStrays(strayCopies(this.mirror, plane.at, undefined));
    this.reconciler.queue(plane);
  }

  /** From now on rows of ours that nobody wants are removed; until then those found at start stay. Returns how many. */
  sweep(): number {
    if (this.#sweeping) return 0;
    this.#sweeping = true;
    const before = this.#watch.log.total;
    for (const plane of this.#planes.values()) {
      plane.markOwnedRows((which) => this.#watch.stray(plane, which));
      this.reconciler.queue(plane);
    }
    return this.#watch.log.total - before;
  }

  /** How many remote MACs the kernel has rows of ours for in VNIs that are served: at start, those of an earlier process. */
  countOwnMacs(): number {
    let count = 0;
    for (const { at } of this.#planes.values())
      if (at) for (const row of this.mirror.bridgeRowsOfPort(at.vxlanIfindex)) if (hasOurMark(row)) count++;
    return count;
  }

  /** Every key whose rows are or may be to be written: what is wanted, and what is ours and wanted by nobody. */
  *pendingKeys(): Iterable<PlaneKey & { readonly plane: VniPlane }> {
    for (const plane of this.#planes.values()) {
      // Taken before any is given out, since rows may come and go while they are
      const keys = [...plane.intentKeys()];
      if (this.#sweeping || plane.retired)
        for (const which of plane.ownedKeys()) if (!plane.wants(which)) keys.push(which);
      for (const which of keys) yield { ...which, plane };
    }
  }

  get sweeping(): boolean {
    return this.#sweeping;
  }

  /** The differences between wanted and actual: the open ones and the latest resolved ones. */
  get drift(): DriftLog {
    return this.#watch.log;
  }

  /** Wants the MAC behind `vtep`, where `pinned` so that no frame moves it; `overEpoch` names the local row that it may replace, 0 for none. */
  setMac(vni: Vni, mac: Mac, vtep: Ip, pinned: boolean, overEpoch: number): void {
    const plane = this.#planes.get(vni);
    if (!plane || plane.retired) return;
    if (plane.macs.set(mac, vtep, pinned, overEpoch)) this.#markMac(plane, mac);
  }

  clearMac(vni: Vni, mac: Mac): void {
    const plane = this.#planes.get(vni);
    if (plane?.macs.delete(mac)) this.#markMac(plane, mac);
  }

  /** Wants BUM traffic of the VNI to reach `vtep`. */
  setFlood(vni: Vni, vtep: Ip): void {
    const plane = this.#planes.get(vni);
    if (!plane || plane.retired || plane.floods.has(vtep)) return;
    plane.floods.set(vtep, { settled: false, failure: undefined });
    this.#floodChanged(plane, vtep);
  }

  clearFlood(vni: Vni, vtep: Ip): void {
    const plane = this.#planes.get(vni);
    if (plane?.floods.delete(vtep)) this.#floodChanged(plane, vtep);
  }

  #floodChanged(plane: VniPlane, vtep: Ip): void {
    this.reconciler.mark(plane, { table: 'flood', key: vtep });
    if (this.topology.loops.has(vtep)) this.#problems.look();
  }

  /**
   * Wants the neighbour on the VNI's SVI, so that the bridge answers ARP and ND for it; `overEpoch` names the local
   * neighbour that it may replace, 0 for none.
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
    const at = this.topology.vnis.get(vni);
    const row = at && this.mirror.peekBridge(at.bridgeIfindex, at.vlan, mac);
    return row && this.#isLocal(row) ? asLocalMac(row) : undefined;
  }

  /** Every MAC on our access ports in the VNI's broadcast domain. */
  *localMacs(vni: Vni): Iterable<Mac> {
    const at = this.topology.vnis.get(vni);
    if (at && at.bridgeIfindex !== 0)
      for (const row of this.mirror.bridgeRows(at.bridgeIfindex, at.vlan))
        if (this.#isLocal(row)) yield row.mac;
  }

  /** Who has the IP here: the neighbour that the SVI itself learned or was given, or the host that said so last. */
  localNeigh(vni: Vni, ip: Ip): LocalNeigh | undefined {
    return this.hosts.localNeigh(vni, ip);
  }

  /** Every IP that localNeigh knows in the VNI. */
  localNeighs(vni: Vni): Iterable<Ip> {
    return this.hosts.localNeighs(vni);
  }

  /** Asks for an IP that a MAC should have that is local now: if it is there, neighTouched tells. */
  findNeigh(vni: Vni, ip: Ip, mac: Mac): void {
    this.hosts.find(vni, ip, mac);
  }

  /** Clock.wallTime() when the local neighbour was last asked for a sign of life; undefined for never. */
  lastRefresh(vni: Vni, ip: Ip): number | undefined {
    return this.hosts.lastRefresh(vni, ip);
  }

  /** VNIs that are served, or have something left to be removed. */
  get planeCount(): number {
    return this.#planes.size;
  }

  /** What is wanted in a VNI and how far it got, for the reader of the API. */
  plane(vni: Vni): VniPlane | undefined {
    return this.#planes.get(vni);
  }

  /** Has the kernel say what stands for the keys now, of which something may have gone unheard. */
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

  /** Removes everything of ours and resolves when the kernel has been told. */
  async flush(): Promise<void> {
    for (const vni of [...this.#planes.keys()]) this.unserve(vni);
    await this.reconciler.idle();
  }

  close(): void {
    this.hosts.close();
    this.#contests.close();
    this.#watch.close();
    this.#problems.close();
    this.#log.close();
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
    for (const plane of this.#planes.values()) {
      this.#attach(plane, after.vnis.get(plane.vni));
      if (plane.isOver) this.#planes.delete(plane.vni);
    }
    for (const [vni, own] of after.own) {
      const at = own === before.own.get(vni) ? undefined : after.vnis.get(vni);
      if (at) this.hosts.ownChanged(at);
    }
    this.onTopology?.(after);
    this.#listener.topologyChanged(after);
    this.#problems.look();
  }

  /** What is wrong with devices and VNIs, and who fights over their rows. */
  *problems(): Iterable<TopologyProblem> {
    yield* this.topology.problems;
    yield* this.loops();
    yield* this.contests();
    yield* this.hosts.problems();
  }

  /** BUM traffic that comes back here instead of going to another leaf. */
  loops(): Iterable<TopologyProblem> {
    return loopProblems(this.#planes.values(), this.topology);
  }

  /** Who fights over rows of which device. */
  contests(): Iterable<TopologyProblem> {
    return this.#contests.problems();
  }

  *#servedProblems(): Iterable<TopologyProblem> {
    for (const problem of [...this.topology.problems, ...this.loops(), ...this.contests()])
      if (problem.vni === undefined || this.#planes.get(problem.vni)?.retired === false) yield problem;
  }

  #bridgeRow(row: BridgeFdbRow): void {
    if (this.mirror.holdsBridge(row)) return;
    const { before, after } = this.mirror.putBridge(row);
    this.#bridgeChanged(row.bridgeIfindex, row.vlan, row.mac, before, after);
  }

  #bridgeRowGone(row: BridgeFdbRow): void {
    const before = this.mirror.dropBridge(row.bridgeIfindex, row.vlan, row.mac, row.port);
    if (before) this.#bridgeChanged(row.bridgeIfindex, row.vlan, row.mac, before, undefined);
  }

  #isLocal(row: MirroredBridgeRow): boolean {
    return isLocalRow(row, this.topology);
  }

  #markMac(plane: VniPlane, mac: Mac): void {
    plane.markMac(mac);
    this.reconciler.queue(plane);
  }

  #markNeigh(plane: VniPlane, ip: Ip): void {
    plane.markNeigh(ip);
    this.reconciler.queue(plane);
  }

  #servedAt(domain: number): Vni | undefined {
    const plane = this.#byDomain.get(domain);
    return plane && !plane.retired ? plane.vni : undefined;
  }

  #bridgeChanged(
    bridge: number,
    vlan: number,
    mac: Mac,
    before: MirroredBridgeRow | undefined,
    after: MirroredBridgeRow | undefined,
  ): void {
    this.reconciler.rethink();
    const domain = domainKey(bridge, vlan);
    if (!after && before && this.#isLocal(before)) this.hosts.bridgeForgot(domain, mac, before.port);
    this.hosts.bridgeChanged(domain, mac, after !== undefined && this.#isLocal(after));
    const plane = this.#byDomain.get(domain);
    if (!plane) return;
    if ((before && this.#isLocal(before)) || (after && this.#isLocal(after)))
      this.#listener.macTouched(plane.vni, mac);
    const which = { table: 'mac', key: mac } as const;
    const back =
      plane.at && plane.isMarked(which) ? bridgeRowBack(plane.at, plane.macs.peek(mac), before, after) : [];
    if (back.length > 0) this.#putBack(plane, which, back);
    else this.#recheck(plane, which);
  }

  #vxlanRow(row: VxlanFdbRow): void {
    const { ifindex, srcVni, mac } = row;
    const plane =
      isSetByHand(row) && mac !== MAC_ZERO ? this.#byDevice.get(deviceKey(ifindex, srcVni)) : undefined;
    const which = { table: 'mac', key: mac } as const;
    const before = plane?.isMarked(which) ? this.mirror.vxlanRow(ifindex, srcVni, mac) : undefined;
    if (!this.mirror.putVxlan(row)) return;
    const back = plane?.at && before ? vxlanRowBack(plane.at, plane.macs.peek(mac), before, row) : [];
    if (plane && back.length > 0) this.#putBack(plane, which, back);
    else this.#vxlanChanged(row);
  }

  /** A write of ours landed on a row that somebody had just set. */
  #putBack(plane: VniPlane, which: PlaneKey, operations: readonly Operation[]): void {
    this.reconciler.rethink();
    plane.setSettled(which, false);
    plane.putBack(which, operations);
    this.reconciler.queue(plane);
  }

  #vxlanChanged(row: VxlanFdbRow): void {
    this.reconciler.rethink();
    const plane = this.#byDevice.get(deviceKey(row.ifindex, row.srcVni));
    if (!plane) return;
    if (row.mac !== MAC_ZERO) this.#recheck(plane, { table: 'mac', key: row.mac });
    else if (row.dst !== undefined) this.#recheck(plane, { table: 'flood', key: row.dst });
  }

  #neighChanged(
    before: MirroredNeighRow | undefined,
    after: MirroredNeighRow | undefined,
    key: NeighRow,
  ): void {
    this.reconciler.rethink();
    const plane = this.#bySvi.get(key.ifindex);
    if (!plane) return;
    const was = isLocalNeigh(before);
    const is = isLocalNeigh(after);
    // A neighbour's state changes all the time; only what makes a different route is worth a look
    const differs =
      before?.mac !== after?.mac ||
      before?.flags !== after?.flags ||
      isSetByHand(before) !== isSetByHand(after);
    if (was !== is || (is && differs)) this.#listener.neighTouched(plane.vni, key.ip);
    if (plane.at && !plane.retired) this.hosts.neighChanged(plane.vni, plane.at, key.ip, before, after);
    const which = { table: 'neigh', key: key.ip } as const;
    const back = plane.isMarked(which) ? neighRowBack(plane.wants(which), before, after) : [];
    if (back.length > 0) this.#putBack(plane, which, back);
    else this.#recheck(plane, which);
  }

  /** After news of a row: queue the key if the kernel is no longer as wanted, and record who was not us. */
  #recheck(plane: VniPlane, which: PlaneKey): void {
    if (!plane.wants(which)) {
      if (!this.#sweeping || !plane.holdsOwn(which)) return;
      // What appears while ours is being written is another's doing where there is another
      if (plane.isMarked(which) && !this.#contests.isAt(plane)) this.reconciler.mark(plane, which);
      else this.#repair(plane, which, (repeated) => this.#watch.stray(plane, which, repeated));
      return;
    }
    if (plane.fits(which)) {
      plane.setSettled(which, true);
      // The reconciler knows whether it was our doing
      if (this.drift.openAt(plane.vni, which)) this.reconciler.mark(plane, which);
      return;
    }
    const wasOurs =
      (plane.isSettled(which) || (this.#contests.isAt(plane) && plane.isMarked(which))) &&
      !this.#isHosts(plane, which);
    plane.setSettled(which, false);
    if (wasOurs) this.#repair(plane, which, (repeated) => this.#watch.changed(plane, which, repeated));
    else if (!this.#contests.awaits(plane, which)) this.reconciler.mark(plane, which);
  }

  /** The kernel removed rows with the device, and nobody else did. */
  #flushed(ifindex: number): void {
    for (const plane of this.#planes.values()) {
      const { at } = plane;
      if (at?.vxlanIfindex !== ifindex && at?.bridgeIfindex !== ifindex && at?.sviIfindex !== ifindex)
        continue;
      this.#contests.forget(plane);
      this.#watch.flushed(plane);
    }
  }

  /** Looks at a row that somebody changed: at once, or later where that goes on and on. */
  #repair(plane: VniPlane, which: PlaneKey, record: (repeated: boolean) => void): void {
    const repair = this.#contests.repair(plane, which);
    if (!repair) return;
    record(repair.repeated);
    if (repair.delay === 0) this.reconciler.mark(plane, which);
    else this.reconciler.markLater(plane, which, repair.delay);
  }

  /** The address is now a host's on one of our own ports: it moved, nobody tampered. */
  #isHosts(plane: VniPlane, which: PlaneKey): boolean {
    if (which.table === 'mac') return this.localMac(plane.vni, which.key) !== undefined;
    if (which.table === 'flood') return false;
    const neigh = this.localNeigh(plane.vni, which.key);
    return neigh !== undefined && this.localMac(plane.vni, neigh.mac) !== undefined;
  }

  /** Puts the plane on its present device, removes what it left on another, and looks at everything again. */
  #attach(plane: VniPlane, found: VniAttachment | undefined): void {
    const at = found && found.bridgeIfindex !== 0 ? found : undefined;
    const before = plane.at;
    if (before === at || (before && at && sameAttachment(before, at))) return;
    if (before) {
      forget(this.#byDomain, domainKey(before.bridgeIfindex, before.vlan), plane);
      forget(this.#byDevice, deviceKey(before.vxlanIfindex, sourceVni(before)), plane);
      forget(this.#bySvi, before.sviIfindex, plane);
      this.reconciler.removeStrays(strayRows(this.mirror, before, at, this.#defaults));
    }
    plane.at = at;
    this.#contests.forget(plane);
    if (!at) {
      this.#watch.detached(plane);
      return;
    }
    this.#byDomain.set(domainKey(at.bridgeIfindex, at.vlan), plane);
    this.#byDevice.set(deviceKey(at.vxlanIfindex, sourceVni(at)), plane);
    if (at.sviIfindex !== 0) this.#bySvi.set(at.sviIfindex, plane);
    plane.markIntents();
    if (this.#sweeping) plane.markOwnedRows((which) => this.#watch.stray(plane, which));
    this.reconciler.queue(plane);
    if (!plane.retired) this.hosts.attached(plane.vni);
  }
}

/** Another plane may have taken the place already. */
function forget(map: Map<number, VniPlane>, key: number, plane: VniPlane): void {
  if (map.get(key) === plane) map.delete(key);
}

function asLocalMac(row: MirroredBridgeRow): LocalMac {
  return {
    port: row.port,
    isStatic: isConfigured(row),
    isSticky: (row.flags & Ntf.STICKY) !== 0,
    epoch: row.epoch,
  };
}
