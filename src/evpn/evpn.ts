import type { LocalRib, Rib, RibReader } from '../bgp/index.js';
import type { DataPlane } from '../dataplane/index.js';
import { type Clock, type Ip, LimitedLog, type Log, type Mac, type Timer, type Vni } from '../types/index.js';
import { Admissions } from './admission.js';
import { Announcer } from './announcer.js';
import { Claims } from './claims.js';
import { Conflicts } from './conflicts.js';
import { CrowdedKeys } from './crowded-keys.js';
import { CrowdedLook, type Looker } from './crowded-look.js';
import { DEFAULT_DUPLICATE_SETTINGS, DuplicateDetector } from './duplicates.js';
import { Evaluator } from './evaluate.js';
import { attributeSetsByVrf } from './export.js';
import { ImportIndex } from './import-index.js';
import { Importer } from './importer.js';
import { type IpEntry, MacEntry, type MacVrf } from './mac-vrf.js';
import { MoveLog } from './move-log.js';
import { MoveMemory } from './move-memory.js';
import type { RdAllocator } from './rd-allocator.js';
import { ServedVnis } from './served-vnis.js';
import { type EvpnSettings, localLimits } from './settings.js';
import { UnusedLog } from './unused-log.js';
import { VrfQueue } from './vrf-queue.js';
import { VtepTable } from './vteps.js';

/** What the brain stands on. */
interface EvpnDependencies {
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
 * (the RIB's dirty destinations, the data plane's dirty MACs and IPs) and reads the present state back, so that the
 * order of events does not matter and a thousand changes of one key while it is busy cost one look.
 */
export class Evpn {
  readonly importer: Importer;
  /** What the imported routes say of an address. */
  readonly claims: Claims;
  readonly vteps = new VtepTable();
  readonly duplicates: DuplicateDetector;
  readonly conflicts: Conflicts;
  /** Addresses that nobody claims any more. */
  readonly memory: MoveMemory;
  readonly admissions: Admissions;
  readonly #log: LimitedLog;
  readonly #deps: EvpnDependencies;
  readonly #reader: RibReader;
  readonly #evaluator: Evaluator;
  readonly #vnis: ServedVnis;
  readonly #dirty = new VrfQueue();
  readonly #crowded: CrowdedKeys<MacVrf, MacEntry | IpEntry>;
  readonly #looker: Looker;
  #settings: EvpnSettings;
  #scheduled: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  /** The kernel is behind: no more changed routes are looked at until it is not. */
  #waiting = false;
  #stopped = false;

  constructor(deps: EvpnDependencies, settings: EvpnSettings) {
    this.#deps = deps;
    this.#reader = deps.rib.subscribe();
    this.#settings = settings;
    this.#log = new LimitedLog(deps.clock, deps.log);
    this.claims = new Claims(deps.dataPlane, deps.localRib);
    const index = new ImportIndex();
    const attributesOf = attributeSetsByVrf();
    const unused = new UnusedLog(this.#log);
    this.importer = new Importer(this.#reader, index, this.vteps, this.#dirty, unused);
    this.duplicates = new DuplicateDetector(
      deps.clock,
      this.#log,
      (subject) => {
        if ('mac' in subject) this.#markMac(subject.vni, subject.mac);
        else this.#markIp(subject.vni, subject.ip);
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
      (vrf, entry) => new CrowdedLook(this.#looker, vrf, entry),
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
      this.claims,
      this.vteps,
      new MoveLog(deps.clock, this.#log, this.duplicates, deviceName),
      this.conflicts,
      attributesOf,
      unused,
      new Announcer(deps.dataPlane, deps.localRib, attributesOf, this.admissions),
    );
    this.#vnis = new ServedVnis(
      {
        ...deps,
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
        marked: (vrf) => this.#mark(vrf),
        importsChanged: () => this.#reader.lookAgain(),
      },
      settings,
    );
    this.#looker = {
      evaluator: this.#evaluator,
      serves: (vrf) => this.#vnis.get(vrf.vni) === vrf,
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
      topologyChanged: (topology) => this.#vnis.topologyChanged(topology),
      localMacChanged: (vni, mac) => this.#markMac(vni, mac),
      localNeighChanged: (vni, ip) => this.#markIp(vni, ip),
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
    return this.#scheduled === undefined && this.#crowded.size === 0 && !this.#waiting;
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
    this.admissions.reconfigure();
  }

  /** Looks at nothing any more. Routes go with the sessions, rows when the data plane is flushed. */
  stop(): void {
    this.#stopped = true;
    this.#vnis.stop();
    this.admissions.close();
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
    this.#crowded.stop();
    this.memory.close();
    this.#log.close();
    this.#wakeIdle();
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

  #lookAgain(vrf: MacVrf, entry: MacEntry | IpEntry): void {
    if (entry instanceof MacEntry) vrf.markMac(entry);
    else vrf.markIp(entry);
    this.#mark(vrf);
  }

  #mark(vrf: MacVrf): void {
    this.#dirty.add(vrf);
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
    const { clock, dataPlane } = this.#deps;
    const reader = this.#reader;
    const end = clock.now() + SLICE_MS;
    for (let step = 0; ; step++) {
      if (step % BEHIND_EVERY === 0 && reader.hasDirty) this.#waiting = dataPlane.isBehind(this.#goOn);
      // Who says little does not wait for what others have made wait
      const dirty = reader.takeDirty(STEP, this.#waiting);
      for (const destination of dirty) this.importer.update(destination);
      if (!this.#waiting) {
        if (dirty.length === 0)
          for (const destination of reader.takeAgain(STEP)) this.importer.reimport(destination);
      }
      const vrf = this.#dirty.take();
      if (vrf && this.#vnis.get(vrf.vni) === vrf && !this.#evaluateSome(vrf)) this.#dirty.add(vrf);
      if ((this.#waiting || !reader.hasDirty) && this.#dirty.size === 0) return false;
      if (clock.now() >= end) return true;
    }
  }

  /** Looks at some dirty keys of the VRF, MACs before IPs, since bindings rest on them; true when none is left. */
  #evaluateSome(vrf: MacVrf): boolean {
    let left = vrf.markSegments(STEP);
    while (left-- > 0) {
      const mac = vrf.takeMac();
      const ip = mac ? undefined : vrf.takeIp();
      if (mac) this.#evaluator.mac(vrf, mac);
      else if (ip) this.#evaluator.ip(vrf, ip);
      else break;
    }
    for (const vtep of vrf.dirtyFloods) {
      if (left-- <= 0) return false;
      vrf.dirtyFloods.delete(vtep);
      this.#evaluator.flood(vrf, vtep);
    }
    return !this.#evaluator.refillFloods(vrf) && !vrf.hasDirty;
  }

  #wakeIdle(): void {
    if (!this.#isIdle && !this.#stopped) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
