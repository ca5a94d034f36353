import type { Ip, RouteTarget } from '../types/index.js';
import { ExtendedCommunity, NdFlag, type OriginatedAttributes } from '../wire/index.js';
import type { MacVrf } from './mac-vrf.js';
import type { RoutedExport } from './routed-export.js';

/** What makes the attributes of one Type-2 differ from another's in the same VNI. */
interface MacRouteTraits {
  readonly sequence: number;
  readonly sticky: boolean;
  /** The neighbor row has the router flag (RFC 9047). */
  readonly router: boolean;
  /** The address is a default gateway's (RFC 7432 §7.8). */
  readonly gateway?: boolean;
  /** The route is one of the VRF's too. */
  readonly routed?: RoutedExport | undefined;
}

/** A memory of this many sets is plenty: MACs that move often have left theirs behind. */
const KEPT = 1024;

/**
 * One attributes object for each distinct set, so that routes with the same ones leave in one UPDATE. The communities
 * stand in the order in which FRR builds them.
 */
export class AttributeSets {
  readonly #macSets = new Map<number, OriginatedAttributes>();
  readonly #routedSets = new Map<number, OriginatedAttributes>();
  #routed: RoutedExport | undefined;
  #vtep: Ip | undefined;

  /** Attributes of a Type-2. */
  mac(vrf: MacVrf, localVtep: Ip, traits: MacRouteTraits): OriginatedAttributes {
    this.#renew(localVtep);
    const key =
      traits.sequence * 8 + (traits.gateway ? 4 : 0) + (traits.sticky ? 2 : 0) + (traits.router ? 1 : 0);
    const { routed } = traits;
    if (routed && routed !== this.#routed) {
      this.#routed = routed;
      this.#routedSets.clear();
    }
    const sets = routed ? this.#routedSets : this.#macSets;
    let set = sets.get(key);
    if (!set) {
      if (sets.size >= KEPT) sets.clear();
      const communities = [
        ExtendedCommunity.encapsulation(),
        ...vrf.exportTargets,
        ...(routed?.targets ?? []),
      ];
      if (traits.sticky) communities.push(ExtendedCommunity.macMobility(0, true));
      if (routed) communities.push(ExtendedCommunity.routerMac(routed.routerMac));
      if (traits.gateway) communities.push(ExtendedCommunity.defaultGateway());
      if (traits.router) communities.push(ExtendedCommunity.neighborFlags(NdFlag.ROUTER));
      if (traits.sequence > 0 && !traits.sticky)
        communities.push(ExtendedCommunity.macMobility(traits.sequence, false));
      set = { nextHop: localVtep, extendedCommunities: communities, pmsiTunnel: undefined };
      sets.set(key, set);
    }
    return set;
  }

  /**
   * The sets carry other targets from now on. Returns what becomes of a set that was made before: one object for each,
   * with nothing changed but the targets.
   */
  retarget(
    before: readonly RouteTarget[],
    after: readonly RouteTarget[],
  ): (set: OriginatedAttributes) => OriginatedAttributes {
    const made = new Map<OriginatedAttributes, OriginatedAttributes>();
    const renewed = (set: OriginatedAttributes) => {
      let now = made.get(set);
      if (!now) {
        const [encapsulation, ...others] = set.extendedCommunities;
        now = { ...set, extendedCommunities: [encapsulation, ...after, ...others.slice(before.length)] };
        made.set(set, now);
      }
      return now;
    };
    for (const sets of [this.#macSets, this.#routedSets])
      for (const [key, set] of sets) sets.set(key, renewed(set));
    return renewed;
  }

  #renew(localVtep: Ip): void {
    if (this.#vtep === localVtep) return;
    this.#vtep = localVtep;
    this.#macSets.clear();
    this.#routedSets.clear();
  }
}

/** The attribute sets of each VNI, made when they are first asked for. */
export function attributeSetsByVrf(): (vrf: MacVrf) => AttributeSets {
  const byVrf = new WeakMap<MacVrf, AttributeSets>();
  return (vrf) => {
    let sets = byVrf.get(vrf);
    if (!sets) {
      sets = new AttributeSets();
      byVrf.set(vrf, sets);
    }
    return sets;
  };
}
