import type { LocalRib } from '../../bgp/index.js';
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

/** The IP prefix routes of one VRF that are announced. */
export class PrefixOrigin {
  readonly announced = new Set<PrefixKey>();
  #attributes: OriginatedAttributes | undefined;
  #rd: RouteDistinguisher | undefined;
  #of: unknown[] = [];

  constructor(
    readonly vrf: IpVrf,
    readonly localRib: LocalRib,
  ) {}

  /** Brings what is announced in line with the VRF and its settings: nothing while it does not route. */
  update({ networks = [], redistributeConnected = [] }: VrfSettings): void {
    const { vrf } = this;
    const { routed, at, rd } = vrf;
    const wanted = new Set<PrefixKey>();
    if (routed && at.localVtep !== undefined) {
      for (const prefix of networks) wanted.add(prefix);
      for (const prefix of at.networks) if (permits(redistributeConnected, prefix)) wanted.add(prefix);
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
      this.announced.add(prefix);
      this.localRib.originate(prefixRoute(rd, vrf, prefix), attributes);
    }
  }

  /** Announces nothing any more. */
  clear(): void {
    for (const prefix of [...this.announced]) this.#withdraw(prefix);
  }

  #withdraw(prefix: PrefixKey): void {
    this.announced.delete(prefix);
    this.localRib.withdraw(prefixRoute(this.#rd ?? this.vrf.rd, this.vrf, prefix));
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
