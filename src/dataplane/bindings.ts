import type { Ip, Mac } from '../types/index.js';
import { inner } from './nested-map.js';

/** An IP that a host was heard to have. */
export interface Binding {
  readonly mac: Mac;
  /** The host said that it is a router. */
  router: boolean;
  readonly isStatic: false;
  /** Changes whenever the IP comes from elsewhere to this MAC; the same scale as the epochs of the mirror's rows. */
  readonly epoch: number;
}

/** A host that answers for more addresses than this is not believed in further ones. */
export const BINDING_BOUNDS = { perMac: 1024, inAll: 1 << 18 };

/** What a bound keeps out, since it was reached. */
export interface Excess {
  /** Words on further IPs that were not taken; a host that says one again counts again. */
  refused: number;
  /** Where the last one came from. */
  port: number;
}

/**
 * What hosts were heard to have, by broadcast domain (see `domainKey`). Bounded, since anybody behind a port can say
 * anything: a MAC has a limited number of IPs, and so has the table.
 */
export class BindingTable {
  readonly #bindings = new Map<number, Map<Ip, Binding>>();
  readonly #ips = new Map<number, Map<Mac, Set<Ip>>>();
  size = 0;
  /** Bindings that a bound kept out. */
  refused = 0;
  /** What the table's own bound keeps out; undefined while there is room. */
  excess: Excess | undefined;
  /** MACs at their bound, until their last IP goes: few, since each fills its share of the table. */
  readonly #excess = new Map<number, Map<Mac, Excess>>();

  constructor(readonly bounds = BINDING_BOUNDS) {}

  get(domain: number, ip: Ip): Binding | undefined {
    return this.#bindings.get(domain)?.get(ip);
  }

  /** Every IP of the domain. */
  ips(domain: number): Iterable<Ip> {
    return this.#bindings.get(domain)?.keys() ?? [];
  }

  /** Every IP that the MAC has; undefined for none. */
  ipsOf(domain: number, mac: Mac): ReadonlySet<Ip> | undefined {
    return this.#ips.get(domain)?.get(mac);
  }

  /** What the bound of the MAC keeps out; undefined where it was never reached. */
  excessOf(domain: number, mac: Mac): Excess | undefined {
    return this.#excess.get(domain)?.get(mac);
  }

  /** Every MAC of the domain whose bound keeps IPs out. */
  excesses(domain: number): Iterable<[Mac, Excess]> {
    return this.#excess.get(domain) ?? [];
  }

  /** Takes the place of what was known of the IP, as heard on the port; false where a bound keeps it out. */
  put(domain: number, ip: Ip, binding: Binding, port: number): boolean {
    const before = this.get(domain, ip);
    if (before?.mac !== binding.mac) {
      const held = this.#ips.get(domain)?.get(binding.mac)?.size ?? 0;
      if (held >= this.bounds.perMac) {
        const macs = inner(this.#excess, domain);
        macs.set(binding.mac, this.#refuse(macs.get(binding.mac), port));
        return false;
      }
      if (!before && this.size >= this.bounds.inAll) {
        this.excess = this.#refuse(this.excess, port);
        return false;
      }
      this.drop(domain, ip);
    }
    inner(this.#bindings, domain).set(ip, binding);
    const macs = inner(this.#ips, domain);
    const ips = macs.get(binding.mac);
    if (ips) ips.add(ip);
    else macs.set(binding.mac, new Set([ip]));
    if (before?.mac !== binding.mac) this.size++;
    return true;
  }

  /** Forgets the binding and returns it. */
  drop(domain: number, ip: Ip): Binding | undefined {
    const bindings = this.#bindings.get(domain);
    const binding = bindings?.get(ip);
    if (!bindings || !binding) return undefined;
    bindings.delete(ip);
    if (bindings.size === 0) this.#bindings.delete(domain);
    const macs = this.#ips.get(domain);
    const ips = macs?.get(binding.mac);
    if (macs && ips?.delete(ip) && ips.size === 0) {
      macs.delete(binding.mac);
      this.#forgetExcess(domain, binding.mac);
      if (macs.size === 0) this.#ips.delete(domain);
    }
    this.size--;
    this.excess = undefined;
    return binding;
  }

  #refuse(excess: Excess | undefined, port: number): Excess {
    this.refused++;
    if (!excess) return { refused: 1, port };
    excess.refused++;
    excess.port = port;
    return excess;
  }

  #forgetExcess(domain: number, mac: Mac): void {
    const macs = this.#excess.get(domain);
    if (macs?.delete(mac) && macs.size === 0) this.#excess.delete(domain);
  }
}
