import {
  ESI_ZERO,
  type Esi,
  type Ip,
  type Mac,
  RouteDistinguisher,
  routeTargetOfAs2,
} from '../../../src/types/index.js';
import {
  type EvpnNlri,
  ExtendedCommunity,
  MAX_ETHERNET_TAG,
  type OriginatedAttributes,
  RouteType,
} from '../../../src/wire/index.js';
import type { Leaf } from './leaf.js';

/** ESI label with the single-active flag (RFC 7432 §7.5). */
const SINGLE_ACTIVE = 0x0601_0100_0000_0000n;
const ALL_ACTIVE = 0x0601_0000_0000_0000n;

/** A remote leaf that is member of Ethernet segments: the routes that it sends to `to`. */
export class SegmentMember {
  readonly source;

  constructor(
    readonly to: Leaf,
    /** 1 to 9. */
    readonly number: number,
    readonly vtep: Ip,
  ) {
    this.source = { neighbor: `192.0.2.${number}`, routerId: number, internal: false };
  }

  /** Announces, or withdraws where `stands` is false, the Ethernet A-D per ES route for these VNIs. */
  perEs(esi: Esi, vnis: readonly number[], stands = true, singleActive = false): void {
    const extended = [singleActive ? SINGLE_ACTIVE : ALL_ACTIVE];
    this.#send(stands, vnis, extended, this.#discovery(esi, MAX_ETHERNET_TAG, 0, 100));
  }

  perEvi(esi: Esi, vni: number, stands = true): void {
    this.#send(stands, [vni], [], this.#discovery(esi, 0, vni, vni));
  }

  /** `targets`: the VNIs whose route targets it has, where that is not its own alone. */
  macIp(
    mac: Mac,
    vni: number,
    how: { esi?: Esi; ip?: Ip; sequence?: number; stands?: boolean; targets?: readonly number[] } = {},
  ): void {
    const { esi = ESI_ZERO, ip, sequence = 0, stands = true, targets = [vni] } = how;
    const rd = this.#rd(vni);
    const nlri: EvpnNlri = {
      type: RouteType.MAC_IP_ADVERTISEMENT,
      ...{ rd, esi, ethernetTag: 0, mac, ip, label1: vni, label2: undefined },
    };
    this.#send(stands, targets, sequence > 0 ? [ExtendedCommunity.macMobility(sequence, false)] : [], nlri);
  }

  /** The session with it ends. */
  down(): void {
    void this.to.rib.neighborDown(this.source);
  }

  #rd(number: number): RouteDistinguisher {
    return RouteDistinguisher.parse(`10.9.9.${this.number}:${number}`);
  }

  #discovery(esi: Esi, ethernetTag: number, label: number, rd: number): EvpnNlri {
    return { type: RouteType.ETHERNET_AUTO_DISCOVERY, rd: this.#rd(rd), esi, ethernetTag, label };
  }

  #send(stands: boolean, vnis: readonly number[], extended: bigint[], nlri: EvpnNlri): void {
    const asn = 65_100 + this.number;
    const attributes: OriginatedAttributes = {
      nextHop: this.vtep,
      extendedCommunities: [
        ...vnis.map((vni) => ExtendedCommunity.routeTarget(routeTargetOfAs2(asn, vni))),
        ExtendedCommunity.encapsulation(),
        ...extended,
      ],
      pmsiTunnel: undefined,
    };
    this.to.receive(this.source, asn, stands ? attributes : undefined, [nlri]);
  }
}
