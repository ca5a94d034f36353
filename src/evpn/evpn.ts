import type { LocalRib, Rib, RibReader } from '../bgp/index.js';
import type { DataPlane } from '../dataplane/index.js';
import { type EventSink, NO_EVENTS } from '../events/index.js';
import { type Clock, type Ip, LimitedLog, type Log, type Mac, type Timer, type Vni } from '../types/index.js';
import { type EvpnNlri, RouteType } from '../wire/index.js';
import { Admissions } from './admission.js';
import { Announcer } from './announcer.js';
import { Claims } from './claims.js';
import { Conflicts } from './conflicts.js';
import { CrowdedKeys } from './crowded-keys.js';
import { CrowdedLook, type Looker } from './crowded-look.js';
import { DEFAULT_DUPLICATE_SETTINGS, DuplicateDetector } from './duplicates.js';
import { Evaluator } from './evaluate.js';
import { attributeSetsByVrf } from './export.js';
import { listOf } from './few.js';
import { ImportIndex } from './import-index.js';
import { Importer } from './importer.js';
import { IpVrfs } from './l3/ip-vrfs.js';
import { LaneQueue } from './lane-queue.js';
import { type DirtyLane, type IpEntry, isCrowded, MacEntry, type MacVrf } from './mac-vrf.js';
import { MoveLog } from './move-log.js';
import { MoveMemory } from './move-memory.js';
import { MovedHereQueue } from './moved-here.js';
import type { RdAllocator } from './rd-allocator.js';
import { Flooding } from './route-types/index.js';
import { ServedVnis } from './served-vnis.js';
import { type EvpnSettings, localLimits } from './settings.js';
import { UnusedLog } from './unused-log.js';
import type { VniPart } from './vni-part.js';
import { VtepTable } from './vteps.js';

/** What the brain stands on. */
interface EvpnDependencies {
  readonly rib: Rib;
  readonly localRib: LocalRib;
  readonly dataPlane: DataPlane;
  readonly rdAllocator: RdAllocator;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes moves, duplicates, and VNIs that come and go; none where absent. */
  readonly events?: EventSink;
}

/** A turn's worth of work before others get theirs. */
const SLICE_MS = 2;
/** Steps between two looks whether the kernel is behind. */
const BEHIND_EVERY = 8;
/** Keys between two looks at the clock. */
const STEP = 64;

/**
 * The brain: one MAC-VRF for each VNI that the kernel has and the operator wants. It receives only which keys to look at
 * (the RIB's dirty destinations, the data plane's dirty MACs and IPs) and reads the present state back, so that the
 * order of events does not matter and a thousand changes of one key while it is busy cost one look.
 */
export class Evpn {
  readonly importer: Importer;
  /** The claims of the imported routes. */
  readonly claims: Claims;
  readonly vteps = new VtepTable();
  readonly duplicates: DuplicateDetector;
  readonly conflicts: Conflicts;
  /** Addresses that nobody claims any more. */
  readonly memory: MoveMemory;
  readonly admissions: Admissions;
  /** The VRFs with an L3VNI. */
  readonly ipVrfs: IpVrfs;
  readonly #log: LimitedLog;
  readonly #deps: EvpnDependencies;
  readonly #reader: RibReader;
  readonly #evaluator: Evaluator;
  readonly #vnis: ServedVnis;
  readonly #ofRoutes = new LaneQueue();
  readonly #ofHosts = new LaneQueue();
  readonly #movedHere = new MovedHereQueue();
  readonly #crowded: CrowdedKeys<MacVrf, MacEntry | IpEntry>;
  readonly #looker: Looker;
  readonly #parts: readonly VniPart[];
  #settings: EvpnSettings;
  #scheduled: Timer | undefined;
  #takingOver: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  /** The kernel is behind: no more changed routes are looked at until it is not. */
  #waiting = false;
  #stopped = false;

  constructor(deps: EvpnDependencies, settings: EvpnSettings) {
    this.#deps = deps;
    this.#reader = deps.rib.subscribe();
    this.#settings = settings;
    this.#log = new LimitedLog(deps.clock, deps.log);
    const { events = NO_EVENTS } = deps;
    this.claims = new Claims(deps.dataPlane, deps.localRib);
    const index = new ImportIndex();
    const attributesOf = attributeSetsByVrf();
    const unused = new UnusedLog(this.#log);
    this.importer = new Importer(this.#reader, index, this.vteps, this.#ofRoutes, unused, this.claims);
    this.duplicates = new DuplicateDetector(
      deps.clock,
      this.#log,
      (subject) => {
        if ('mac' in subject) this.#markMac(subject.vni, subject.mac);
        else this.#markIp(subject.vni, subject.ip);
      },
      settings.duplicates,
      events,
    );
    this.memory = new MoveMemory(
      deps.clock,
      this.#log,
      () => this.duplicates.settings.window * 1000,
      (subject) => this.duplicates.forget(subject),
    );
    this.conflicts = new Conflicts(deps.clock, this.#log);
    this.#crowded = new CrowdedKeys(
      deps.clock,
      (vrf, entry) => new CrowdedLook(this.#looker, vrf, entry),
      () => this.#wakeIdle(),
    );
    const deviceName = (port: number) => deps.dataPlane.topology.ports.get(port)?.name;
    this.admissions = new Admissions(
      deps.clock,
      this.#log,
      (vrf) => localLimits(this.#settings, vrf.vni),
      deviceName,
      (vrf, entry) => this.#lookAgain(vrf, entry, vrf.ofHosts),
    );
    this.#evaluator = new Evaluator(
      deps.dataPlane,
      deps.localRib,
      this.claims,
      this.vteps,
      new MoveLog(deps.clock, this.#log, this.duplicates, deviceName, events),
      this.conflicts,
      unused,
      new Announcer(deps.dataPlane, deps.localRib, attributesOf, this.admissions),
    );
    this.#parts = [new Flooding(settings, deps.dataPlane, deps.localRib, this.vteps, unused)];
    this.#vnis = new ServedVnis(
      {
        ...deps,
        events,
        index,
        importer: this.importer,
        vteps: this.vteps,
        evaluator: this.#evaluator,
        attributesOf,
        admissions: this.admissions,
        duplicates: this.duplicates,
        conflicts: this.conflicts,
        memory: this.memory,
        crowded: this.#crowded,
        parts: this.#parts,
        marked: (vrf) => this.#mark(vrf),
        importsChanged: () => this.#reader.lookAgain(),
      },
      settings,
    );
    this.ipVrfs = new IpVrfs(
      {
        ...deps,
        unused,
        macVrf: (vni) => this.#vnis.get(vni),
        routedChanged: (vrf) => this.#routedChanged(vrf),
        idle: () => this.#wakeIdle(),
      },
      settings,
    );
    this.#evaluator.onHost = (vni, ip) => this.ipVrfs.hostChanged(vni, ip);
    this.#looker = {
      evaluator: this.#evaluator,
      serves: (vrf) => this.#serves(vrf),
      lookAgain: (vrf, entry) => this.#lookAgain(vrf, entry),
      decided: (vrf) => {
        if (vrf.hasDirty) this.#mark(vrf);
      },
    };
  }

  /** Reads the kernel's first picture; routes and rows follow from then on. */
  async start(): Promise<void> {
    const { dataPlane, rib } = this.#deps;
    this.#reader.onDirty = () => this.#schedule();
    if (this.#reader.hasDirty) this.#schedule();
    rib.usable = (path) => this.importer.whyNowhere(path) === undefined;
    await dataPlane.start({
      topologyChanged: (topology) => {
        // What is a VNI of hosts now is no VRF's any more, before it is served
        this.ipVrfs.leave(topology);
        this.#vnis.topologyChanged(topology);
        this.ipVrfs.topologyChanged(topology);
      },
      localMacChanged: (vni, mac) => this.#localMacChanged(vni, mac),
      localNeighChanged: (vni, ip) => this.#localNeighChanged(vni, ip),
      intruderHeard: (vni, mac, port) => {
        const vrf = this.#vnis.get(vni);
        if (vrf) this.#evaluator.intruderHeard(vrf, mac, port);
      },
    });
    await this.idle();
    this.admissions.started();
  }

  /** Resolves when nothing is left to look at. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  get #isIdle(): boolean {
    return this.#scheduled === undefined && this.#crowded.size === 0 && !this.#waiting && this.ipVrfs.isIdle;
  }

  /** The MAC-VRF of a VNI that is served. */
  vrf(vni: Vni): MacVrf | undefined {
    return this.#vnis.get(vni);
  }

  vrfs(): IterableIterator<MacVrf> {
    return this.#vnis.values();
  }

  /** New settings: what differs is changed in place. */
  reconfigure(settings: EvpnSettings): void {
    this.#settings = settings;
    this.duplicates.settings = settings.duplicates ?? DEFAULT_DUPLICATE_SETTINGS;
    this.#vnis.reconfigure(settings);
    this.ipVrfs.reconfigure(settings);
    this.admissions.reconfigure();
  }

  /** Looks at nothing any more. Routes go with the sessions, rows when the data plane is flushed. */
  stop(): void {
    this.#stopped = true;
    this.#vnis.stop();
    this.ipVrfs.stop();
    this.admissions.close();
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
    this.#takingOver?.cancel();
    this.#takingOver = undefined;
    this.#crowded.stop();
    this.memory.close();
    this.#log.close();
    this.#wakeIdle();
  }

  /** Its MAC/IP routes have something else beside for their VRF: that is no news of a host's. */
  #routedChanged(vrf: MacVrf): void {
    this.admissions.stands(vrf, vrf.counts.localIps);
    for (const ip of vrf.ips.values()) if (ip.owner === 'local') vrf.markIp(ip);
    this.#vnis.announceGateway(vrf);
    this.#mark(vrf);
  }

  #markMac(vni: Vni, mac: Mac): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    vrf.markMac(vrf.macEntry(mac));
    this.#mark(vrf);
  }

  #markIp(vni: Vni, ip: Ip): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    vrf.markIp(vrf.ipEntry(ip));
    this.#mark(vrf);
  }

  #localMacChanged(vni: Vni, mac: Mac): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    const entry = vrf.macEntry(mac);
    vrf.markMac(entry, vrf.ofHosts);
    this.#localChanged(vrf, entry, entry.ownership.owner === 'remote');
  }

  #localNeighChanged(vni: Vni, ip: Ip): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    const entry = vrf.ipEntry(ip);
    vrf.markIp(entry, vrf.ofHosts);
    this.#localChanged(vrf, entry, entry.owner === 'remote');
  }

  #localChanged(vrf: MacVrf, entry: MacEntry | IpEntry, isElsewhere: boolean): void {
    if (isElsewhere && !isCrowded(entry)) this.#takeOverSoon(vrf, entry);
    if (!vrf.ofHosts.isEmpty) this.#ofHosts.add(vrf.ofHosts);
    this.#schedule();
  }

  #takeOverSoon(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    this.#movedHere.add(vrf, entry);
    if (!this.#stopped) this.#takingOver ??= this.#deps.clock.soonest(this.#takeOverSome);
  }

  readonly #takeOverSome = (): void => {
    this.#takingOver = undefined;
    for (const { vrf, entry } of this.#movedHere.take(STEP)) this.#takeOver(vrf, entry);
    if (this.#movedHere.size > 0) this.#takingOver = this.#deps.clock.soonest(this.#takeOverSome);
    this.#schedule();
  };

  #lookAgain(vrf: MacVrf, entry: MacEntry | IpEntry, lane = vrf.ofRoutes): void {
    if (entry instanceof MacEntry) vrf.markMac(entry, lane);
    else vrf.markIp(entry, lane);
    this.#mark(vrf);
  }

  #mark(vrf: MacVrf): void {
    this.#ofRoutes.add(vrf.ofRoutes);
    if (!vrf.ofHosts.isEmpty) this.#ofHosts.add(vrf.ofHosts);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = this.#deps.clock.soon(this.#work);
  }

  readonly #work = (): void => {
    this.#scheduled = undefined;
    if (this.#slice()) this.#schedule();
    else this.#wakeIdle();
  };

  readonly #goOn = (): void => {
    this.#waiting = false;
    this.#schedule();
  };

  /** Works for one slice; true when work is left. The kernel's notifications are handled also while the kernel is behind. */
  #slice(): boolean {
    const { clock, dataPlane } = this.#deps;
    const reader = this.#reader;
    const end = clock.now() + SLICE_MS;
    for (let step = 0; ; step++) {
      if (step % BEHIND_EVERY === 0 && reader.hasDirty) this.#waiting = dataPlane.isBehind(this.#goOn);
      // Keys with few claims do not wait for those with many
      const dirty = reader.takeDirty(STEP, this.#waiting);
      for (let i = 0; i < dirty.length; i++) this.importer.update(dirty[i]);
      if (!this.#waiting) {
        if (dirty.length === 0)
          for (const destination of reader.takeAgain(STEP)) this.importer.reimport(destination);
      }
      this.#evaluateSome(this.#ofRoutes.take());
      this.#evaluateSome(this.#ofHosts.take());
      if ((this.#waiting || !reader.hasDirty) && !this.#hasDirtyKeys) return false;
      if (clock.now() >= end) return true;
    }
  }

  get #hasDirtyKeys(): boolean {
    return this.#ofRoutes.size > 0 || this.#ofHosts.size > 0;
  }

  /** Looks at an address that has come here, out of turn, and at the IPs that a MAC brings along. */
  #takeOver(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    if (!this.#serves(vrf) || isCrowded(entry)) return;
    if (entry instanceof MacEntry) {
      this.#lookAtMac(vrf, entry);
      if (!(entry.ips instanceof Set)) for (const ip of listOf(entry.ips)) this.#lookAtBound(vrf, ip);
    } else this.#lookAtIp(vrf, entry);
    this.#queueDirty(vrf);
  }

  #lookAtBound(vrf: MacVrf, ip: Ip): void {
    const entry = vrf.ips.get(ip);
    if (entry?.dirty && !isCrowded(entry)) this.#lookAtIp(vrf, entry);
  }

  #lookAtMac(vrf: MacVrf, entry: MacEntry): void {
    entry.dirty = false;
    this.#evaluator.mac(vrf, entry);
  }

  /** MACs before IPs, since bindings rest on them: those that claim it first, in whichever lane they wait. */
  #lookAtIp(vrf: MacVrf, entry: IpEntry): void {
    if (vrf.ofRoutes.hasMacs || vrf.ofHosts.hasMacs) {
      this.#macFirst(vrf, this.#deps.dataPlane.localNeigh(vrf.vni, entry.ip)?.mac);
      if (!isCrowded(entry)) for (const { nlri } of listOf(entry.remotes)) this.#macFirst(vrf, macOf(nlri));
    }
    entry.dirty = false;
    this.#evaluator.ip(vrf, entry);
  }

  #macFirst(vrf: MacVrf, mac: Mac | undefined): void {
    const entry = mac === undefined ? undefined : vrf.macs.get(mac);
    if (entry?.dirty && !isCrowded(entry)) this.#lookAtMac(vrf, entry);
  }

  #serves(vrf: MacVrf): boolean {
    return this.#vnis.get(vrf.vni) === vrf;
  }

  /** Looks at some dirty keys of the lane, and of what routes alone have looked at where it is theirs. */
  #evaluateSome(lane: DirtyLane | undefined): void {
    if (!lane || !this.#serves(lane.vrf)) return;
    const { vrf } = lane;
    const isOfRoutes = lane === vrf.ofRoutes;
    // What one address has looked at leaves room for others
    lane.walkSome(STEP / 2);
    let left = isOfRoutes ? vrf.markSegments(STEP) : STEP;
    while (left-- > 0) {
      const mac = lane.takeMac();
      const ip = mac ? undefined : lane.takeIp();
      if (mac) this.#evaluator.mac(vrf, mac);
      else if (ip) this.#lookAtIp(vrf, ip);
      else break;
    }
    if (isOfRoutes && this.#evaluateParts(vrf, left)) this.#ofRoutes.add(lane);
    this.#queueDirty(vrf);
  }

  /** Has each part decide on some of its dirty keys, `most` of all together; returns true if some are left. */
  #evaluateParts(vrf: MacVrf, most: number): boolean {
    let left = most;
    let hasDirty = false;
    for (const part of this.#parts) {
      left = part.evaluate(vrf, left);
      if (part.hasDirty(vrf)) hasDirty = true;
    }
    return hasDirty;
  }

  #queueDirty(vrf: MacVrf): void {
    if (!vrf.ofRoutes.isEmpty || vrf.segments.hasDirty) this.#ofRoutes.add(vrf.ofRoutes);
    if (!vrf.ofHosts.isEmpty) this.#ofHosts.add(vrf.ofHosts);
  }

  #wakeIdle(): void {
    if (!this.#isIdle && !this.#stopped) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}

function macOf(nlri: EvpnNlri): Mac | undefined {
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT ? nlri.mac : undefined;
}
