import {
  type DecisionSettings,
  type Destination,
  FamilyLocalRib,
  FamilyRib,
  type FamilyRibs,
  KeyedTable,
  type Multipath,
  type MultipathDecision,
  type Path,
  plainRoutes,
  type RibIdentity,
  ribsOf,
} from '../bgp/index.js';
import { EMPTY_TOPOLOGY, type KernelRoutes, type Topology } from '../dataplane/index.js';
import {
  type Clock,
  type Ip,
  isIpv4,
  type PrefixKey,
  prefixAddress,
  prefixKey,
  type Timer,
} from '../types/index.js';
import { type Family, IPV4_UNICAST, IPV6_UNICAST, type Prefix } from '../wire/index.js';
import { type ImportRules, RouteImporter, type Unwanted } from './importer.js';
import { PathJudge } from './judge.js';
import { type BgpRoutes, NextHopTable } from './next-hop-table.js';
import { NextHopSets } from './next-hops.js';
import { Originator, type OriginRules } from './originator.js';
import { type NextHop, nextHopAt, nextHopOf, Reach } from './reach.js';
import type { Resolution, Unreachable } from './tracked.js';

/** What is configured of the underlay. */
export interface UnderlaySettings extends OriginRules, Pick<ImportRules, 'accept'> {
  /** The default route shows how next hops are reached. */
  readonly resolveViaDefault: boolean;
}

/** A next hop for want of which routes are not installed. */
export interface DeadEnd {
  readonly nextHop: NextHop;
  readonly why: Unreachable;
  /** How many routes. */
  readonly routes: number;
  /** One of them; undefined where none is at hand. */
  readonly prefix: PrefixKey | undefined;
}

/** The RIBs of both unicast families: they are the speaker's before the data plane is there. */
export class UnicastRibs {
  readonly ipv4: FamilyRib<Prefix>;
  readonly ipv6: FamilyRib<Prefix>;
  readonly local = { ipv4: localRib(IPV4_UNICAST), ipv6: localRib(IPV6_UNICAST) };

  constructor(clock: Clock, identity: RibIdentity, multipath: Multipath, decision: DecisionSettings = {}) {
    const several = multipath.external > 1 || multipath.internal > 1 ? multipath : undefined;
    this.ipv4 = new FamilyRib(clock, identity, plainRoutes(IPV4_UNICAST, several), decision);
    this.ipv6 = new FamilyRib(clock, identity, plainRoutes(IPV6_UNICAST, several), decision);
    for (const family of ['ipv4', 'ipv6'] as const)
      this[family].isOriginated = (nlri) => this.local[family].route(nlri) !== undefined;
  }

  /** As a speaker takes them. */
  get all(): readonly FamilyRibs[] {
    return [ribsOf(this.ipv4, this.local.ipv4), ribsOf(this.ipv6, this.local.ipv6)];
  }
}

function localRib(family: Family<Prefix>): FamilyLocalRib<Prefix> {
  return new FamilyLocalRib(family, new KeyedTable(family));
}

/**
 * The underlay, or a VRF: what neighbors say of IPv4 and IPv6 unicast becomes routes of the kernel, and networks of ours are
 * announced. What a neighbor announced this announces to no other.
 */
export class Underlay {
  readonly sets: NextHopSets;
  readonly originator: Originator;
  #reach = new Reach(EMPTY_TOPOLOGY);
  readonly #nextHops: NextHopTable;
  readonly #judge: PathJudge;
  #telling: Timer | undefined;
  /** Routes have changed that may concern next hops which nobody remembers. */
  #owesLook = false;
  readonly #importers: readonly [ipv4: RouteImporter, ipv6: RouteImporter];
  #topology: Topology = EMPTY_TOPOLOGY;
  /** Next hops of neighbors whose routes have gone, and are still to be looked at. */
  readonly #gone: NextHop[] = [];
  readonly #unlisten: () => void;
  #isClosed = false;

  constructor(
    readonly ribs: UnicastRibs,
    readonly routes: KernelRoutes,
    readonly clock: Clock,
    private settings: UnderlaySettings,
    /** The ifindex of the VRF whose routes they are; undefined for the main table. */
    readonly vrf?: number,
  ) {
    const bgp: BgpRoutes = {
      lengths: (ip) => this.#importerOf(ip).lengths(ip),
      nextHopsOf: (prefix) => this.#importerOf(prefixAddress(prefix)).setOf(prefix)?.nextHops,
    };
    const { others } = routes;
    const sources = { others, bgp, metric: routes.plane.at.metric };
    this.#nextHops = new NextHopTable(this.#reach, sources, settings.resolveViaDefault);
    this.#judge = new PathJudge(this.#nextHops);
    this.sets = new NextHopSets(routes, this.#nextHops, clock);
    this.#nextHops.onStale = () => {
      this.#telling ??= clock.soon(() => this.#tell());
    };
    this.#unlisten = others.listen((prefix) => this.#routeChanged(prefix));
    this.originator = new Originator(ribs.local);
    this.sets.onDeadEnd = (set) => {
      if (this.#judge.isMisjudged(set)) this.#judgeAnew();
    };
    this.sets.onMoved = () => this.#lookAgain();
    for (const rib of [ribs.ipv4, ribs.ipv6]) {
      rib.usable = this.#judge.usable;
      rib.onLeaving = (source, gone) => this.#isLeaving(nextHopAt(source), gone);
    }
    const rules = (): ImportRules => ({
      accept: this.settings.accept,
      connected: this.#reach.connected,
    });
    this.#importers = [
      new RouteImporter(ribs.ipv4, routes, this.sets, rules, clock),
      new RouteImporter(ribs.ipv6, routes, this.sets, rules, clock),
    ];
    for (const importer of this.#importers) {
      importer.onIdle = () => this.#looked();
      importer.onRoute = (prefix) => this.#routeChanged(prefix);
    }
  }

  #importerOf(ip: Ip): RouteImporter {
    return this.#importers[isIpv4(ip) ? 0 : 1];
  }

  #routeChanged(prefix: PrefixKey): void {
    this.#nextHops.routeChanged(prefix);
    if (!this.#judge.isOverwhelmed) return;
    this.#owesLook = true;
    this.#telling ??= this.clock.soon(() => this.#tell());
  }

  /** Routes whose next hops are reached otherwise than before lead there from now on. */
  #tell(): void {
    this.#telling?.cancel();
    this.#telling = undefined;
    if (this.#isClosed) return;
    const changes = this.#nextHops.tell();
    let isOutdated = this.#takeOwedLook();
    for (const { nextHop, before, after } of changes)
      if (this.#judge.changed(nextHop, before, after)) isOutdated = true;
    if (changes.length > 0) this.sets.changed(changes.map(({ nextHop }) => nextHop));
    if (isOutdated || this.#areMisjudged(changes)) this.#judgeAnew();
  }

  /** True where all is to be looked at again; not amid a look, which would never end. */
  #takeOwedLook(): boolean {
    if (!this.#owesLook || this.isBusy) return false;
    this.#owesLook = false;
    return true;
  }

  #areMisjudged(changes: readonly { readonly nextHop: NextHop }[]): boolean {
    for (const { nextHop } of changes)
      for (const set of this.sets.having(nextHop))
        if (set.routes > 0 && this.#judge.isMisjudged(set)) return true;
    return false;
  }

  /**
   * A neighbor's routes go one by one: the groups do without it at once, so that traffic need not wait for the last of them.
   * Another neighbor may have given it as next hop, too: it counts again when they have gone.
   */
  #isLeaving(nextHop: NextHop, gone: Promise<void>): void {
    this.#setLeaving([nextHop], true);
    void gone.then(() => {
      this.#gone.push(nextHop);
      this.#looked();
    });
  }

  /** Where everything has been looked at, what waits for that is done. */
  #looked(): void {
    if (this.#isClosed || this.isBusy) return;
    this.sets.looked();
    if (this.#takeOwedLook()) this.#judgeAnew();
    if (this.#gone.length > 0) this.#setLeaving(this.#gone.splice(0), false);
  }

  #setLeaving(nextHops: readonly NextHop[], isLeaving: boolean): void {
    for (const nextHop of nextHops) this.#nextHops.setLeaving(nextHop, isLeaving);
    this.sets.changed(nextHops);
    this.#tell();
  }

  /** True while routes wait to be looked at. */
  get isBusy(): boolean {
    return this.#importers.some(({ isBusy }) => isBusy);
  }

  /** Resolves once all that the neighbors have announced has been looked at. */
  async idle(): Promise<void> {
    while (this.isBusy) await new Promise<void>((resolve) => this.clock.soon(resolve));
  }

  /** Returns the neighbors' routes, IPv4 first; the RIB's own objects. */
  *destinations(): IterableIterator<Destination<Prefix>> {
    yield* this.ribs.ipv4.destinations();
    yield* this.ribs.ipv6.destinations();
  }

  /** Returns what the decision process makes of the paths of one. */
  decision(destination: Destination<Prefix>): MultipathDecision<Path<Prefix>> {
    return (isIpv4(destination.nlri.prefix) ? this.ribs.ipv4 : this.ribs.ipv6).decision(destination);
  }

  /** The next hop of a path, and how it is reached now, or why it is not. */
  nextHop(path: Path<Prefix>): { readonly nextHop: NextHop; readonly resolution: Resolution } {
    const nextHop = nextHopOf(path);
    return { nextHop, resolution: this.#nextHops.resolve(nextHop) };
  }

  /** Returns why no route to the destination is installed; undefined if one is to be. */
  whyUnused({ nlri, chosen }: Destination<Prefix>): Unwanted | 'next-hop' | 'import-policy' | undefined {
    const [ipv4, ipv6] = this.#importers;
    const importer = isIpv4(nlri.prefix) ? ipv4 : ipv6;
    const unwanted = importer.whyUnwanted(prefixKey(nlri.prefix, nlri.prefixLength));
    if (unwanted !== undefined) return unwanted;
    if (chosen.length === 0) return 'import-policy';
    return chosen.some((path) => this.nextHop(path).resolution.why === undefined) ? undefined : 'next-hop';
  }

  /** Next hops that lead nowhere and without which routes are not installed, as often as sets of next hops have them. */
  *deadEnds(): IterableIterator<DeadEnd> {
    for (const set of this.sets.values()) {
      const { group, unreachable, routes, latest } = set;
      if (group.hops.length > 0) continue;
      const isOne =
        latest !== undefined && this.#importers.some((importer) => importer.setOf(latest) === set);
      for (const { nextHop, why } of unreachable)
        yield { nextHop, why, routes, prefix: isOne ? latest : undefined };
    }
  }

  /** Devices, their carriers or addresses have changed. */
  topologyChanged(topology: Topology): void {
    if (topology.interfaces === this.#topology.interfaces) return;
    this.#topology = topology;
    const before = this.#reach.connected;
    this.#reach = new Reach(topology, this.vrf);
    this.#nextHops.reachChanged(this.#reach);
    this.#owesLook ||= this.#judge.isOverwhelmed;
    this.#tell();
    for (const prefix of different(before, this.#reach.connected))
      this.#importers[typeof prefix === 'number' ? 0 : 1].look(prefix);
    this.originator.update(this.settings, topology);
  }

  #judgeAnew(): void {
    this.#judge.renew();
    this.#lookAgain();
  }

  #lookAgain(): void {
    for (const importer of this.#importers) importer.lookAgain();
  }

  reconfigure(settings: UnderlaySettings): void {
    const before = this.settings;
    this.settings = settings;
    this.originator.update(settings, this.#topology);
    if (settings.accept !== before.accept) this.#lookAgain();
    this.#nextHops.resolvesViaDefault = settings.resolveViaDefault;
    this.#tell();
  }

  close(): void {
    this.#isClosed = true;
    this.#telling?.cancel();
    this.#unlisten();
    this.sets.close();
    for (const rib of [this.ribs.ipv4, this.ribs.ipv6]) rib.onLeaving = undefined;
    for (const importer of this.#importers) importer.close();
  }
}

/** Returns the networks that are among one and not the other. */
function different(a: Reach['connected'], b: Reach['connected']): PrefixKey[] {
  return [
    ...[...a.keys()].filter((prefix) => !b.has(prefix)),
    ...[...b.keys()].filter((prefix) => !a.has(prefix)),
  ];
}
