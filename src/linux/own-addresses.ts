import type { InterfaceAddress, OwnAddresses, Subnet, VniAttachment } from '../dataplane/index.js';
import {
  type Ip,
  type Ipv4,
  isIpv4,
  isLinkLocal,
  MAC_ZERO,
  type Mac,
  sameSet,
  type Vni,
} from '../types/index.js';
import type { Link } from './link-codec.js';
import type { PortVlans } from './link-table.js';

/** The tables that own addresses are found in. */
export interface AddressTables {
  readonly links: ReadonlyMap<number, Link>;
  readonly vlans: ReadonlyMap<number, PortVlans>;
  readonly addresses: ReadonlyMap<number, readonly InterfaceAddress[]>;
}

type Answers = Map<Vni, OwnAddresses>;

/** Kinds of devices that are stations of their own in the network of the device below. */
const STATIONS: ReadonlySet<string> = new Set(['macvlan', 'macvtap', 'ipvlan', 'ipvtap']);
/** How many devices the kernel allows one upon the other (include/linux/netdevice.h MAX_NEST_DEV). */
const MAX_NEST_DEV = 8;

/** What answers were made of, bridge by bridge: the same again needs no look at thousands of VLANs. */
const ingredientsOf = new WeakMap<ReadonlyMap<Vni, OwnAddresses>, ReadonlyMap<number, readonly unknown[]>>();

/**
 * The machine's own addresses in the broadcast domain of each VNI: those of the domain's ports, of the bridge and the
 * VLAN devices by which the machine itself takes part in it, and of macvlans and ipvlans on those. Addresses of other
 * devices are strangers there, since nobody in the domain reaches them but through a router. Pure; `sorted` are all
 * links. What is as it was in `before`, which this function returned, is the same object.
 */
export function ownAddresses(
  sorted: readonly Link[],
  tables: AddressTables,
  vnis: ReadonlyMap<Vni, VniAttachment>,
  before: ReadonlyMap<Vni, OwnAddresses>,
): Answers {
  const segments = new Map<number, Segment>();
  for (const at of vnis.values()) {
    if (at.bridgeIfindex === 0 || (at.vlanAware && at.vlan === 0)) continue;
    let segment = segments.get(at.bridgeIfindex);
    if (!segment) {
      segment = new Segment(at.vlanAware);
      segments.set(at.bridgeIfindex, segment);
    }
    segment.addVni(at);
  }
  for (const link of sorted) {
    const { ifindex } = link;
    const addresses = tables.addresses.get(ifindex);
    const vlans = tables.vlans.get(ifindex);
    segments.get(link.master)?.addPort(link, addresses, vlans);
    segments.get(ifindex)?.addPort(link, undefined, vlans);
    const place = placeOf(link, tables);
    if (place) segments.get(place.bridge)?.addStation(link, addresses, place);
  }
  const own: Answers = new Map();
  const ingredients = new Map<number, readonly unknown[]>();
  const known = ingredientsOf.get(before);
  for (const [bridge, segment] of segments) {
    ingredients.set(bridge, segment.ingredients);
    segment.answer(own, before, known?.get(bridge));
  }
  ingredientsOf.set(own, ingredients);
  return own;
}

/** Where the machine itself speaks by a device: in which VLAN of which bridge, and whether with a tag inside that. */
interface Place {
  readonly bridge: number;
  readonly vlan: number;
  readonly tagged: boolean;
}

function placeOf(link: Link, tables: AddressTables, depth = 0): Place | undefined {
  if (link.kind === 'bridge') {
    const vlan = link.vlanFiltering ? (tables.vlans.get(link.ifindex)?.pvid ?? 0) : 0;
    return { bridge: link.ifindex, vlan, tagged: false };
  }
  const lower = tables.links.get(link.lower);
  if (!lower || depth === MAX_NEST_DEV) return undefined;
  if (STATIONS.has(link.kind)) return placeOf(lower, tables, depth + 1);
  if (link.kind !== 'vlan') return undefined;
  if (lower.vlanFiltering && lower.vlanProtocol === link.vlanProtocol)
    return { bridge: lower.ifindex, vlan: link.vlanId, tagged: false };
  const place = placeOf(lower, tables, depth + 1);
  return place && { ...place, tagged: true };
}

interface Domain {
  readonly macs: Set<Mac>;
  readonly ips: Set<Ip>;
  readonly subnetEnds: Set<Ip>;
  readonly subnets: Subnet[];
}

/** One bridge with the domains of VNIs on it, and what brings addresses into them. */
class Segment {
  /** All that the answers depend on. */
  readonly ingredients: unknown[] = [];
  readonly #vlanOf = new Map<Vni, number>();
  readonly #put: ((domains: ReadonlyMap<number, Domain>) => void)[] = [];

  constructor(readonly vlanAware: boolean) {}

  addVni({ vni, vlan }: VniAttachment): void {
    this.ingredients.push(vni, vlan);
    this.#vlanOf.set(vni, vlan);
  }

  /** A port of the bridge in all its VLANs, or the bridge itself in those that it takes part in. */
  addPort(
    { mac }: Link,
    addresses: readonly InterfaceAddress[] | undefined,
    vlans: PortVlans | undefined,
  ): void {
    const members = this.vlanAware ? vlans?.members : undefined;
    this.ingredients.push(mac, addresses, members, members?.revision);
    this.#put.push((domains) => {
      for (const vlan of this.vlanAware ? (members ?? []) : [0]) put(domains.get(vlan), mac, addresses);
    });
  }

  /** A device by which the machine speaks. With a tag, its frames are learned here and its IPs are another network's. */
  addStation(
    { mac }: Link,
    addresses: readonly InterfaceAddress[] | undefined,
    { vlan, tagged }: Place,
  ): void {
    const counted = tagged ? undefined : addresses;
    this.ingredients.push(mac, counted, vlan);
    this.#put.push((domains) => put(domains.get(vlan), mac, counted));
  }

  /** Enters the answer of each VNI. `known`: what those of `before` were made of. */
  answer(own: Answers, before: ReadonlyMap<Vni, OwnAddresses>, known: readonly unknown[] | undefined): void {
    const same =
      known?.length === this.ingredients.length && this.ingredients.every((each, i) => each === known[i]);
    const domains = same ? undefined : this.#domains();
    for (const [vni, vlan] of this.#vlanOf) {
      const fresh = domains?.get(vlan);
      const old = before.get(vni);
      const found = old && (!fresh || sameOwn(old, fresh)) ? old : fresh;
      if (found) own.set(vni, found);
    }
  }

  #domains(): Map<number, Domain> {
    const domains = new Map<number, Domain>();
    for (const vlan of this.#vlanOf.values())
      domains.set(vlan, { macs: new Set(), ips: new Set(), subnetEnds: new Set(), subnets: [] });
    for (const put of this.#put) put(domains);
    return domains;
  }
}

function put(
  domain: Domain | undefined,
  mac: Mac | undefined,
  addresses: readonly InterfaceAddress[] | undefined,
): void {
  if (!domain) return;
  if (mac !== undefined && mac !== MAC_ZERO) domain.macs.add(mac);
  if (!addresses) return;
  for (const address of addresses) {
    if (address.state !== 'usable') continue;
    domain.ips.add(address.ip);
    for (const end of subnetEnds(address)) domain.subnetEnds.add(end);
    const { ip, peer = ip, prefixLength } = address;
    if (prefixLength < (isIpv4(ip) ? 32 : 128) && !isLinkLocal(ip))
      domain.subnets.push({ ip: peer, prefixLength });
  }
}

/** A subnet of two addresses or one has none of its own (RFC 3021), nor has a point-to-point link. */
function subnetEnds({ ip, prefixLength, peer }: InterfaceAddress): readonly Ip[] {
  if (!isIpv4(ip) || peer !== undefined || prefixLength === 0 || prefixLength > 30) return [];
  const hostBits = 0xffffffff >>> prefixLength;
  return [((ip & ~hostBits) >>> 0) as Ipv4, ((ip | hostBits) >>> 0) as Ipv4];
}

/** True where both have the same addresses in the same VNIs. */
export function sameOwnAddresses(
  a: ReadonlyMap<Vni, OwnAddresses>,
  b: ReadonlyMap<Vni, OwnAddresses>,
): boolean {
  if (a.size !== b.size) return false;
  for (const [vni, one] of a) {
    const other = b.get(vni);
    if (!other || !sameOwn(one, other)) return false;
  }
  return true;
}

function sameOwn(a: OwnAddresses, b: OwnAddresses): boolean {
  return (
    a === b ||
    (sameSet(a.macs, b.macs) &&
      sameSet(a.ips, b.ips) &&
      sameSet(a.subnetEnds, b.subnetEnds) &&
      sameSubnets(a.subnets, b.subnets))
  );
}

function sameSubnets(a: readonly Subnet[], b: readonly Subnet[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ ip, prefixLength }, i) => ip === b[i].ip && prefixLength === b[i].prefixLength)
  );
}
