import type { LocalRib } from '../../bgp/index.js';
import type { DataPlane, Topology } from '../../dataplane/index.js';
import { type Ip, isNoVtep, unmapped } from '../../types/index.js';
import {
  ExtendedCommunity,
  INGRESS_REPLICATION,
  type InclusiveMulticast,
  type OriginatedAttributes,
  type PathAttributes,
  RouteType,
} from '../../wire/index.js';
import type { MacVrf } from '../mac-vrf.js';
import { DEFAULT_FLOOD_LIMIT, type EvpnSettings, isFlooded } from '../settings.js';
import { vtepReason } from '../unused.js';
import type { UnusedLog } from '../unused-log.js';
import type { UnusedReason } from '../unused-reasons.js';
import type { VniPart } from '../vni-part.js';
import type { VtepTable } from '../vteps.js';
import { encapsulationReason, tagReason, type UsedRouteType } from './route-type.js';

/** Returns our own Type-3: this leaf wants the VNI's BUM traffic (RFC 7432 §11.1). */
export function inclusiveMulticastRoute(vrf: MacVrf, localVtep: Ip): InclusiveMulticast {
  return { type: RouteType.INCLUSIVE_MULTICAST, rd: vrf.rd, ethernetTag: 0, originator: localVtep };
}

/** Returns why no copies of the VNI's BUM traffic go to other leaves; undefined if they may. */
export function floodingReason({ flooding, at }: MacVrf): UnusedReason | undefined {
  if (!flooding.enabled) return 'flooding-disabled';
  return at?.multicastGroup === undefined ? undefined : 'multicast-group';
}

/** Returns why no copy goes to a VTEP that asks for one; undefined if one does, as long as there is room. */
function noCopyReason(vtep: Ip, vrf: MacVrf, topology: Topology): UnusedReason | undefined {
  return vtepReason(vtep, vrf, topology) ?? floodingReason(vrf);
}

/**
 * Returns the end of the tunnel that the PMSI attribute names (RFC 7432 §11.2, RFC 6514 §5), which need not be the
 * originator's address or the next hop.
 */
function endpointOf({ nextHop, pmsiTunnel }: PathAttributes): Ip {
  return pmsiTunnel?.endpoint === undefined ? nextHop : unmapped(pmsiTunnel.endpoint);
}

/** Returns the VTEP that wants a copy; undefined for a tree. */
function copyTarget(attributes: PathAttributes): Ip | undefined {
  return attributes.pmsiTunnel?.tunnelType === INGRESS_REPLICATION ? endpointOf(attributes) : undefined;
}

function labelReason(
  { ethernetTag }: InclusiveMulticast,
  { pmsiTunnel }: PathAttributes,
  { vni }: MacVrf,
): UnusedReason | undefined {
  return ethernetTag === 0 || pmsiTunnel?.label === vni ? undefined : 'bundle-label';
}

/** Type-3, Inclusive Multicast Ethernet Tag: a leaf wants the VNI's BUM traffic, and so do we. */
export const inclusiveMulticast: UsedRouteType<InclusiveMulticast> = {
  vtepOf: endpointOf,

  /**
   * The end of an ingress-replication tunnel must be a routable address of its leaf (RFC 7432 §11.2, after RFC 6514
   * §9.1.1), and neither those nor RFC 8365 §9 put the next hop in its place where it is not.
   */
  contentReason({ ethernetTag }, attributes, importTags) {
    const reason = tagReason(ethernetTag, importTags) ?? encapsulationReason(attributes);
    if (reason !== undefined) return reason;
    const { pmsiTunnel } = attributes;
    if (pmsiTunnel === undefined) return 'no-pmsi-tunnel';
    if (!isNoVtep(endpointOf(attributes))) return undefined;
    return pmsiTunnel.endpoint === undefined ? 'martian-next-hop' : 'pmsi-endpoint';
  },

  labelReason,

  forwardingReason(attributes, vrf, topology) {
    const vtep = copyTarget(attributes);
    if (vtep === undefined)
      return vtepReason(endpointOf(attributes), vrf, topology) ?? 'no-ingress-replication';
    return noCopyReason(vtep, vrf, topology) ?? (vrf.flooding.leftOut?.has(vtep) ? 'flood-limit' : undefined);
  },

  put(vrf, destination, route, now, old) {
    const target = copyTarget(now.attributes);
    const isOfVni = labelReason(route, now.attributes, vrf) === undefined;
    if (old) {
      const before = copyTarget(old.attributes);
      if (!isOfVni || before !== target) vrf.flooding.remove(destination, before);
    }
    if (isOfVni) vrf.flooding.add(destination, target);
  },

  remove({ flooding }, destination, _route, old) {
    flooding.remove(destination, copyTarget(old.attributes));
  },

  visitAdvertised(vrf, visit) {
    const { advertised } = vrf.flooding;
    if (advertised)
      vrf.flooding.advertised = visit(inclusiveMulticastRoute(vrf, advertised.nextHop), advertised);
  },
};

/**
 * The default destinations of each VNI, and its Type-3. Each destination costs a copy of every BUM frame, and anybody who
 * announces may name any number of them: those that have a place keep it, others wait for one.
 */
export class Flooding implements VniPart {
  #settings: EvpnSettings;

  constructor(
    settings: EvpnSettings,
    readonly dataPlane: DataPlane,
    readonly localRib: LocalRib,
    readonly vteps: VtepTable,
    readonly unused: UnusedLog,
  ) {
    this.#settings = settings;
  }

  get #limit(): number {
    return this.#settings.floodLimit ?? DEFAULT_FLOOD_LIMIT;
  }

  configure(settings: EvpnSettings): void {
    this.#settings = settings;
  }

  reconfigure(vrf: MacVrf): boolean {
    const { flooding } = vrf;
    const enabled = isFlooded(this.#settings, vrf.vni);
    if (flooding.enabled !== enabled) {
      flooding.enabled = enabled;
      this.#announce(vrf);
      flooding.markAll();
    }
    const { floods } = this.dataPlane.plane(vrf.vni) ?? {};
    // Those that came last lose their places first
    if (floods && floods.size > this.#limit)
      for (const vtep of [...floods.keys()].slice(this.#limit).reverse()) flooding.dirty.add(vtep);
    return flooding.dirty.size > 0 || flooding.leftOut !== undefined;
  }

  reattach(vrf: MacVrf): void {
    this.#announce(vrf);
  }

  markAll({ flooding }: MacVrf): void {
    flooding.markAll();
  }

  markVtep({ flooding }: MacVrf, vtep: Ip): boolean {
    const isEndpoint = flooding.routes.has(vtep);
    if (isEndpoint) flooding.dirty.add(vtep);
    return isEndpoint;
  }

  evaluate(vrf: MacVrf, max: number): number {
    const { dirty } = vrf.flooding;
    let left = max;
    for (const vtep of dirty) {
      if (left <= 0) return left;
      left--;
      dirty.delete(vtep);
      this.#decide(vrf, vtep);
    }
    if (vrf.flooding.leftOut !== undefined) this.#refill(vrf, vrf.flooding.leftOut);
    return left;
  }

  hasDirty({ flooding }: MacVrf): boolean {
    return flooding.dirty.size > 0;
  }

  remove({ vni }: MacVrf): void {
    for (const vtep of this.dataPlane.plane(vni)?.floods.keys() ?? []) this.vteps.countFlood(vtep, vni, -1);
  }

  /** A VTEP that wants BUM traffic, or no longer does. */
  #decide(vrf: MacVrf, vtep: Ip): void {
    const { vni, flooding } = vrf;
    const floods = this.dataPlane.plane(vni)?.floods;
    const before = floods?.has(vtep) ?? false;
    const isUseful =
      flooding.routes.has(vtep) && noCopyReason(vtep, vrf, this.dataPlane.topology) === undefined;
    const others = (floods?.size ?? 0) - (before ? 1 : 0);
    const wanted = isUseful && others < this.#limit;
    this.#leaveOut(vrf, vtep, isUseful && !wanted);
    if (wanted === before) return;
    this.vteps.countFlood(vtep, vni, wanted ? 1 : -1);
    if (wanted) this.dataPlane.setFlood(vni, vtep);
    else this.dataPlane.clearFlood(vni, vtep);
  }

  /** Marks those that wait longest for a place, as many as there are places. */
  #refill({ vni, flooding }: MacVrf, leftOut: ReadonlySet<Ip>): void {
    let free = this.#limit - (this.dataPlane.plane(vni)?.floods.size ?? 0);
    for (const vtep of leftOut) {
      if (free-- <= 0) break;
      flooding.dirty.add(vtep);
    }
  }

  #leaveOut({ flooding }: MacVrf, vtep: Ip, isLeftOut: boolean): void {
    if (!isLeftOut) {
      if (flooding.leftOut?.delete(vtep) && flooding.leftOut.size === 0) flooding.leftOut = undefined;
      return;
    }
    if (flooding.leftOut?.has(vtep)) return;
    flooding.leftOut ??= new Set();
    flooding.leftOut.add(vtep);
    for (const { best } of flooding.routes.get(vtep) ?? []) if (best) this.unused.seen('flood-limit', best);
  }

  /** Our own Type-3: while the VNI can forward and takes BUM traffic, from each leaf or from the device's group. */
  #announce(vrf: MacVrf): void {
    const { localVtep, flooding } = vrf;
    const before = flooding.advertised;
    const wanted =
      localVtep !== undefined && flooding.enabled ? attributesOf(vrf, localVtep, before) : undefined;
    if (before === wanted) return;
    if (before && before.nextHop !== wanted?.nextHop)
      this.localRib.withdraw(inclusiveMulticastRoute(vrf, before.nextHop));
    if (wanted) this.localRib.originate(inclusiveMulticastRoute(vrf, wanted.nextHop), wanted);
    flooding.advertised = wanted;
  }
}

/**
 * Returns the attributes of our Type-3, those of `before` if they are the same: ingress replication to us, or the tree of
 * the multicast group that the device floods by (RFC 6514 §5, RFC 7432 §11.1, RFC 8365 §9).
 */
function attributesOf(
  { vni, at, exportTargets }: MacVrf,
  localVtep: Ip,
  before: OriginatedAttributes | undefined,
): OriginatedAttributes {
  const group = at?.multicastGroup;
  if (before?.nextHop === localVtep && before.pmsiTunnel?.group === group) return before;
  return {
    nextHop: localVtep,
    extendedCommunities: [ExtendedCommunity.encapsulation(), ...exportTargets],
    pmsiTunnel: { endpoint: localVtep, vni, ...(group !== undefined && { group }) },
  };
}
