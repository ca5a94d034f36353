import {
  hostPrefix,
  type Ip,
  longestMatch,
  type PrefixKey,
  parsePrefix,
  prefixAddress,
  prefixWithout,
  type Secret,
} from '../types/index.js';
import { familyOf } from './neigh-writer.js';
import { ipOf } from './socket-address.js';
import type { TcpSecurity } from './tcp-options.js';

/** The kernel's own, unless net.ipv4.ip_default_ttl says otherwise. */
const USUAL_TTL = 64;

interface Demand {
  readonly prefix: PrefixKey;
  readonly ip: Ip;
  readonly security: TcpSecurity;
}

/**
 * What a listening socket demands of whom: of a peer with an entry of its own that, of others what the longest prefix demands that
 * holds them.
 */
export class PeerDemands {
  readonly #peers: ReadonlyMap<string, TcpSecurity>;
  readonly #ranges: readonly Demand[];

  /** By address, with zone for link-local, or by prefix (`10.2.0.0/16`). Throws ParseError. */
  constructor(peers: ReadonlyMap<string, TcpSecurity>) {
    this.#peers = peers;
    this.#ranges = [...peers].flatMap(([name, security]) =>
      name.includes('/') ? [demandOf(name, security)] : [],
    );
  }

  /** Undefined where nothing is demanded. */
  of(address: string): TcpSecurity | undefined {
    const own = this.#peers.get(address);
    if (own !== undefined || this.#ranges.length === 0) return own;
    return longestMatch(this.#ranges, ipOf(address))?.security;
  }

  /** True where of anybody a TTL is demanded. */
  get checkTtl(): boolean {
    return [...this.#peers.values()].some(({ ttlSecurity }) => ttlSecurity !== undefined);
  }

  /** True where somebody is to be sent packets of a TTL higher than the kernel's own. */
  get answerFar(): boolean {
    return this.checkTtl || [...this.#peers.values()].some(({ ttl = 0 }) => ttl > USUAL_TTL);
  }

  /**
   * The keys of an address family, by prefix. The kernel demands the key of the longest prefix and knows none for which nothing is
   * to be signed, so that the prefixes leave out whoever has no key in a range that has one.
   */
  keys(family: number): ReadonlyMap<PrefixKey, Secret> {
    const demands = [...this.#peers]
      .map(([name, security]) => demandOf(name, security))
      .filter(({ ip }) => familyOf(ip) === family);
    const unsigned = demands.filter(({ security }) => !security.md5Key).map(({ prefix }) => prefix);
    const keys = new Map<PrefixKey, Secret>();
    for (const { prefix, security } of demands)
      if (security.md5Key)
        for (const each of prefixWithout(prefix, unsigned)) keys.set(each, security.md5Key);
    return keys;
  }
}

function demandOf(name: string, security: TcpSecurity): Demand {
  const prefix = name.includes('/') ? parsePrefix(name) : hostPrefix(ipOf(name));
  return { prefix, ip: prefixAddress(prefix), security };
}
