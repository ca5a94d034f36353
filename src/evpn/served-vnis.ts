import type { LocalRib } from '../bgp/index.js';
import {
  type DataPlane,
  EMPTY_TOPOLOGY,
  NO_OWN_ADDRESSES,
  sameAttachment,
  type Topology,
} from '../dataplane/index.js';
import type { EventSink } from '../events/index.js';
import {
  type Clock,
  type Ip,
  type Log,
  type RouteDistinguisher,
  sameSet,
  symmetricDifference,
  type Vni,
} from '../types/index.js';
import type { Admissions } from './admission.js';
import { exportWith, Renaming } from './advertised.js';
import type { Conflicts } from './conflicts.js';
import type { CrowdedKeys } from './crowded-keys.js';
import type { DuplicateDetector } from './duplicates.js';
import type { Evaluator } from './evaluate.js';
import type { AttributeSets } from './export.js';
import { announceGateway, gatewayRole } from './gateway.js';
import type { ImportIndex } from './import-index.js';
import { autoExportTargets, autoImportTargets, listedTargets, targetKey } from './import-target.js';
import type { Importer } from './importer.js';
import { type IpEntry, type MacEntry, MacVrf } from './mac-vrf.js';
import type { MoveMemory } from './move-memory.js';
import type { RdAllocator } from './rd-allocator.js';
import { configuredRds, type EvpnSettings, importsTags, isServed } from './settings.js';
import type { VniPart } from './vni-part.js';
import type { VtepTable } from './vteps.js';

/** What a VNI that comes or goes is passed to, and what its routes and rows go through. */
interface VniDependencies {
  readonly localRib: LocalRib;
  readonly dataPlane: DataPlane;
  readonly rdAllocator: RdAllocator;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventSink;
  readonly index: ImportIndex;
  readonly importer: Importer;
  readonly vteps: VtepTable;
  readonly evaluator: Evaluator;
  readonly attributesOf: (vrf: MacVrf) => AttributeSets;
  readonly admissions: Admissions;
  readonly duplicates: DuplicateDetector;
  readonly conflicts: Conflicts;
  readonly memory: MoveMemory;
  readonly crowded: CrowdedKeys<MacVrf, MacEntry | IpEntry>;
  readonly parts: readonly VniPart[];
  /** Keys of the VRF are to be looked at. */
  readonly marked: (vrf: MacVrf) => void;
  /** Routes that the RIB holds already may be imported elsewhere now. */
  readonly importsChanged: () => void;
}

/** The VNIs that the kernel has and the operator wants, and what other settings or another topology change in them. */
export class ServedVnis {
  readonly #deps: VniDependencies;
  readonly #vrfs = new Map<Vni, MacVrf>();
  readonly #renaming: Renaming;
  #settings: EvpnSettings;
  #configuredRds: ReadonlySet<RouteDistinguisher>;
  #topology: Topology = EMPTY_TOPOLOGY;

  constructor(deps: VniDependencies, settings: EvpnSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#configuredRds = configuredRds(settings);
    this.#renaming = new Renaming(deps.clock, deps.localRib);
    deps.importer.importTags = importsTags(settings);
  }

  /** The MAC-VRF of a VNI that is served. */
  get(vni: Vni): MacVrf | undefined {
    return this.#vrfs.get(vni);
  }

  values(): IterableIterator<MacVrf> {
    return this.#vrfs.values();
  }

  /**
   * New settings: what differs is changed in place. Routes come to a VNI and go from it by the difference of its import
   * targets, those that it announces are announced anew where its RD or its export targets differ, and nothing else of
   * any VNI is marked.
   */
  reconfigure(settings: EvpnSettings): void {
    const { importer, index, localRib, attributesOf, parts } = this.#deps;
    this.#settings = settings;
    this.#configuredRds = configuredRds(settings);
    for (const part of parts) part.configure(settings);
    const importTags = importsTags(settings);
    let importsChanged = importTags !== importer.importTags;
    importer.importTags = importTags;
    this.topologyChanged(this.#topology);
    for (const vrf of this.#vrfs.values()) {
      const { rd, importTargets, exportTargets } = this.#identityOf(vrf.vni);
      if (rd !== vrf.rd) this.#renaming.rename(vrf, rd);
      if (!sameMembers(exportTargets, vrf.exportTargets, String))
        exportWith(vrf, exportTargets, attributesOf(vrf), localRib);
      if (!sameMembers(importTargets, vrf.importTargets, targetKey)) {
        index.retarget(vrf, importTargets);
        importsChanged = true;
      }
      for (const part of parts) if (part.reconfigure(vrf)) this.#deps.marked(vrf);
    }
    if (importsChanged) this.#deps.importsChanged();
  }

  /** Routes go with the sessions: no more are withdrawn. */
  stop(): void {
    this.#renaming.stop();
  }

  #identityOf(vni: Vni) {
    const { asn, routerId, vnis, autoRt = 'frr' } = this.#settings;
    const own = vnis.get(vni);
    return {
      rd: own?.rd ?? this.#deps.rdAllocator.rd(routerId, vni, this.#configuredRds),
      importTargets: listedTargets(own?.importTargets, autoImportTargets(vni, autoRt)),
      exportTargets: listedTargets(own?.exportTargets, autoExportTargets(asn, vni, autoRt)),
    };
  }

  /** Another topology: VNIs come and go, and what differs in those that stay is looked at. */
  topologyChanged(topology: Topology): void {
    const before = this.#topology;
    this.#topology = topology;
    this.#deps.admissions.keepPorts(topology.ports);
    for (const vni of [...this.#vrfs.keys()]) if (!this.#isWanted(vni, topology)) this.#removeVrf(vni);
    const added: MacVrf[] = [];
    for (const vni of topology.vnis.keys())
      if (!this.#vrfs.has(vni) && this.#isWanted(vni, topology)) added.push(this.#addVrf(vni));
    for (const vrf of this.#vrfs.values()) this.#attach(vrf, topology);
    const isJudgedAnew = this.#deps.importer.judgeBy(this.#vrfs.values(), topology);
    // What stands in the RIB already is looked at once for all of them
    if (added.length > 0 || isJudgedAnew) this.#deps.importsChanged();
    if (before.ownVteps !== topology.ownVteps)
      for (const vtep of symmetricDifference(before.ownVteps, topology.ownVteps)) this.#markVtep(vtep);
  }

  #isWanted(vni: Vni, { vnis, l3vnis }: Topology): boolean {
    return vnis.has(vni) && !l3vnis.has(vni) && isServed(this.#settings, vni);
  }

  /** Brings the routes of the SVI's own addresses in line. */
  announceGateway(vrf: MacVrf): void {
    const role = gatewayRole(this.#settings, vrf.vni);
    if (role !== 'none' || vrf.gateways.size > 0)
      announceGateway(vrf, role, this.#topology, this.#deps.attributesOf, this.#deps.localRib);
  }

  #attach(vrf: MacVrf, topology: Topology): void {
    const before = vrf.at;
    const ownBefore = vrf.own;
    vrf.own = topology.own.get(vrf.vni) ?? NO_OWN_ADDRESSES;
    const at = topology.vnis.get(vrf.vni);
    const same = before !== undefined && at !== undefined && sameAttachment(before, at);
    vrf.at = at;
    this.announceGateway(vrf);
    if (!same) {
      const { dataPlane, parts } = this.#deps;
      for (const part of parts) part.reattach(vrf);
      this.#markKnown(vrf);
      let standing = 0;
      for (const mac of dataPlane.localMacs(vrf.vni)) {
        vrf.markMac(vrf.macEntry(mac), vrf.ofHosts);
        standing++;
      }
      for (const ip of dataPlane.localNeighs(vrf.vni)) {
        vrf.markIp(vrf.ipEntry(ip), vrf.ofHosts);
        standing++;
      }
      this.#deps.admissions.stands(vrf, standing);
    } else if (vrf.own !== ownBefore) {
      for (const mac of symmetricDifference(ownBefore.macs, vrf.own.macs)) vrf.markMac(vrf.macEntry(mac));
      for (const ip of symmetricDifference(ownBefore.ips, vrf.own.ips)) vrf.markIp(vrf.ipEntry(ip));
      for (const ip of symmetricDifference(ownBefore.subnetEnds, vrf.own.subnetEnds))
        vrf.markIp(vrf.ipEntry(ip));
    } else return;
    this.#deps.marked(vrf);
  }

  /** An address became one of our VTEPs', or is one no longer. */
  #markVtep(vtep: Ip): void {
    const isNextHop = this.#deps.vteps.has(vtep);
    for (const vrf of this.#vrfs.values()) {
      if (isNextHop) this.#markKnown(vrf);
      // The end of a tunnel need be nobody's next hop
      let isMarked = isNextHop;
      for (const part of this.#deps.parts) if (part.markVtep(vrf, vtep)) isMarked = true;
      if (isMarked) this.#deps.marked(vrf);
    }
  }

  /** Marks all keys of the VNI that routes or a decision made known. */
  #markKnown(vrf: MacVrf): void {
    for (const mac of vrf.macs.values()) vrf.markMac(mac);
    for (const ip of vrf.ips.values()) vrf.markIp(ip);
    for (const part of this.#deps.parts) part.markAll(vrf);
  }

  #addVrf(vni: Vni): MacVrf {
    const { rd, importTargets, exportTargets } = this.#identityOf(vni);
    const vrf = new MacVrf(vni, rd, importTargets, exportTargets, this.#deps.crowded, this.#deps.memory);
    for (const part of this.#deps.parts) part.reconfigure(vrf);
    this.#vrfs.set(vni, vrf);
    this.#deps.index.add(vrf);
    this.#deps.dataPlane.serve(vni);
    this.#deps.events.push({ kind: 'vni-served', vni });
    this.#deps.log.info({ vni, rd: String(vrf.rd) }, 'serving VNI');
    return vrf;
  }

  #removeVrf(vni: Vni): void {
    const vrf = this.#vrfs.get(vni);
    if (!vrf) return;
    this.#renaming.settle(vrf);
    this.#deps.evaluator.withdrawAll(vrf);
    for (const part of this.#deps.parts) part.remove(vrf);
    this.#deps.admissions.forget(vrf);
    this.#vrfs.delete(vni);
    this.#deps.index.remove(vrf);
    this.#deps.importer.forget(vrf);
    this.#deps.rdAllocator.release(vni);
    this.#deps.duplicates.clearAll(vni);
    this.#deps.memory.forget(vni);
    this.#deps.conflicts.forget(vni);
    this.#deps.dataPlane.unserve(vni);
    this.#deps.events.push({ kind: 'vni-not-served', vni });
    this.#deps.log.info({ vni }, 'no longer serving VNI');
  }
}

/** True if both are equal as sets: the order of a list in the file has no meaning. */
function sameMembers<T>(a: readonly T[], b: readonly T[], keyOf: (item: T) => string): boolean {
  return sameSet(new Set(a.map(keyOf)), new Set(b.map(keyOf)));
}
