import {
  addressOf,
  nextHopAddress,
  nextHopZone,
  type Path,
  type PathSource,
  sourceAddress,
  zoneOf,
} from '../bgp/index.js';
import type { Hop, Topology } from '../dataplane/index.js';
import {
  type Ip,
  isLinkLocal,
  isMartian,
  isWithin,
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

/** Why a next hop is of no use. */
export type Unreachable = 'martian' | 'our-own-address' | 'not-connected';

/** Answers that are kept: a neighbor may give any number of next hops. */
const MOST_ANSWERS = 4096;

/** The networks that the machine is in, by its devices that carry frames. */
export class Reach {
  readonly #networks: { readonly ip: Ip; readonly length: number; readonly ifindex: number }[] = [];
  /** Those that have a zone with the name of their device. */
  readonly #ours = new Set<Ip | string>();
  readonly #byName = new Map<string, number>();
  readonly #answers = new Map<Ip | string, Hop | Unreachable>();
  /** The prefixes of the networks, and of addresses that are in none. */
  readonly connected = new Set<PrefixKey>();

  constructor({ interfaces }: Pick<Topology, 'interfaces'>) {
    for (const [ifindex, { name, running, addresses }] of interfaces) {
      if (running) this.#byName.set(name, ifindex);
      for (const { ip, peer, prefixLength: length, state } of addresses) {
        if (state !== 'usable') continue;
        this.#ours.add(needsZone(ip) ? `${ip}%${name}` : ip);
        if (!running || isMartian(ip) || needsZone(ip)) continue;
        this.#networks.push({ ip: peer ?? ip, length, ifindex });
        this.connected.add(prefixOf(peer ?? ip, length));
      }
    }
    this.#networks.sort((a, b) => b.length - a.length);
  }

  /** Returns how the next hop is reached, or why it is not. A next hop must be connected: nothing is looked up in BGP's own routes. */
  resolve(nextHop: NextHop): Hop | Unreachable {
    const key = keyOf(nextHop);
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#find(nextHop);
      if (this.#answers.size === MOST_ANSWERS) this.#answers.clear();
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #find({ ip, zone }: NextHop): Hop | Unreachable {
    if (isMartian(ip)) return 'martian';
    if (this.#ours.has(needsZone(ip) ? `${ip}%${zone}` : ip)) return 'our-own-address';
    if (needsZone(ip)) {
      const ifindex = this.#byName.get(zone);
      return ifindex === undefined ? 'not-connected' : { ifindex, gateway: ip };
    }
    const network = this.#networkOf(ip);
    return network === undefined ? 'not-connected' : { ifindex: network, gateway: ip };
  }

  #networkOf(ip: Ip): number | undefined {
    for (const { ip: network, length, ifindex } of this.#networks)
      if (isWithin(ip, network, length)) return ifindex;
    return undefined;
  }
}

/** True for a prefix that no router announces: of this host, multicast, link-local. */
export function isUnusable(prefix: PrefixKey, address: Ip): boolean {
  return prefixLength(prefix) > 0 && (isMartian(address) || isLinkLocal(address));
}
