import type { Destination, Path } from '../../bgp/index.js';
import { type IpVrf, type MacVrf, UNUSED, type UnusedReason } from '../../evpn/index.js';
import type { Ip, Ipv4, RouteDistinguisher, Vni } from '../../types/index.js';
import { RouteType, vniOfRoute } from '../../wire/index.js';
import type { Rooms } from './rooms.js';

/** Routes that have something in common, and one of them. */
export interface SuchRoutes {
  count: number;
  readonly first: Path;
}

/** An address of a VNI's gateway that another leaf announces with another MAC. */
export interface OtherGateway {
  readonly vni: Vni;
  readonly ip: Ip;
  readonly path: Path;
}

/** Findings of one kind that are kept: as many as anybody reads. */
const KEPT = 100;
/** Route distinguishers, and VTEPs, that are remembered for a comparison. */
const MOST_RDS = 65_536;
/** VNIs of others that are remembered: more than a fabric has by mistake, and what a hostile neighbor may cost. */
const MOST_STRANGE = 4096;

/**
 * What the RIB's routes, taken together, say of the fabric: what none of them says alone. Filled by one walk, and bounded whatever
 * others announce.
 */
export class FabricSurvey {
  /** By VNI: Type-3 routes, one of each leaf, that no VNI here imports. */
  readonly strangeVnis = new Map<number, SuchRoutes>();
  /** By L3VNI: Type-5 routes that no VRF here imports. */
  readonly strangeL3vnis = new Map<number, SuchRoutes>();
  /** Route distinguishers that several VTEPs have. */
  readonly sharedRds = new Map<RouteDistinguisher, readonly [Ip, Ip]>();
  /** VTEPs that are several leaves', by the router-ids of their route distinguishers. */
  readonly sharedVteps = new Map<Ip, readonly [Ipv4, Ipv4]>();
  /** Of our own VTEP addresses: routes of another leaf that has the same. */
  readonly ownVtepElsewhere = new Map<Ip, Path>();
  readonly otherGateways: OtherGateway[] = [];
  /** VNIs and VRFs of this leaf that routes are on their way to: those that seem to hear of nobody will in a moment. */
  readonly awaiting = new Set<MacVrf | IpVrf>();
  /** By VRF: what it imports and cannot use, by what an operator can mend. */
  readonly unusedOfVrf = new Map<string, Map<UnusedReason, SuchRoutes>>();
  readonly #vtepOfRd = new Map<RouteDistinguisher, Ip>();
  readonly #routerOfVtep = new Map<Ip, Ipv4>();
  readonly #ownRds = new Set<RouteDistinguisher>();

  constructor(readonly rooms: Pick<Rooms, 'evpn' | 'dataPlane'>) {
    const { evpn } = rooms;
    for (const { rd, localVtep } of evpn.vrfs()) {
      this.#ownRds.add(rd);
      if (localVtep !== undefined) this.#vtepOfRd.set(rd, localVtep);
    }
    for (const { rd } of evpn.ipVrfs.values()) this.#ownRds.add(rd);
  }

  /** Takes in the destination's best path; `reason`: why no VNI and no VRF uses it. */
  see(destination: Destination, path: Path, reason: UnusedReason | undefined): void {
    const { nlri, attributes } = path;
    const { evpn, dataPlane } = this.rooms;
    const { topology } = dataPlane;
    const { nextHop } = attributes;
    if (topology.ownVteps.has(nextHop) && !this.#ownRds.has(nlri.rd))
      this.ownVtepElsewhere.set(nextHop, path);
    this.#seeByVrfs(destination, path);
    switch (nlri.type) {
      case RouteType.INCLUSIVE_MULTICAST: {
        const vni = vniOfRoute(nlri, attributes.pmsiTunnel?.label);
        if (vni === undefined || vni === 0) return;
        // Nobody uses it, or nobody yet: a table that has just come is imported a slice a turn
        if (reason === 'route-targets')
          this.#seeTakers(evpn.importer.index.importersOf(attributes).vrfs, this.strangeVnis, vni, path);
        this.#seeLeaf(nlri.rd, nlri.originator);
        return;
      }
      case RouteType.IP_PREFIX:
        if (!evpn.ipVrfs.isImported(destination))
          this.#seeTakers(evpn.ipVrfs.takersOfRoute(attributes), this.strangeL3vnis, nlri.label, path);
        return;
      case RouteType.MAC_IP_ADVERTISEMENT: {
        const { ip, mac, label1, label2 } = nlri;
        const vni = label1 as Vni;
        if (reason === 'route-targets') this.#await(evpn.importer.index.importersOf(attributes).vrfs);
        if (ip !== undefined && label2 !== undefined && !evpn.ipVrfs.isImported(destination))
          this.#await(evpn.ipVrfs.takersOfRoute(attributes));
        const own = ip === undefined ? undefined : topology.own.get(vni);
        if (ip === undefined || !own?.ips.has(ip) || own.macs.has(mac)) return;
        if (this.otherGateways.length >= KEPT) return;
        // One that the VNI does not import is of another domain with the same number
        const { vrfs } = evpn.importer.index.importersOf(attributes);
        if (vrfs.some((vrf) => vrf.vni === vni)) this.otherGateways.push({ vni, ip, path });
      }
    }
  }

  /** All has been seen: what served comparisons alone is dropped, since the survey is kept until somebody asks again. */
  done(): void {
    this.#vtepOfRd.clear();
    this.#routerOfVtep.clear();
    this.#ownRds.clear();
  }

  #await(takers: readonly (MacVrf | IpVrf)[]): void {
    for (const vrf of takers) this.awaiting.add(vrf);
  }

  /** Takes in a route that nobody here has imported, and those whom it is for all the same. */
  #seeTakers(
    takers: readonly (MacVrf | IpVrf)[],
    strange: Map<number, SuchRoutes>,
    vni: number,
    path: Path,
  ): void {
    this.#await(takers);
    // A prefix that is reached by a gateway has no label (RFC 9136 §4.1)
    if (takers.length > 0 || vni === 0) return;
    const isHere = this.rooms.dataPlane.topology.vnis.has(vni as Vni);
    if (isHere || strange.size < MOST_STRANGE || strange.has(vni)) add(strange, vni, path);
  }

  #seeByVrfs(destination: Destination, path: Path): void {
    const { ipVrfs } = this.rooms.evpn;
    for (const vrf of ipVrfs.importersOf(destination)) {
      const why = ipVrfs.whyIgnored(vrf, path);
      if (why === undefined || UNUSED[why].level !== 'warn') continue;
      let ofVrf = this.unusedOfVrf.get(vrf.name);
      if (!ofVrf) {
        ofVrf = new Map();
        this.unusedOfVrf.set(vrf.name, ofVrf);
      }
      add(ofVrf, why, path);
    }
  }

  /** Each leaf has one VTEP for a route distinguisher (RFC 7432 §7.9), and one router-id in those that are derived. */
  #seeLeaf(rd: RouteDistinguisher, vtep: Ip): void {
    const known = this.#vtepOfRd.get(rd);
    if (known !== undefined) {
      if (known !== vtep && this.sharedRds.size < KEPT) this.sharedRds.set(rd, [known, vtep]);
    } else if (this.#vtepOfRd.size < MOST_RDS) this.#vtepOfRd.set(rd, vtep);
    const { routerId } = rd;
    if (routerId === undefined) return;
    const other = this.#routerOfVtep.get(vtep);
    if (other === undefined) {
      if (this.#routerOfVtep.size < MOST_RDS) this.#routerOfVtep.set(vtep, routerId);
    } else if (other !== routerId && this.sharedVteps.size < KEPT)
      this.sharedVteps.set(vtep, [other, routerId]);
  }
}

function add<Key>(such: Map<Key, SuchRoutes>, key: Key, first: Path): void {
  const known = such.get(key);
  if (known) known.count++;
  else such.set(key, { count: 1, first });
}
