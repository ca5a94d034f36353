import type { FamilyLocalRib } from '../bgp/index.js';
import type { Topology } from '../dataplane/index.js';
import {
  IPV4_ANY,
  isIpv4,
  isLinkLocal,
  isMartian,
  type PrefixKey,
  type PrefixRule,
  permits,
  prefixAddress,
  prefixLength,
  prefixOf,
} from '../types/index.js';
import type { OriginatedAttributes, Prefix } from '../wire/index.js';

/** What is announced. */
export interface OriginRules {
  readonly networks: readonly PrefixKey[];
  readonly redistributeConnected: readonly PrefixRule[];
}

/** All that we announce leads to our end of the session. */
const OURS: OriginatedAttributes = { nextHop: IPV4_ANY, extendedCommunities: [], pmsiTunnel: undefined };

/** Announces prefixes of ours: those that are configured, and those of networks that the machine is in. */
export class Originator {
  readonly #announced = new Set<PrefixKey>();

  constructor(
    readonly ribs: { readonly ipv4: FamilyLocalRib<Prefix>; readonly ipv6: FamilyLocalRib<Prefix> },
  ) {}

  /** Returns what is announced now. */
  get announced(): ReadonlySet<PrefixKey> {
    return this.#announced;
  }

  /** Announces what is to be announced, and withdraws the rest. */
  update({ networks, redistributeConnected }: OriginRules, topology: Pick<Topology, 'interfaces'>): void {
    const wanted = new Set(networks);
    for (const prefix of connectedPrefixes(topology))
      if (permits(redistributeConnected, prefix)) wanted.add(prefix);
    for (const prefix of this.#announced)
      if (!wanted.has(prefix)) {
        this.#announced.delete(prefix);
        this.#ribOf(prefix).withdraw(nlriOf(prefix));
      }
    for (const prefix of wanted)
      if (!this.#announced.has(prefix)) {
        this.#announced.add(prefix);
        this.#ribOf(prefix).originate(nlriOf(prefix), OURS);
      }
  }

  #ribOf(prefix: PrefixKey): FamilyLocalRib<Prefix> {
    return isIpv4(prefixAddress(prefix)) ? this.ribs.ipv4 : this.ribs.ipv6;
  }
}

function nlriOf(prefix: PrefixKey): Prefix {
  return { type: 0, prefix: prefixAddress(prefix), prefixLength: prefixLength(prefix) };
}

/**
 * The prefixes of the main table's networks on devices that carry frames; addresses of one host are such networks, too. A VRF's
 * are its own.
 */
function* connectedPrefixes({ interfaces }: Pick<Topology, 'interfaces'>): Iterable<PrefixKey> {
  for (const { running, addresses, vrf } of interfaces.values()) {
    if (!running || vrf !== undefined) continue;
    for (const { ip, peer, prefixLength: length, state } of addresses)
      if (state === 'usable' && !isMartian(ip) && !isLinkLocal(ip)) yield prefixOf(peer ?? ip, length);
  }
}
