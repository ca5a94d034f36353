import type { LocalRib, Rib, RibReader } from '../bgp/index.js';
import type { DataPlane } from '../dataplane/index.js';
import { type EventSink, NO_EVENTS } from '../events/index.js';
import { type Clock, type Ip, LimitedLog, type Log, type Mac, type Vni } from '../types/index.js';
import { Admissions } from './admission.js';
import { Announcer } from './announcer.js';
import { Claims } from './claims.js';
import { Conflicts } from './conflicts.js';
import { CrowdedKeys } from './crowded-keys.js';
import { CrowdedLook } from './crowded-look.js';
import { DEFAULT_DUPLICATE_SETTINGS, DuplicateDetector } from './duplicates.js';
import { Evaluator } from './evaluate.js';
import { attributeSetsByVrf } from './export.js';
import { ImportIndex } from './import-index.js';
import { Importer } from './importer.js';
import { IpVrfs } from './l3/ip-vrfs.js';
import { LaneQueue } from './lane-queue.js';
import type { IpEntry, MacEntry, MacVrf } from './mac-vrf.js';
import { MoveLog } from './move-log.js';
import { MoveMemory } from './move-memory.js';
import type { RdAllocator } from './rd-allocator.js';
import { Flooding } from './route-types/index.js';
import { ServedVnis } from './served-vnis.js';
import { type EvpnSettings, localLimits } from './settings.js';
import { Turns } from './turns.js';
import { UnusedLog } from './unused-log.js';
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
  readonly #turns: Turns;
  readonly #crowded: CrowdedKeys<MacVrf, MacEntry | IpEntry>;
  #settings: EvpnSettings;

  constructor(deps: EvpnDependencies, settings: EvpnSettings) {
    this.#deps = deps;
    this.#reader = deps.rib.subscribe();
    this.#settings = settings;
    this.#log = new LimitedLog(deps.clock, deps.log);
    const { events = NO_EVENTS } = deps;
    this.claims = new Claims(deps.dataPlane, deps.localRib);
    const index = new ImportIndex();
    const ofRoutes = new LaneQueue();
    const attributesOf = attributeSetsByVrf();
    const unused = new UnusedLog(this.#log);
    this.importer = new Importer(this.#reader, index, this.vteps, ofRoutes, unused, this.claims);
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
      (vrf, entry) => new CrowdedLook(this.#turns, vrf, entry),
      () => this.#turns.wakeIdle(),
    );
    const deviceName = (port: number) => deps.dataPlane.topology.ports.get(port)?.name;
    this.admissions = new Admissions(
      deps.clock,
      this.#log,
      (vrf) => localLimits(this.#settings, vrf.vni),
      deviceName,
      (vrf, entry) => this.#turns.lookAgain(vrf, entry, vrf.ofHosts),
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
    const parts = [new Flooding(settings, deps.dataPlane, deps.localRib, this.vteps, unused)];
    this.#turns = new Turns(
      {
        ...deps,
        reader: this.#reader,
        importer: this.importer,
        evaluator: this.#evaluator,
        parts,
        serves: (vrf) => this.#vnis.get(vrf.vni) === vrf,
        isIdle: () => this.#crowded.size === 0 && this.ipVrfs.isIdle,
      },
      ofRoutes,
    );
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
        parts,
        marked: (vrf) => this.#turns.mark(vrf),
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
        idle: () => this.#turns.wakeIdle(),
      },
      settings,
    );
    this.#evaluator.onHost = (vni, ip, isLocal) => this.ipVrfs.hostChanged(vni, ip, isLocal);
  }

  /** Reads the kernel's first picture; routes and rows follow from then on. */
  async start(): Promise<void> {
    const { dataPlane, rib } = this.#deps;
    this.#reader.onDirty = () => this.#turns.schedule();
    if (this.#reader.hasDirty) this.#turns.schedule();
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
    return this.#turns.idle();
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
    this.#turns.stop();
    this.#vnis.stop();
    this.ipVrfs.stop();
    this.admissions.close();
    this.#crowded.stop();
    this.memory.close();
    this.#log.close();
  }

  /** Its MAC/IP routes have something else beside for their VRF: that is no news of a host's. */
  #routedChanged(vrf: MacVrf): void {
    this.admissions.stands(vrf, vrf.counts.localIps);
    for (const ip of vrf.ips.values()) if (ip.owner === 'local') vrf.markIp(ip);
    this.#vnis.announceGateway(vrf);
    this.#turns.mark(vrf);
  }

  #markMac(vni: Vni, mac: Mac): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    vrf.markMac(vrf.macEntry(mac));
    this.#turns.mark(vrf);
  }

  #markIp(vni: Vni, ip: Ip): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    vrf.markIp(vrf.ipEntry(ip));
    this.#turns.mark(vrf);
  }

  #localMacChanged(vni: Vni, mac: Mac): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    const entry = vrf.macEntry(mac);
    vrf.markMac(entry, vrf.ofHosts);
    this.#turns.localChanged(vrf, entry, entry.ownership.owner === 'remote');
  }

  #localNeighChanged(vni: Vni, ip: Ip): void {
    const vrf = this.#vnis.get(vni);
    if (!vrf) return;
    const entry = vrf.ipEntry(ip);
    vrf.markIp(entry, vrf.ofHosts);
    this.#turns.localChanged(vrf, entry, entry.owner === 'remote');
  }
}
