import {
  addressOf,
  nextHopAddress,
  nextHopZone,
  type Path,
  type PathSource,
  sourceAddress,
  zoneOf,
} from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import { PrefixLengths } from '../tables/index.js';
import {
  type Ip,
  isLinkLocal,
  isMartian,
  needsZone,
  type PrefixKey,
  prefixLength,
  prefixOf,
} from '../types/index.js';
import type { Prefix } from '../wire/index.js';

/** A BGP next hop as a neighbor gave it. */
export interface NextHop {
  readonly ip: Ip;
  /** The name of the device that it is on where it is in fe80::/10; else empty. */
  readonly zone: string;
}

/** The next hop of a path. */
export function nextHopOf(path: Pick<Path<Prefix>, 'attributes' | 'source'>): NextHop {
  return { ip: nextHopAddress(path), zone: nextHopZone(path) };
}

/** The next hop that the paths of a neighbor have which names itself. */
export function nextHopAt(source: PathSource): NextHop {
  const address = sourceAddress(source);
  const ip = addressOf(address);
  return { ip, zone: needsZone(ip) ? zoneOf(address) : '' };
}

/** The next hop as a key: no IPv6 address is longer than its octets. */
export function keyOf({ ip, zone }: NextHop): Ip | string {
  return zone === '' ? ip : `${ip}%${zone}`;
}

/** The networks of the main table, or of one VRF's, that the machine is in, by its devices that carry frames. */
export class Reach {
  readonly #networks = new Map<PrefixKey, number>();
  readonly #lengths = new PrefixLengths();
  /** Those that have a zone with the name of their device. */
  readonly #ours = new Set<Ip | string>();
  readonly #byName = new Map<string, number>();
  readonly #running = new Set<number>();

  /** `of`: the ifindex of the VRF; undefined for the main table. */
  constructor({ interfaces }: Pick<Topology, 'interfaces'>, of?: number) {
    for (const [ifindex, { name, running, addresses, vrf }] of interfaces) {
      if (of !== undefined && vrf !== of) continue;
      if (running) {
        this.#byName.set(name, ifindex);
        this.#running.add(ifindex);
      }
      for (const { ip, peer, prefixLength: length, state } of addresses) {
        if (state !== 'usable') continue;
        this.#ours.add(needsZone(ip) ? `${ip}%${name}` : ip);
        if (!running || vrf !== of || isMartian(ip) || needsZone(ip)) continue;
        const prefix = prefixOf(peer ?? ip, length);
        if (this.#networks.has(prefix)) continue;
        this.#networks.set(prefix, ifindex);
        this.#lengths.add(prefix);
      }
    }
  }

  /** The prefixes of the networks, and of addresses that are in none. */
  get connected(): ReadonlyMap<PrefixKey, number> {
    return this.#networks;
  }

  /** The lengths of the networks of the address's family, the longest first. */
  lengths(ip: Ip): readonly number[] {
    return this.#lengths.of(ip);
  }

  /** The device of the very network. */
  networkOf(prefix: PrefixKey): number | undefined {
    return this.#networks.get(prefix);
  }

  /** The device with this name, if it carries frames. */
  deviceOf(name: string): number | undefined {
    return this.#byName.get(name);
  }

  isRunning(ifindex: number): boolean {
    return this.#running.has(ifindex);
  }

  isOurs({ ip, zone }: NextHop): boolean {
    return this.#ours.has(needsZone(ip) ? `${ip}%${zone}` : ip);
  }
}

/** True for a prefix that no router announces: of this host, multicast, link-local. */
export function isUnusable(prefix: PrefixKey, address: Ip): boolean {
  return prefixLength(prefix) > 0 && (isMartian(address) || isLinkLocal(address));
}
