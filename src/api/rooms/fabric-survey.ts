import type { Destination, Path } from '../../bgp/index.js';
import { UNUSED, type UnusedReason } from '../../evpn/index.js';
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
/** Route distinguishers that are remembered for a comparison. */
const MOST_RDS = 65_536;

/**
 * What the RIB's routes, taken together, say of the fabric: what none of them says alone. Filled by one walk, and bounded by the
 * numbers of leaves, VNIs and VRFs.
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
    const { topology } = this.rooms.dataPlane;
    const { nextHop } = attributes;
    if (topology.ownVteps.has(nextHop) && !this.#ownRds.has(nlri.rd))
      this.ownVtepElsewhere.set(nextHop, path);
    this.#seeByVrfs(destination, path);
    switch (nlri.type) {
      case RouteType.INCLUSIVE_MULTICAST: {
        const vni = vniOfRoute(nlri, attributes.pmsiTunnel?.label);
        if (vni === undefined) return;
        if (reason === 'route-targets') add(this.strangeVnis, vni, path);
        this.#seeLeaf(nlri.rd, nlri.originator);
        return;
      }
      case RouteType.IP_PREFIX:
        if (!this.rooms.evpn.ipVrfs.isImported(destination)) add(this.strangeL3vnis, nlri.label, path);
        return;
      case RouteType.MAC_IP_ADVERTISEMENT: {
        const { ip, mac, label1 } = nlri;
        const vni = label1 as Vni;
        const own = ip === undefined ? undefined : topology.own.get(vni);
        if (ip === undefined || !own?.ips.has(ip) || own.macs.has(mac)) return;
        if (this.otherGateways.length < KEPT) this.otherGateways.push({ vni, ip, path });
      }
    }
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
    if (other === undefined) this.#routerOfVtep.set(vtep, routerId);
    else if (other !== routerId && this.sharedVteps.size < KEPT)
      this.sharedVteps.set(vtep, [other, routerId]);
  }
}

function add<Key>(such: Map<Key, SuchRoutes>, key: Key, first: Path): void {
  const known = such.get(key);
  if (known) known.count++;
  else such.set(key, { count: 1, first });
}
