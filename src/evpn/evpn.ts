import type { LocalRib, Rib } from '../bgp/index.js';
import {
  type DataPlane,
  EMPTY_TOPOLOGY,
  NO_OWN_ADDRESSES,
  sameAttachment,
  type Topology,
} from '../dataplane/index.js';
import {
  type Clock,
  type Ip,
  LimitedLog,
  type Log,
  type Mac,
  type RouteDistinguisher,
  sameSet,
  symmetricDifference,
  type Timer,
  type Vni,
} from '../types/index.js';
import { Admissions } from './admission.js';
import { exportWith, Renaming } from './advertised.js';
import { Announcer } from './announcer.js';
import { Conflicts } from './conflicts.js';
import { CrowdedKeys } from './crowded-keys.js';
import { DEFAULT_DUPLICATE_SETTINGS, DuplicateDetector } from './duplicates.js';
import { Evaluator } from './evaluate.js';
import { AttributeSets } from './export.js';
import { announceGateway, gatewayRole } from './gateway.js';
import { ImportIndex } from './import-index.js';
import { autoExportTargets, autoImportTargets, type ImportTarget } from './import-target.js';
import { Importer } from './importer.js';
import { type IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
import { MoveLog } from './move-log.js';
import { MoveMemory } from './move-memory.js';
import type { RdAllocator } from './rd-allocator.js';
import {
  configuredRds,
  DEFAULT_FLOOD_LIMIT,
  type EvpnSettings,
  importsTags,
  isFlooded,
  isServed,
  localLimits,
} from './settings.js';
import { UnusedLog } from './unused-log.js';
import { VrfQueue } from './vrf-queue.js';
import { VtepTable } from './vteps.js';

/** What the brain stands on. */
export interface EvpnDependencies {
  readonly rib: Rib;
  readonly localRib: LocalRib;
  readonly dataPlane: DataPlane;
  readonly rdAllocator: RdAllocator;
  readonly clock: Clock;
  readonly log: Log;
}

/** A turn's worth of work before others get theirs. */
const SLICE_MS = 2;
/** Steps between two looks whether the kernel is behind. */
const BEHIND_EVERY = 8;
/** Keys between two looks at the clock. */
const STEP = 64;

/**
 * The brain: one MAC-VRF for each VNI that the kernel has and the operator wants. It is told only which keys to look at
 * (the RIB's dirty destinations, the data plane's touched MACs and IPs) and reads the present state back, so that the
 * order of events does not matter and a thousand changes of one key while it is busy cost one look.
 */
export class Evpn {
  readonly importer: Importer;
  readonly vteps = new VtepTable();
  readonly duplicates: DuplicateDetector;
  readonly conflicts: Conflicts;
  /** Addresses that nobody claims any more. */
  readonly memory: MoveMemory;
  readonly admissions: Admissions;
  readonly #log: LimitedLog;
  readonly #deps: EvpnDependencies;
  readonly #index = new ImportIndex();
  readonly #evaluator: Evaluator;
  readonly #vrfs = new Map<Vni, MacVrf>();
  readonly #attributes = new WeakMap<MacVrf, AttributeSets>();
  readonly #touched = new VrfQueue();
  readonly #crowded: CrowdedKeys<MacVrf, MacEntry | IpEntry>;
  readonly #renaming: Renaming;
  #settings: EvpnSettings;
  #configuredRds: ReadonlySet<RouteDistinguisher>;
  #topology: Topology = EMPTY_TOPOLOGY;
  #scheduled: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  /** The kernel is behind: no more changed routes are looked at until it is not. */
  #waiting = false;
  #stopped = false;

  constructor(deps: EvpnDependencies, settings: EvpnSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#configuredRds = configuredRds(settings);
    this.#log = new LimitedLog(deps.clock, deps.log);
    this.#renaming = new Renaming(deps.clock, deps.localRib);
    const unused = new UnusedLog(this.#log);
    this.importer = new Importer(this.#index, this.vteps, this.#touched, unused);
    this.importer.importTags = importsTags(settings);
    this.duplicates = new DuplicateDetector(
      deps.clock,
      this.#log,
      (subject) => {
        if ('mac' in subject) this.#touchMac(subject.vni, subject.mac);
        else this.#touchIp(subject.vni, subject.ip);
      },
      settings.duplicates,
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
      (vrf, entry) => this.#lookAt(vrf, entry),
      () => this.#wakeIdle(),
    );
    const deviceName = (port: number) => deps.dataPlane.topology.ports.get(port)?.name;
    this.admissions = new Admissions(
      deps.clock,
      this.#log,
      (vrf) => localLimits(this.#settings, vrf.vni),
      deviceName,
      (vrf, entry) => this.#lookAgain(vrf, entry),
    );
    this.#evaluator = new Evaluator(
      deps.dataPlane,
      deps.localRib,
      this.vteps,
      new MoveLog(deps.clock, this.#log, this.duplicates, deviceName),
      this.conflicts,
      (vrf) => this.#attributesOf(vrf),
      unused,
      new Announcer(deps.dataPlane, deps.localRib, (vrf) => this.#attributesOf(vrf), this.admissions),
    );
    this.#evaluator.floodLimit = settings.floodLimit ?? DEFAULT_FLOOD_LIMIT;
  }

  /** Reads the kernel's first picture; routes and rows follow from then on. */
  async start(): Promise<void> {
    const { dataPlane, rib } = this.#deps;
    rib.onDirty = () => this.#schedule();
    rib.usable = (path) => this.importer.whyNowhere(path) === undefined;
    await dataPlane.start({
      topologyChanged: (topology) => this.#topologyChanged(topology),
      macTouched: (vni, mac) => this.#touchMac(vni, mac),
      neighTouched: (vni, ip) => this.#touchIp(vni, ip),
      intruderHeard: (vni, mac, port) => {
        const vrf = this.#vrfs.get(vni);
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
    return this.#scheduled === undefined && this.#crowded.size === 0 && !this.#waiting;
  }

  /** The MAC-VRF of a VNI that is served. */
  vrf(vni: Vni): MacVrf | undefined {
    return this.#vrfs.get(vni);
  }

  vrfs(): IterableIterator<MacVrf> {
    return this.#vrfs.values();
  }

  /**
   * New settings: what differs is changed in place. Routes come to a VNI and go from it by the difference of its import
   * targets, those that it announces are announced anew where its RD or its export targets differ, and nothing else of
   * any VNI is touched.
   */
  reconfigure(settings: EvpnSettings): void {
    this.#settings = settings;
    this.#configuredRds = configuredRds(settings);
    this.duplicates.settings = settings.duplicates ?? DEFAULT_DUPLICATE_SETTINGS;
    this.#limitFloods(settings.floodLimit ?? DEFAULT_FLOOD_LIMIT);
    const importTags = importsTags(settings);
    let importsChanged = importTags !== this.importer.importTags;
    this.importer.importTags = importTags;
    this.#topologyChanged(this.#topology);
    for (const vrf of this.#vrfs.values()) {
      const { rd, importTargets, exportTargets } = this.#identityOf(vrf.vni);
      if (rd !== vrf.rd) this.#renaming.rename(vrf, rd);
      if (!sameMembers(exportTargets, vrf.exportTargets, String))
        exportWith(vrf, exportTargets, this.#attributesOf(vrf), this.#deps.localRib);
      if (!sameMembers(importTargets, vrf.importTargets, importTargetKey)) {
        this.#index.retarget(vrf, importTargets);
        importsChanged = true;
      }
      this.#setFlooding(vrf, isFlooded(settings, vrf.vni));
    }
    this.admissions.reconfigure();
    if (importsChanged) this.#deps.rib.lookAgain();
  }

  #identityOf(vni: Vni) {
    const { asn, routerId, vnis, autoRt = 'frr' } = this.#settings;
    const own = vnis.get(vni);
    return {
      rd: own?.rd ?? this.#deps.rdAllocator.rd(routerId, vni, this.#configuredRds),
      importTargets: own?.importTargets ?? autoImportTargets(vni, autoRt),
      exportTargets: own?.exportTargets ?? autoExportTargets(asn, vni, autoRt),
    };
  }

  #setFlooding(vrf: MacVrf, flooding: boolean): void {
    if (vrf.flooding === flooding) return;
    vrf.flooding = flooding;
    this.#evaluator.imet(vrf);
    for (const vtep of vrf.floods.keys()) vrf.touchedFloods.add(vtep);
    this.#touched.add(vrf);
    this.#schedule();
  }

  #limitFloods(limit: number): void {
    if (this.#evaluator.floodLimit === limit) return;
    this.#evaluator.floodLimit = limit;
    for (const vrf of this.#vrfs.values()) {
      // Those that came last lose their places first
      const floods = [...(this.#deps.dataPlane.plane(vrf.vni)?.floods.keys() ?? [])];
      for (const vtep of floods.slice(limit).reverse()) vrf.touchedFloods.add(vtep);
      this.#touched.add(vrf);
    }
    this.#schedule();
  }

  /** Looks at nothing any more. Routes go with the sessions, rows when the data plane is flushed. */
  stop(): void {
    this.#stopped = true;
    this.#renaming.stop();
    this.admissions.close();
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
    this.#crowded.stop();
    this.memory.close();
    this.#log.close();
    this.#wakeIdle();
  }

  #topologyChanged(topology: Topology): void {
    const before = this.#topology;
    this.#topology = topology;
    this.admissions.keepPorts(topology.ports);
    for (const vni of [...this.#vrfs.keys()])
      if (!topology.vnis.has(vni) || !isServed(this.#settings, vni)) this.#removeVrf(vni);
    const added: MacVrf[] = [];
    for (const vni of topology.vnis.keys())
      if (!this.#vrfs.has(vni) && isServed(this.#settings, vni)) added.push(this.#addVrf(vni));
    for (const vrf of this.#vrfs.values()) this.#attach(vrf, topology);
    const isJudgedAnew = this.importer.judgeBy(this.#vrfs.values(), topology);
    // What stands in the RIB already is looked at once for all of them
    if (added.length > 0 || isJudgedAnew) this.#deps.rib.lookAgain();
    if (before.ownVteps !== topology.ownVteps)
      for (const vtep of symmetricDifference(before.ownVteps, topology.ownVteps)) this.#touchVtep(vtep);
  }

  #attach(vrf: MacVrf, topology: Topology): void {
    const before = vrf.at;
    const ownBefore = vrf.own;
    vrf.own = topology.own.get(vrf.vni) ?? NO_OWN_ADDRESSES;
    const at = topology.vnis.get(vrf.vni);
    const same = before !== undefined && at !== undefined && sameAttachment(before, at);
    vrf.at = at;
    const role = gatewayRole(this.#settings, vrf.vni);
    if (role !== 'none' || vrf.gateways.size > 0)
      announceGateway(vrf, role, topology, (of) => this.#attributesOf(of), this.#deps.localRib);
    if (!same) {
      this.#evaluator.imet(vrf);
      const { dataPlane } = this.#deps;
      touchKnown(vrf);
      let standing = 0;
      for (const mac of dataPlane.localMacs(vrf.vni)) {
        vrf.touchMac(vrf.macEntry(mac));
        standing++;
      }
      for (const ip of dataPlane.localNeighs(vrf.vni)) {
        vrf.touchIp(vrf.ipEntry(ip));
        standing++;
      }
      this.admissions.stands(vrf, standing);
    } else if (vrf.own !== ownBefore) {
      for (const mac of symmetricDifference(ownBefore.macs, vrf.own.macs)) vrf.touchMac(vrf.macEntry(mac));
      for (const ip of symmetricDifference(ownBefore.ips, vrf.own.ips)) vrf.touchIp(vrf.ipEntry(ip));
      for (const ip of symmetricDifference(ownBefore.subnetEnds, vrf.own.subnetEnds))
        vrf.touchIp(vrf.ipEntry(ip));
    } else return;
    this.#touched.add(vrf);
    this.#schedule();
  }

  /** An address became one of our VTEPs', or is one no longer. */
  #touchVtep(vtep: Ip): void {
    const isNextHop = this.vteps.has(vtep);
    for (const vrf of this.#vrfs.values()) {
      if (isNextHop) touchKnown(vrf);
      // The end of a tunnel need be nobody's next hop
      else if (vrf.floods.has(vtep)) vrf.touchedFloods.add(vtep);
      else continue;
      this.#touched.add(vrf);
    }
    this.#schedule();
  }

  #addVrf(vni: Vni): MacVrf {
    const { rd, importTargets, exportTargets } = this.#identityOf(vni);
    const vrf = new MacVrf(vni, rd, importTargets, exportTargets, this.#crowded, this.memory);
    vrf.flooding = isFlooded(this.#settings, vni);
    this.#vrfs.set(vni, vrf);
    this.#index.add(vrf);
    this.#deps.dataPlane.serve(vni);
    this.#deps.log.info({ vni, rd: String(vrf.rd) }, 'serving VNI');
    return vrf;
  }

  #removeVrf(vni: Vni): void {
    const vrf = this.#vrfs.get(vni);
    if (!vrf) return;
    this.#renaming.settle(vrf);
    this.#evaluator.withdrawAll(vrf);
    this.admissions.forget(vrf);
    this.#vrfs.delete(vni);
    this.#index.remove(vrf);
    this.importer.forget(vrf);
    this.#deps.rdAllocator.release(vni);
    this.duplicates.clearAll(vni);
    this.memory.forget(vni);
    this.conflicts.forget(vni);
    this.#deps.dataPlane.unserve(vni);
    this.#deps.log.info({ vni }, 'no longer serving VNI');
  }

  #attributesOf(vrf: MacVrf): AttributeSets {
    let sets = this.#attributes.get(vrf);
    if (!sets) {
      sets = new AttributeSets();
      this.#attributes.set(vrf, sets);
    }
    return sets;
  }

  #touchMac(vni: Vni, mac: Mac): void {
    const vrf = this.#vrfs.get(vni);
    if (!vrf) return;
    vrf.touchMac(vrf.macEntry(mac));
    this.#touched.add(vrf);
    this.#schedule();
  }

  #touchIp(vni: Vni, ip: Ip): void {
    const vrf = this.#vrfs.get(vni);
    if (!vrf) return;
    vrf.touchIp(vrf.ipEntry(ip));
    this.#touched.add(vrf);
    this.#schedule();
  }

  #lookAgain(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    if (entry instanceof MacEntry) vrf.touchMac(entry);
    else vrf.touchIp(entry);
    this.#touched.add(vrf);
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

  /** Works for one slice; true when work is left. What the kernel tells is looked at also while it is behind. */
  #slice(): boolean {
    const { clock, rib, dataPlane } = this.#deps;
    const end = clock.now() + SLICE_MS;
    for (let step = 0; ; step++) {
      if (step % BEHIND_EVERY === 0 && rib.hasDirty) this.#waiting = dataPlane.isBehind(this.#goOn);
      // Who says little does not wait for what others have made wait
      const dirty = rib.takeDirty(STEP, this.#waiting);
      for (const destination of dirty) this.importer.update(destination);
      if (!this.#waiting) {
        if (dirty.length === 0)
          for (const destination of rib.takeAgain(STEP)) this.importer.reimport(destination);
      }
      const vrf = this.#touched.take();
      if (vrf && this.#vrfs.get(vrf.vni) === vrf && !this.#evaluateSome(vrf)) this.#touched.add(vrf);
      if ((this.#waiting || !rib.hasDirty) && this.#touched.size === 0) return false;
      if (clock.now() >= end) return true;
    }
  }

  /** Looks at some touched keys of the VRF, MACs before IPs, since bindings rest on them; true when none is left. */
  #evaluateSome(vrf: MacVrf): boolean {
    let left = vrf.touchSegments(STEP);
    while (left-- > 0) {
      const mac = vrf.takeMac();
      const ip = mac ? undefined : vrf.takeIp();
      if (mac) this.#evaluator.mac(vrf, mac);
      else if (ip) this.#evaluator.ip(vrf, ip);
      else break;
    }
    for (const vtep of vrf.touchedFloods) {
      if (left-- <= 0) return false;
      vrf.touchedFloods.delete(vtep);
      this.#evaluator.flood(vrf, vtep);
    }
    return !this.#evaluator.refillFloods(vrf) && !vrf.hasTouched;
  }

  #lookAt(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    if (this.#vrfs.get(vrf.vni) !== vrf) return;
    if (entry instanceof MacEntry) this.#evaluator.mac(vrf, entry);
    else this.#evaluator.ip(vrf, entry);
    // What the decision touches is looked at as ever
    if (!vrf.hasTouched) return;
    this.#touched.add(vrf);
    this.#schedule();
  }

  #wakeIdle(): void {
    if (!this.#isIdle && !this.#stopped) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}

/** All that routes or a decision told of the VNI is looked at again. */
function touchKnown(vrf: MacVrf): void {
  for (const mac of vrf.macs.values()) vrf.touchMac(mac);
  for (const ip of vrf.ips.values()) vrf.touchIp(ip);
  for (const originator of vrf.floods.keys()) vrf.touchedFloods.add(originator);
}

/** Equal as sets: the order of a list in the file says nothing. */
function sameMembers<T>(a: readonly T[], b: readonly T[], keyOf: (item: T) => string): boolean {
  return sameSet(new Set(a.map(keyOf)), new Set(b.map(keyOf)));
}

function importTargetKey(target: ImportTarget): string {
  return Object.values(target).join(' ');
}
