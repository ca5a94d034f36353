import {
  domainKey,
  type InterfaceAddress,
  type OwnAddresses,
  type VniAttachment,
} from '../dataplane/index.js';
import { type Ip, MAC_ZERO, type Mac, sameSet, type Vni } from '../types/index.js';
import type { Link } from './link-codec.js';
import type { PortVlans } from './link-table.js';

/** The tables that own addresses are found in. */
export interface AddressTables {
  readonly links: ReadonlyMap<number, Link>;
  readonly vlans: ReadonlyMap<number, PortVlans>;
  readonly addresses: ReadonlyMap<number, readonly InterfaceAddress[]>;
}

/** Kinds of devices that are stations of their own in the network of the device below. */
const STATIONS: ReadonlySet<string> = new Set(['macvlan', 'macvtap', 'ipvlan', 'ipvtap']);

/**
 * The machine's own addresses in the broadcast domain of each VNI: those of the domain's ports, of the bridge and the
 * VLAN devices by which the machine itself takes part in it, and of macvlans and ipvlans on those. Addresses of other
 * devices are strangers there, since nobody in the domain reaches them but through a router. Pure; `sorted` are all
 * links. What is as it was in `before` is the same object.
 */
export function ownAddresses(
  sorted: readonly Link[],
  tables: AddressTables,
  vnis: ReadonlyMap<Vni, VniAttachment>,
  before: ReadonlyMap<Vni, OwnAddresses>,
): Map<Vni, OwnAddresses> {
  const domains = new Domains(vnis);
  const stations = new Stations(sorted, tables);
  for (const link of sorted) {
    const bridge = tables.links.get(link.master);
    if (bridge?.kind === 'bridge')
      for (const domain of domains.of(bridge, tables.vlans.get(link.ifindex)))
        stations.takeDevice(domain, link);
    const vlans = tables.vlans.get(link.ifindex);
    if (link.kind === 'bridge') {
      for (const domain of domains.of(link, vlans)) stations.takeMac(domain, link);
      stations.take(domains.at(link.ifindex, link.vlanFiltering ? (vlans?.pvid ?? 0) : 0), link);
    } else if (link.kind === 'vlan' && tables.links.get(link.lower)?.vlanFiltering)
      stations.take(domains.at(link.lower, link.vlanId), link);
  }
  return domains.answers(before);
}

interface Domain {
  readonly macs: Set<Mac>;
  readonly ips: Set<Ip>;
}

/** The broadcast domains of VNIs, by bridge and VLAN. */
class Domains {
  readonly #byKey = new Map<number, Domain>();
  readonly #byVni = new Map<Vni, Domain>();

  constructor(vnis: ReadonlyMap<Vni, VniAttachment>) {
    for (const { vni, bridgeIfindex, vlanAware, vlan } of vnis.values()) {
      if (bridgeIfindex === 0 || (vlanAware && vlan === 0)) continue;
      const domain = { macs: new Set<Mac>(), ips: new Set<Ip>() };
      this.#byKey.set(domainKey(bridgeIfindex, vlan), domain);
      this.#byVni.set(vni, domain);
    }
  }

  at(bridgeIfindex: number, vlan: number): Domain | undefined {
    return this.#byKey.get(domainKey(bridgeIfindex, vlan));
  }

  /** Those that a port of the bridge with these VLANs is in, or the bridge itself with its own. */
  *of({ ifindex, vlanFiltering }: Link, vlans: PortVlans | undefined): Iterable<Domain> {
    for (const vlan of vlanFiltering ? (vlans?.members ?? []) : [0]) {
      const domain = this.at(ifindex, vlan);
      if (domain) yield domain;
    }
  }

  answers(before: ReadonlyMap<Vni, OwnAddresses>): Map<Vni, OwnAddresses> {
    const own = new Map<Vni, OwnAddresses>();
    for (const [vni, domain] of this.#byVni) {
      const known = before.get(vni);
      own.set(vni, known && sameOwn(known, domain) ? known : domain);
    }
    return own;
  }
}

/** What devices, and those on top of them, bring into a domain. */
class Stations {
  readonly #tables: AddressTables;
  readonly #uppers = new Map<number, Link[]>();

  constructor(sorted: readonly Link[], tables: AddressTables) {
    this.#tables = tables;
    for (const link of sorted) {
      if (link.lower === 0 || !(link.kind === 'vlan' || STATIONS.has(link.kind))) continue;
      const uppers = this.#uppers.get(link.lower);
      if (uppers) uppers.push(link);
      else this.#uppers.set(link.lower, [link]);
    }
  }

  takeMac(domain: Domain, { mac }: Link): void {
    if (mac !== undefined && mac !== MAC_ZERO) domain.macs.add(mac);
  }

  takeDevice(domain: Domain, link: Link): void {
    this.takeMac(domain, link);
    for (const { ip, state } of this.#tables.addresses.get(link.ifindex) ?? [])
      if (state === 'usable') domain.ips.add(ip);
  }

  /** The device takes part in the domain, and so does what stands on it. */
  take(domain: Domain | undefined, link: Link): void {
    if (!domain) return;
    this.takeDevice(domain, link);
    for (const upper of this.#uppers.get(link.ifindex) ?? [])
      if (upper.kind !== 'vlan') this.take(domain, upper);
      // On a bridge that looks at tags it is in a domain of its own
      else if (!link.vlanFiltering) this.#takeTagged(domain, upper);
  }

  /** Frames of the device are in the domain with a tag: its MAC is learned here, its IPs are another network's. */
  #takeTagged(domain: Domain, link: Link): void {
    this.takeMac(domain, link);
    for (const upper of this.#uppers.get(link.ifindex) ?? []) this.#takeTagged(domain, upper);
  }
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
  return a === b || (sameSet(a.macs, b.macs) && sameSet(a.ips, b.ips));
}
