import type { Destination, LocalRib, Path, Rib } from '../../bgp/index.js';
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
  isHostPrefix,
  type Log,
  type PrefixKey,
  prefixAddress,
  type Vni,
} from '../../types/index.js';
import { type IpPrefix, type PathAttributes, RouteType } from '../../wire/index.js';
import { isSeveral, listOf } from '../few.js';
import { targetKey } from '../import-target.js';
import type { MacVrf } from '../mac-vrf.js';
import type { RdAllocator } from '../rd-allocator.js';
import type { EvpnSettings, VrfSettings } from '../settings.js';
import type { UnusedLog } from '../unused-log.js';
import type { UnusedReason } from '../unused-reasons.js';
import { prefixOfRoute, whyNoClaim } from './claims.js';
import { type GatewayReach, Gateways } from './gateways.js';
import { ImportedRoutes } from './imported-routes.js';
import { type Choice, type Egresses, IpVrf, type PrefixEntry } from './ip-vrf.js';
import { judge } from './judge.js';
import { LocalLeaks } from './local-leaks.js';
import { PrefixOrigin, prefixRoute, redistributes } from './prefix-origin.js';
import { vrfIdentity, vrfSettings } from './vrf-identity.js';
import { VrfOtherRoutes } from './vrf-other-routes.js';

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

const NO_CHOICE: Choice = { chosen: [], through: undefined };

/** Of our routes in VRFs, as FRR's have it. */
const METRIC = 20;

/**
 * Symmetric IRB (RFC 9135 §5): one IP-VRF for each VRF with an L3VNI, which comes, changes and goes with its devices and settings; what
 * it imports and announces, and what of its own goes before routes. Routes to remote hosts and prefixes become routes of the
 * VRF's table over the L3VNI's SVI, and each router of another leaf a neighbor there and a MAC in the FDB.
 */
export class IpVrfs {
  readonly #deps: IpVrfDependencies;
  readonly #imported: ImportedRoutes;
  readonly #gateways: Gateways;
  readonly #leaks: LocalLeaks;
  readonly #others: VrfOtherRoutes;
  readonly #vrfs = new Map<number, IpVrf>();
  readonly #byL3vni = new Map<number, IpVrf>();
  readonly #origins = new Map<IpVrf, PrefixOrigin>();
  /** By VNI of hosts. */
  readonly #byVni = new Map<Vni, IpVrf>();
  #settings: EvpnSettings;
  #topology: Topology = EMPTY_TOPOLOGY;
  /** VRFs have come or gone since they were bound, or their targets have changed. */
  #regrouped = false;
  /** VRFs that announce other hosts than when they were bound, or begin or cease to announce. */
  readonly #altered = new Set<IpVrf>();

  constructor(deps: IpVrfDependencies, settings: EvpnSettings) {
    this.#deps = deps;
    this.#gateways = new Gateways({
      macVrf: deps.macVrf,
      hostPath: (vrf, host) => this.#hostPath(vrf, host),
      isRunning: (ifindex) => this.#topology.interfaces.get(ifindex)?.running === true,
      mark: (vrf, prefix) => this.#imported.mark(vrf, prefix),
    });
    this.#imported = new ImportedRoutes({
      ...deps,
      vrfs: () => this.#vrfs.values(),
      egresses: this.#byL3vni,
      gateways: this.#gateways,
      choose: (vrf, entry) => this.#choose(vrf, entry),
    });
    this.#leaks = new LocalLeaks({
      takersOf: (targets) => this.#imported.takersOf(targets),
      announced: (vrf) => this.announcedPrefixes(vrf),
      localVniOf: (vrf, prefix) => this.localVniOf(vrf, prefix),
      macVrf: deps.macVrf,
      mark: (vrf, prefix) => this.#imported.mark(vrf, prefix),
      markAll: (vrf) => this.#imported.markAll(vrf, false),
    });
    this.#others = new VrfOtherRoutes(deps.dataPlane, () => deps.idle());
    this.#settings = settings;
  }

  values(): IterableIterator<IpVrf> {
    return this.#vrfs.values();
  }

  /** By L3VNI: the VRFs by whose VNI frames can be sent. */
  get egresses(): Egresses {
    return this.#byL3vni;
  }

  /** How a gateway that a route names is reached; undefined where nobody has it. */
  gatewayReach(vrf: IpVrf, gateway: Ip): GatewayReach | undefined {
    return this.#gateways.reachOf(vrf, gateway);
  }

  /** The other VRF of this leaf that this one takes the prefix of; undefined for none. */
  localSource(vrf: IpVrf, prefix: PrefixKey): IpVrf | undefined {
    return this.#leaks.sourceOf(vrf, prefix);
  }

  /** The VRF has an L3VNI, and is not routed for: its routing table is somebody else's. */
  isRefused(at: VrfAttachment): boolean {
    return at.l3vni !== undefined && !this.#vrfs.has(at.ifindex);
  }

  get isIdle(): boolean {
    return this.#imported.isIdle && !this.#others.isReading;
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
    for (const vrf of this.#imported.importersOf(destination)) {
      const why = this.whyIgnored(vrf, best) ?? this.whyNoRoute(vrf, prefix);
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
    if (!isHostPrefix(prefix)) return undefined;
    if (at.ips.includes(prefixAddress(prefix))) return 'own-ip';
    return this.localVniOf(vrf, prefix) === undefined ? undefined : 'local-host';
  }

  /** The VNI that has the host on a port of ours which the prefix is the address of; undefined for none. */
  localVniOf({ at }: IpVrf, prefix: PrefixKey): Vni | undefined {
    if (at.vnis.length === 0 || !isHostPrefix(prefix)) return undefined;
    const ip = prefixAddress(prefix);
    return at.vnis.find((vni) => this.#deps.macVrf(vni)?.ips.get(ip)?.owner === 'local');
  }

  /** The VRFs that import the destination's best path. */
  importersOf(destination: Destination): readonly IpVrf[] {
    return this.#imported.importersOf(destination);
  }

  /** Returns why the VRF cannot use the path of a route that it imports, whatever it has of its own; undefined if it can. */
  whyIgnored(vrf: IpVrf, path: Path): UnusedReason | undefined {
    const isReached = (gateway: Ip) => this.gatewayReach(vrf, gateway) !== undefined;
    return whyNoClaim(path, vrf, this.#topology, this.#byL3vni, isReached);
  }

  /** Some VRF imports the route. */
  isImported(destination: Destination): boolean {
    return this.#imported.importersOf(destination).length > 0;
  }

  /** The VRFs that a route with these attributes is for, whether or not it has come to them yet. */
  takersOfRoute(attributes: PathAttributes): readonly IpVrf[] {
    return this.#imported.takersOfRoute(attributes);
  }

  /** The VRF imports the route. */
  imports(vrf: IpVrf, destination: Destination): boolean {
    return this.#imported.importersOf(destination).includes(vrf);
  }

  /** Another topology: takes leave of VRFs that are gone, or have another L3VNI or routing table. */
  leave(topology: Topology): void {
    this.#topology = topology;
    for (const [ifindex, vrf] of [...this.#vrfs]) {
      const at = topology.vrfs.get(ifindex);
      if (at?.l3vni !== vrf.l3vni || at.tableId !== vrf.at.tableId) {
        this.#remove(ifindex, vrf);
        this.#regrouped = true;
      }
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
    this.#regrouped ||= isNew;
    this.#bind();
    if (isNew) this.#imported.lookAgain();
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
      if (String(importTargets.map(targetKey)) !== String(vrf.importTargets.map(targetKey))) {
        this.#imported.retarget(vrf, importTargets);
        isRetargeted = true;
      }
      if (String(exportTargets) !== String(vrf.exportTargets)) {
        vrf.exportTargets = exportTargets;
        vrf.routed = undefined;
        this.#regrouped = true;
      }
    }
    this.#regrouped ||= isRetargeted;
    this.#bind();
    if (isRetargeted) this.#imported.lookAgain();
  }

  /** The IP has come to the VNI, or gone from it; `isLocal`: to a host of ours, or from one. */
  hostChanged(vni: Vni, ip: Ip, isLocal: boolean): void {
    const vrf = this.#byVni.get(vni);
    if (!vrf) return;
    if (vrf.gateways.size > 0) this.#gateways.changed(vrf, ip);
    if (!isLocal) return;
    this.#imported.markKnown(vrf, hostPrefix(ip));
    this.#leaks.hostChanged(vrf, ip);
  }

  stop(): void {
    this.#imported.stop();
  }

  #settingsOf(at: VrfAttachment): VrfSettings {
    return vrfSettings(this.#settings, at);
  }

  /** False where the VRF's table is somebody else's, the underlay's. */
  #add(at: VrfAttachment, l3vni: Vni): boolean {
    const { dataPlane, log, localRib, rdAllocator } = this.#deps;
    const position = { tableId: at.tableId, metric: METRIC };
    if (dataPlane.routeTables.has(position)) return false;
    const { rd, importTargets, exportTargets } = vrfIdentity(this.#settings, at, l3vni, rdAllocator);
    const routes = dataPlane.routeTables.give(position);
    const vrf = new IpVrf(l3vni, at, rd, importTargets, exportTargets, routes);
    this.#vrfs.set(at.ifindex, vrf);
    this.#byL3vni.set(l3vni, vrf);
    const mark = (prefix: PrefixKey) => this.#imported.mark(vrf, prefix);
    this.#origins.set(
      vrf,
      new PrefixOrigin(vrf, localRib, this.#others.of(at.tableId, mark), mark, (prefix) =>
        this.#leaks.changed(vrf, prefix),
      ),
    );
    this.#imported.add(vrf);
    dataPlane.serve(l3vni);
    log.info({ vrf: at.name, vni: l3vni, rd: String(rd) }, 'routing for VRF');
    return true;
  }

  #remove(ifindex: number, vrf: IpVrf): void {
    const { dataPlane, rdAllocator, log } = this.#deps;
    this.#origins.get(vrf)?.clear();
    this.#origins.delete(vrf);
    this.#others.forget(vrf.at.tableId);
    this.#vrfs.delete(ifindex);
    this.#byL3vni.delete(vrf.l3vni);
    this.#imported.remove(vrf);
    dataPlane.routeTables.drop(vrf.routes);
    dataPlane.unserve(vrf.l3vni);
    rdAllocator.release(vrf.l3vni);
    log.info({ vrf: vrf.name, vni: vrf.l3vni }, 'no longer routing for VRF');
  }

  /** Its devices are others: the ways lead over them, and what rules routes out may be another. */
  #move(vrf: IpVrf, at: VrfAttachment): void {
    const before = vrf.at;
    vrf.at = at;
    const { up, sviIfindex, localVtep, routerMac } = at;
    // By these it begins or ceases to announce hosts
    if (before.up !== up || before.routerMac !== routerMac) this.#altered.add(vrf);
    this.#imported.markAll(
      vrf,
      before.up !== up || before.sviIfindex !== sviIfindex || before.localVtep !== localVtep,
    );
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
      const served = at.vnis.filter(macVrf).join();
      if (served !== vrf.served) {
        vrf.served = served;
        this.#altered.add(vrf);
        // A host of ours that is nobody's now may be another leaf's
        this.#imported.markAll(vrf, false);
      }
      this.#origins.get(vrf)?.update(this.#settingsOf(at), this.#topology);
    }
    for (const vrf of this.#vrfs.values()) this.#gateways.renew(vrf);
    if (this.#regrouped || this.#altered.size > 0) this.#leaks.renew(this.#vrfs.values(), this.#altered);
    this.#regrouped = false;
    this.#altered.clear();
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
      if (at.tableId !== MAIN_TABLE && redistributes(this.#settingsOf(at))) tables.add(at.tableId);
    this.#others.follow(tables);
  }

  /** The best path of the MAC/IP routes to a host that the VRF imports. */
  #hostPath(vrf: IpVrf, host: PrefixKey): Path | undefined {
    const entry = vrf.prefixes.get(host);
    if (!entry || this.whyNoRoute(vrf, host) !== undefined) return undefined;
    const ofHost = listOf(entry.remotes).filter(({ nlri }) => nlri.type === RouteType.MAC_IP_ADVERTISEMENT);
    const nowhere = () => false;
    const { chosen } = judge(vrf, ofHost, this.#topology, this.#byL3vni, nowhere, () => {}, undefined);
    return chosen[0];
  }

  readonly #unused = (reason: UnusedReason, path: Path) => this.#deps.unused.seen(reason, path);

  /** What `judge` makes of the one path of the one route: nearly all prefixes have no other. */
  #only(vrf: IpVrf, prefix: PrefixKey, path: Path | undefined): Choice {
    if (!path) return NO_CHOICE;
    const isReached = (gateway: Ip) => this.#gateways.reachOf(vrf, gateway, prefix) !== undefined;
    const reason = whyNoClaim(path, vrf, this.#topology, this.#byL3vni, isReached);
    if (reason === undefined) return { chosen: [path], through: undefined };
    this.#unused(reason, path);
    return NO_CHOICE;
  }

  /** What is announced of the prefix follows its routes; returns how it is reached. */
  #choose(vrf: IpVrf, { prefix, remotes }: PrefixEntry): Choice {
    this.#origins.get(vrf)?.look(prefix);
    const local = this.#leaks.sourceOf(vrf, prefix);
    const isKnown = remotes !== undefined || local !== undefined;
    if (!isKnown || this.whyNoRoute(vrf, prefix) !== undefined) return NO_CHOICE;
    if (remotes !== undefined && !isSeveral(remotes) && local === undefined)
      return this.#only(vrf, prefix, remotes.best);
    return judge(
      vrf,
      remotes,
      this.#topology,
      this.#byL3vni,
      (gateway) => this.#gateways.reachOf(vrf, gateway, prefix) !== undefined,
      this.#unused,
      local,
    );
  }
}
