import {
  type Esi,
  type Ip,
  type Mac,
  macFromParts,
  macHigh16,
  macLow32,
  type RouteDistinguisher,
} from '../types/index.js';
import {
  EVPN,
  type EvpnNlri,
  type MacIpAdvertisement,
  type PathAttributes,
  RouteType,
  sameNlri,
} from '../wire/index.js';
import { type Arrival, PlainDestination, RibDestination } from './destination.js';

/** What MAC/IP routes of one VNI mostly have in common. */
type Commons = Pick<MacIpAdvertisement, 'esi' | 'ethernetTag' | 'label1' | 'label2'>;

/** The latest of each remainder of the label. */
const LATEST_COMMONS = new Array<Commons>(64).fill({
  esi: '' as Esi,
  ethernetTag: 0,
  label1: 0,
  label2: undefined,
});

function commonsOf({ esi, ethernetTag, label1, label2 }: MacIpAdvertisement): Commons {
  const place = label1 % LATEST_COMMONS.length;
  const latest = LATEST_COMMONS[place];
  if (
    latest.label1 === label1 &&
    latest.esi === esi &&
    latest.ethernetTag === ethernetTag &&
    latest.label2 === label2
  )
    return latest;
  LATEST_COMMONS[place] = { esi, ethernetTag, label1, label2 };
  return LATEST_COMMONS[place];
}

/** The destination of a MAC/IP route is its own NLRI. The MAC stands in two small numbers: as one it were an object itself. */
class MacIpDestination extends RibDestination implements MacIpAdvertisement {
  readonly rd: RouteDistinguisher;
  readonly ip: Ip | undefined;
  readonly #macHigh: number;
  /** Signed. */
  readonly #macLow: number;
  #commons: Commons;

  constructor(arrival: Arrival, attributes: PathAttributes, nlri: MacIpAdvertisement) {
    super(arrival, attributes);
    this.rd = nlri.rd;
    this.ip = nlri.ip;
    this.#macHigh = macHigh16(nlri.mac);
    this.#macLow = macLow32(nlri.mac) | 0;
    this.#commons = commonsOf(nlri);
  }

  get type(): typeof RouteType.MAC_IP_ADVERTISEMENT {
    return RouteType.MAC_IP_ADVERTISEMENT;
  }
  get mac(): Mac {
    return macFromParts(this.#macHigh, this.#macLow >>> 0);
  }
  get esi(): Esi {
    return this.#commons.esi;
  }
  get ethernetTag(): number {
    return this.#commons.ethernetTag;
  }
  get label1(): number {
    return this.#commons.label1;
  }
  get label2(): number | undefined {
    return this.#commons.label2;
  }

  override get nlri(): MacIpAdvertisement {
    return this;
  }

  protected override takeOver(nlri: EvpnNlri): void {
    if (nlri.type === RouteType.MAC_IP_ADVERTISEMENT) this.#commons = commonsOf(nlri);
  }

  protected override get copyOfNlri(): MacIpAdvertisement {
    const { type, rd, mac, ip } = this;
    return { type, rd, mac, ip, ...this.#commons };
  }

  protected override same(a: EvpnNlri, b: EvpnNlri): boolean {
    return sameNlri(a, b);
  }
}

/** An EVPN destination with its first path: of all but MAC/IP routes there are few. */
export function evpnDestination(
  arrival: Arrival,
  attributes: PathAttributes,
  nlri: EvpnNlri,
): RibDestination {
  return nlri.type === RouteType.MAC_IP_ADVERTISEMENT
    ? new MacIpDestination(arrival, attributes, nlri)
    : new PlainDestination(arrival, attributes, nlri, EVPN);
}
