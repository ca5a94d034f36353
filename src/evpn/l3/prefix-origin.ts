import type { LocalRib } from '../../bgp/index.js';
import { EMPTY_TOPOLOGY, type OtherRoute, type OtherRoutes, type Topology } from '../../dataplane/index.js';
import {
  ESI_ZERO,
  IPV4_ANY,
  IPV6_ANY,
  isIpv4,
  type PrefixKey,
  permits,
  prefixAddress,
  prefixLength,
  type RouteDistinguisher,
} from '../../types/index.js';
import { ExtendedCommunity, type IpPrefix, type OriginatedAttributes, RouteType } from '../../wire/index.js';
import type { VrfSettings } from '../settings.js';
import type { IpVrf } from './ip-vrf.js';

/** The Type-5 of a prefix of the VRF, in the interface-less model (RFC 9136 §4.4.1). */
export function prefixRoute(
  rd: RouteDistinguisher,
  { l3vni }: Pick<IpVrf, 'l3vni'>,
  prefix: PrefixKey,
): IpPrefix {
  const address = prefixAddress(prefix);
  return {
    type: RouteType.IP_PREFIX,
    rd,
    esi: ESI_ZERO,
    ethernetTag: 0,
    prefixLength: prefixLength(prefix),
    prefix: address,
    gateway: isIpv4(address) ? IPV4_ANY : IPV6_ANY,
    label: l3vni,
  };
}

/** Routes of other programs are announced, if there are any that fit. */
export function redistributes({ redistributeRoutes, redistributeProtocols }: VrfSettings): boolean {
  return (redistributeRoutes ?? []).length > 0 || (redistributeProtocols ?? []).length > 0;
}

/** The route is by what is configured one of those; each list excludes nothing where there is but the other. */
function isRedistributed(settings: VrfSettings, { prefix, protocol }: OtherRoute): boolean {
  const { redistributeRoutes: rules = [], redistributeProtocols: protocols = [] } = settings;
  if (protocols.length > 0 && !protocols.includes(protocol)) return false;
  return rules.length > 0 ? permits(rules, prefix) : protocols.length > 0;
}

/** The IP prefix routes of one VRF that are announced. */
export class PrefixOrigin {
  readonly announced = new Set<PrefixKey>();
  /** Prefixes to which the VRF has a route of another program's that is to be announced. */
  #leading = new Set<PrefixKey>();
  #topology: Pick<Topology, 'interfaces'> = EMPTY_TOPOLOGY;
  #settings: VrfSettings = {};
  #attributes: OriginatedAttributes | undefined;
  #rd: RouteDistinguisher | undefined;
  #of: unknown[] = [];

  constructor(
    readonly vrf: IpVrf,
    readonly localRib: LocalRib,
    /** Other programs' routes of the VRF's table. */
    readonly others: Pick<OtherRoutes, 'at' | 'rows'>,
    /** Called with a prefix that leads out now, or no longer. */
    readonly turned: (prefix: PrefixKey) => void,
    /** Called with a prefix that is announced now, or no longer. */
    readonly announces: (prefix: PrefixKey) => void = () => {},
  ) {}

  /** Brings what is announced in line with the VRF and its settings: nothing while it does not route. */
  update(settings: VrfSettings, topology: Pick<Topology, 'interfaces'>): void {
    const { vrf } = this;
    const { routed, at, rd } = vrf;
    this.#settings = settings;
    this.#topology = topology;
    this.#findLeading();
    const { networks = [], redistributeConnected = [] } = settings;
    const wanted = new Set<PrefixKey>();
    if (routed && at.localVtep !== undefined) {
      for (const prefix of networks) wanted.add(prefix);
      for (const prefix of at.networks) if (permits(redistributeConnected, prefix)) wanted.add(prefix);
      for (const prefix of this.#leading) wanted.add(prefix);
    }
    const before = this.#attributes;
    const renamed = this.#rd !== undefined && this.#rd !== rd;
    for (const prefix of [...this.announced]) if (renamed || !wanted.has(prefix)) this.#withdraw(prefix);
    this.#rd = rd;
    if (wanted.size === 0) return;
    const attributes = this.#renewed();
    if (!attributes) return;
    for (const prefix of wanted) {
      if (this.announced.has(prefix) && attributes === before) continue;
      this.#originate(prefix, attributes);
    }
  }

  /** The same of one prefix to which another program's route came, went or leads elsewhere. */
  look(prefix: PrefixKey): void {
    const { networks = [], redistributeConnected = [] } = this.#settings;
    const leads = this.#leads(prefix);
    if (leads) this.#leading.add(prefix);
    else this.#leading.delete(prefix);
    const isWanted =
      leads ||
      networks.includes(prefix) ||
      (this.vrf.at.networks.includes(prefix) && permits(redistributeConnected, prefix));
    if (isWanted === this.announced.has(prefix)) return;
    const attributes = isWanted ? this.#renewed() : undefined;
    if (attributes) this.#originate(prefix, attributes);
    else if (!isWanted) this.#withdraw(prefix);
  }

  /** The VRF has a route of another program's to the prefix that is to be announced. */
  leadsOut(prefix: PrefixKey): boolean {
    return this.#leading.has(prefix);
  }

  #findLeading(): void {
    const before = this.#leading;
    const now = new Set<PrefixKey>();
    if (redistributes(this.#settings))
      for (const { prefix } of this.others.rows()) if (this.#leads(prefix)) now.add(prefix);
    this.#leading = now;
    for (const prefix of before) if (!now.has(prefix)) this.turned(prefix);
    for (const prefix of now) if (!before.has(prefix)) this.turned(prefix);
  }

  /**
   * One that discards leads nowhere: the last resort of a VRF is `unreachable default` (Documentation/networking/vrf.rst); nor does
   * one over a device without carrier, which the kernel keeps, or to other leaves, which would come back to them.
   */
  #leads(prefix: PrefixKey): boolean {
    const { sviIfindex } = this.vrf.at;
    const { interfaces } = this.#topology;
    const [best] = this.others.at(prefix);
    return (
      best !== undefined &&
      isRedistributed(this.#settings, best) &&
      best.ways.some(({ ifindex }) => ifindex !== sviIfindex && interfaces.get(ifindex)?.running === true)
    );
  }

  /** Announces nothing any more. */
  clear(): void {
    for (const prefix of [...this.announced]) this.#withdraw(prefix);
  }

  #originate(prefix: PrefixKey, attributes: OriginatedAttributes): void {
    const isNew = !this.announced.has(prefix);
    this.announced.add(prefix);
    this.localRib.originate(prefixRoute(this.#rd ?? this.vrf.rd, this.vrf, prefix), attributes);
    if (isNew) this.announces(prefix);
  }

  #withdraw(prefix: PrefixKey): void {
    this.announced.delete(prefix);
    this.localRib.withdraw(prefixRoute(this.#rd ?? this.vrf.rd, this.vrf, prefix));
    this.announces(prefix);
  }

  /** The attributes of all of them: another object where they differ. */
  #renewed(): OriginatedAttributes | undefined {
    const { routed, at } = this.vrf;
    if (!routed || at.localVtep === undefined) return undefined;
    const of = [routed, at.localVtep];
    if (this.#attributes === undefined || of.some((each, i) => each !== this.#of[i])) {
      this.#of = of;
      this.#attributes = {
        nextHop: at.localVtep,
        extendedCommunities: [
          ExtendedCommunity.encapsulation(),
          ...routed.targets,
          ExtendedCommunity.routerMac(routed.routerMac),
        ],
        pmsiTunnel: undefined,
      };
    }
    return this.#attributes;
  }
}
