import type { Destination, LocalRib, Path, Rib, RibReader } from '../../bgp/index.js';
import {
  type DataPlane,
  EMPTY_TOPOLOGY,
  MAIN_TABLE,
  type Topology,
  type VrfAttachment,
} from '../../dataplane/index.js';
import {
  type Clock,
  hostPrefix,
  type Ip,
  type Log,
  type PrefixKey,
  prefixAddress,
  type Timer,
  type Vni,
} from '../../types/index.js';
import type { IpPrefix } from '../../wire/index.js';
import { listOf, withItem, withoutItem } from '../few.js';
import { type Importers, ImportIndex } from '../import-index.js';
import type { MacVrf } from '../mac-vrf.js';
import type { RdAllocator } from '../rd-allocator.js';
import type { EvpnSettings, VrfSettings } from '../settings.js';
import type { UnusedLog } from '../unused-log.js';
import type { UnusedReason } from '../unused-reasons.js';
import { prefixOfKey, prefixOfRoute, whyNoClaim } from './claims.js';
import { IpVrf, type PrefixEntry } from './ip-vrf.js';
import { judge } from './judge.js';
import { PrefixOrigin, prefixRoute } from './prefix-origin.js';
import { vrfIdentity, vrfSettings } from './vrf-identity.js';
import { VrfOtherRoutes } from './vrf-other-routes.js';
import { Ways } from './ways.js';

/** What the VRFs stand on. */
interface IpVrfDependencies {
  readonly rib: Rib;
  readonly localRib: LocalRib;
  readonly dataPlane: DataPlane;
  readonly rdAllocator: RdAllocator;
  readonly clock: Clock;
  readonly log: Log;
  readonly unused: UnusedLog;
  /** The MAC-VRF of a VNI of hosts that is served. */
  readonly macVrf: (vni: Vni) => MacVrf | undefined;
  /** MAC/IP routes of the VNI are to be announced anew. */
  readonly routedChanged: (vrf: MacVrf) => void;
  /** All that changed has been looked at. */
  readonly idle: () => void;
}

/** A turn's worth of work before others get theirs. */
const SLICE_MS = 2;
const STEP = 64;
/** Of our routes in VRFs, as FRR's have it. */
const METRIC = 20;

/**
 * Symmetric IRB (RFC 9135 §5): one IP-VRF for each VRF with an L3VNI. Routes to remote hosts and prefixes become routes of the
 * VRF's table over the L3VNI's SVI, and each router of another leaf a neighbor there and a MAC in the FDB. As in the MAC-VRFs
 * it is only noted what is to be looked at, and the present state is read back, so that the order of events does not matter.
 */
export class IpVrfs {
  readonly #deps: IpVrfDependencies;
  readonly #ways: Ways;
  readonly #others: VrfOtherRoutes;
  readonly #vrfs = new Map<number, IpVrf>();
  readonly #origins = new Map<IpVrf, PrefixOrigin>();
  /** By VNI of hosts. */
  readonly #byVni = new Map<Vni, IpVrf>();
  readonly #index = new ImportIndex<IpVrf>();
  #reader: RibReader | undefined;
  #settings: EvpnSettings;
  #topology: Topology = EMPTY_TOPOLOGY;
  #scheduled: Timer | undefined;
  #waiting = false;
  #stopped = false;

  constructor(deps: IpVrfDependencies, settings: EvpnSettings) {
    this.#deps = deps;
    this.#ways = new Ways(deps.dataPlane);
    this.#others = new VrfOtherRoutes(deps.dataPlane, () => deps.idle());
    this.#settings = settings;
  }

  values(): IterableIterator<IpVrf> {
    return this.#vrfs.values();
  }

  /** The VRF has an L3VNI, and is not routed for: its routing table is somebody else's. */
  isRefused(at: VrfAttachment): boolean {
    return at.l3vni !== undefined && !this.#vrfs.has(at.ifindex);
  }

  get isIdle(): boolean {
    return this.#scheduled === undefined && !this.#waiting && !this.#others.isReading;
  }

  /** The route to the prefix that is announced for the VRF; undefined while there is none. */
  announcedRoute(vrf: IpVrf, prefix: PrefixKey): IpPrefix | undefined {
    return this.announcedPrefixes(vrf).has(prefix) ? prefixRoute(vrf.rd, vrf, prefix) : undefined;
  }

  /** What is announced of the VRF's prefixes. */
  announcedPrefixes(vrf: IpVrf): ReadonlySet<PrefixKey> {
    return this.#origins.get(vrf)?.announced ?? new Set();
  }

  /**
   * Returns why no VRF uses the destination's best path; undefined if one does, and `none` where no VRF imports it, or it says nothing
   * to any.
   */
  whyUnused(destination: Destination): UnusedReason | 'none' | undefined {
    const { best } = destination;
    const prefix = best && prefixOfRoute(best.nlri);
    if (!best || prefix === undefined) return 'none';
    let first: UnusedReason | 'none' = 'none';
    for (const vrf of this.#importersOf(destination)) {
      const why = whyNoClaim(best, vrf, this.#topology) ?? this.whyNoRoute(vrf, prefix);
      if (why === undefined) return undefined;
      if (first === 'none') first = why;
    }
    return first;
  }

  /** Returns why the VRF wants no route to the prefix, whatever others announce; undefined if it may. */
  whyNoRoute(vrf: IpVrf, prefix: PrefixKey): UnusedReason | undefined {
    const { at } = vrf;
    if (at.networks.includes(prefix)) return 'connected';
    if (this.#origins.get(vrf)?.leadsOut(prefix)) return 'local-route';
    const ip = prefixAddress(prefix);
    if (hostPrefix(ip) !== prefix) return undefined;
    if (at.ips.includes(ip)) return 'own-ip';
    return this.localVniOf(vrf, prefix) === undefined ? undefined : 'local-host';
  }

  /** The VNI that has the host on a port of ours which the prefix is the address of; undefined for none. */
  localVniOf({ at }: IpVrf, prefix: PrefixKey): Vni | undefined {
    const ip = prefixAddress(prefix);
    if (hostPrefix(ip) !== prefix) return undefined;
    return at.vnis.find((vni) => this.#deps.macVrf(vni)?.ips.get(ip)?.owner === 'local');
  }

  /** Some VRF imports the route. */
  isImported(destination: Destination): boolean {
    return this.#importersOf(destination).length > 0;
  }

  /** The VRF imports the route. */
  imports(vrf: IpVrf, destination: Destination): boolean {
    return this.#importersOf(destination).includes(vrf);
  }

  #importersOf(destination: Destination): readonly IpVrf[] {
    return (this.#reader?.noteOf(destination) as Importers<IpVrf> | undefined)?.vrfs ?? [];
  }

  /** Another topology: takes leave of VRFs that are gone, or have another L3VNI or routing table. */
  leave(topology: Topology): void {
    this.#topology = topology;
    for (const [ifindex, vrf] of [...this.#vrfs]) {
      const at = topology.vrfs.get(ifindex);
      if (at?.l3vni !== vrf.l3vni || at.tableId !== vrf.at.tableId) this.#remove(ifindex, vrf);
    }
  }

  /** After that, and after the VNIs of hosts have followed: VRFs come and change. */
  topologyChanged(topology: Topology): void {
    let isNew = false;
    for (const at of topology.vrfs.values()) {
      if (at.l3vni === undefined) continue;
      const vrf = this.#vrfs.get(at.ifindex);
      if (!vrf) isNew = this.#add(at, at.l3vni) || isNew;
      else if (vrf.at !== at) this.#move(vrf, at);
    }
    this.#bind();
    if (isNew) this.#lookAgain();
  }

  /** New settings: what differs is changed in place. */
  reconfigure(settings: EvpnSettings): void {
    this.#settings = settings;
    const { rdAllocator } = this.#deps;
    let isRetargeted = false;
    for (const vrf of this.#vrfs.values()) {
      const { rd, importTargets, exportTargets } = vrfIdentity(
        this.#settings,
        vrf.at,
        vrf.l3vni,
        rdAllocator,
      );
      vrf.rd = rd;
      if (String(importTargets.map(keyOf)) !== String(vrf.importTargets.map(keyOf))) {
        this.#index.retarget(vrf, importTargets);
        isRetargeted = true;
      }
      if (String(exportTargets) !== String(vrf.exportTargets)) {
        vrf.exportTargets = exportTargets;
        vrf.routed = undefined;
      }
    }
    this.#bind();
    if (isRetargeted) this.#lookAgain();
  }

  /** The IP is a host's of ours now, or is it no more. */
  hostChanged(vni: Vni, ip: Ip): void {
    const vrf = this.#byVni.get(vni);
    const entry = vrf?.prefixes.get(hostPrefix(ip));
    if (!vrf || !entry) return;
    vrf.mark(entry);
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
    this.#reader?.unsubscribe();
  }

  #settingsOf(at: VrfAttachment): VrfSettings {
    return vrfSettings(this.#settings, at);
  }

  /** False where the VRF's table is somebody else's, the underlay's. */
  #add(at: VrfAttachment, l3vni: Vni): boolean {
    const { dataPlane, rib, log, localRib, rdAllocator } = this.#deps;
    if (dataPlane.routeTables.has(at.tableId)) return false;
    const { rd, importTargets, exportTargets } = vrfIdentity(this.#settings, at, l3vni, rdAllocator);
    const routes = dataPlane.routeTables.give({ tableId: at.tableId, metric: METRIC });
    const vrf = new IpVrf(l3vni, at, rd, importTargets, exportTargets, routes);
    this.#vrfs.set(at.ifindex, vrf);
    const mark = (prefix: PrefixKey) => {
      vrf.mark(vrf.entry(prefix));
      this.#schedule();
    };
    this.#origins.set(vrf, new PrefixOrigin(vrf, localRib, this.#others.of(at.tableId, mark), mark));
    this.#index.add(vrf);
    dataPlane.serve(l3vni);
    log.info({ vrf: at.name, vni: l3vni, rd: String(rd) }, 'routing for VRF');
    // Nobody without VRFs pays for a second reader
    if (!this.#reader) {
      this.#reader = rib.subscribe();
      this.#reader.onDirty = () => this.#schedule();
    }
    return true;
  }

  #remove(ifindex: number, vrf: IpVrf): void {
    const { dataPlane, rdAllocator, log } = this.#deps;
    this.#origins.get(vrf)?.clear();
    this.#origins.delete(vrf);
    this.#others.forget(vrf.at.tableId);
    this.#vrfs.delete(ifindex);
    this.#index.remove(vrf);
    for (const entry of vrf.prefixes.values())
      for (const destination of listOf(entry.remotes)) this.#forget(destination, vrf);
    dataPlane.routeTables.drop(vrf.routes);
    dataPlane.unserve(vrf.l3vni);
    rdAllocator.release(vrf.l3vni);
    log.info({ vrf: vrf.name, vni: vrf.l3vni }, 'no longer routing for VRF');
  }

  #forget(destination: Destination, vrf: IpVrf): void {
    const old = this.#reader?.noteOf(destination) as Importers<IpVrf> | undefined;
    const rest = old?.vrfs.filter((other) => other !== vrf) ?? [];
    this.#reader?.note(destination, old && rest.length > 0 ? old.within(rest) : undefined);
  }

  /** Its devices are others: the ways lead over them, and what rules routes out may be another. */
  #move(vrf: IpVrf, at: VrfAttachment): void {
    const before = vrf.at;
    vrf.at = at;
    if (before.up !== at.up || before.sviIfindex !== at.sviIfindex) this.#ways.moved(vrf);
    vrf.markAll();
    this.#schedule();
  }

  /** Says to each MAC-VRF what its routes have beside, and announces prefixes. */
  #bind(): void {
    const { macVrf, routedChanged } = this.#deps;
    const before = new Map(this.#byVni);
    this.#byVni.clear();
    for (const vrf of this.#vrfs.values()) {
      const { at, l3vni, exportTargets: targets, routed } = vrf;
      const mac = at.up ? at.routerMac : undefined;
      if (mac === undefined) vrf.routed = undefined;
      else if (routed?.routerMac !== mac) vrf.routed = { l3vni, targets, routerMac: mac };
      for (const vni of at.vnis) this.#byVni.set(vni, vrf);
      this.#origins.get(vrf)?.update(this.#settingsOf(at), this.#topology);
    }
    this.#followOthers();
    for (const vni of new Set([...before.keys(), ...this.#byVni.keys()])) {
      const ofHosts = macVrf(vni);
      const vrf = this.#byVni.get(vni);
      // One next hop for both labels
      const routed = ofHosts?.at?.localVtep === vrf?.at.localVtep ? vrf?.routed : undefined;
      if (!ofHosts || ofHosts.routed === routed) continue;
      ofHosts.routed = routed;
      routedChanged(ofHosts);
    }
  }

  /** Reads other programs' routes of the VRFs that announce some. */
  #followOthers(): void {
    const tables = new Set<number>();
    for (const { at } of this.#vrfs.values())
      if (at.tableId !== MAIN_TABLE && (this.#settingsOf(at).redistributeRoutes ?? []).length > 0)
        tables.add(at.tableId);
    this.#others.follow(tables);
  }

  /** A reader that is new has all that stands to look at already, and says nothing more. */
  #lookAgain(): void {
    this.#reader?.lookAgain();
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#stopped) this.#scheduled ??= this.#deps.clock.soon(this.#work);
  }

  readonly #work = (): void => {
    this.#scheduled = undefined;
    const { clock, dataPlane } = this.#deps;
    const end = clock.sliceEnd(SLICE_MS);
    do {
      this.#waiting = dataPlane.isBehind(this.#goOn);
      if (this.#waiting) return;
      if (!this.#step()) {
        this.#deps.idle();
        return;
      }
    } while (clock.now() < end);
    this.#schedule();
  };

  readonly #goOn = (): void => {
    this.#waiting = false;
    this.#schedule();
  };

  /** Returns false where nothing is left. */
  #step(): boolean {
    const reader = this.#reader;
    for (const destination of reader?.takeDirty(STEP) ?? []) this.#import(destination, true);
    for (const destination of reader?.takeAgain(STEP) ?? []) this.#import(destination, false);
    let isLeft = reader?.hasDirty ?? false;
    for (const vrf of this.#vrfs.values()) {
      for (let left = STEP; left > 0; left--) {
        const entry = vrf.dirty.take();
        if (!entry) break;
        entry.dirty = false;
        this.#evaluate(vrf, entry);
      }
      if (vrf.dirty.size > 0) isLeft = true;
    }
    return isLeft;
  }

  /** Puts the destination in its place in the VRFs that import it now; `changed`: it is to be looked at also where it stood. */
  #import(destination: Destination, changed: boolean): void {
    const reader = this.#reader;
    const old = reader?.noteOf(destination) as Importers<IpVrf> | undefined;
    const { best } = destination;
    const prefix = prefixOfRoute((best ?? destination).nlri);
    const found = best && prefix !== undefined ? this.#index.importersOf(best.attributes) : undefined;
    const now = found && found.vrfs.length > 0 ? found : undefined;
    reader?.note(destination, now);
    for (const vrf of old?.vrfs ?? []) if (!now?.vrfs.includes(vrf)) this.#take(vrf, destination);
    if (prefix === undefined) return;
    for (const vrf of now?.vrfs ?? []) {
      const stood = old?.vrfs.includes(vrf) ?? false;
      if (stood && !changed) continue;
      const entry = vrf.entry(prefix);
      if (!stood) entry.remotes = withItem(entry.remotes, destination);
      vrf.mark(entry);
    }
  }

  #take(vrf: IpVrf, destination: Destination): void {
    const prefix = prefixOfKey(destination.nlri);
    const entry = prefix === undefined ? undefined : vrf.prefixes.get(prefix);
    if (!entry) return;
    entry.remotes = withoutItem(entry.remotes, destination);
    vrf.mark(entry);
  }

  readonly #unused = (reason: UnusedReason, path: Path) => this.#deps.unused.seen(reason, path);

  #evaluate(vrf: IpVrf, entry: PrefixEntry): void {
    const { prefix, remotes } = entry;
    this.#origins.get(vrf)?.look(prefix);
    const isFree = remotes !== undefined && this.whyNoRoute(vrf, prefix) === undefined;
    const chosen = isFree ? judge(vrf, remotes, this.#topology, this.#unused).chosen : [];
    const before = entry.way;
    const after = chosen.length > 0 ? this.#ways.of(vrf, prefix, chosen) : undefined;
    if (after !== before) {
      if (after) after.routes++;
      entry.way = after;
      if (after) vrf.routes.set(prefix, after.group);
      else vrf.routes.clear(prefix);
      if (before) this.#ways.release(vrf, before);
    }
    if (remotes === undefined && !entry.dirty) vrf.prefixes.delete(prefix);
  }
}

function keyOf(target: object): string {
  return Object.values(target).join(' ');
}
