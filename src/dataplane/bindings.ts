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
const PER_MAC = 1024;
const IN_ALL = 1 << 18;

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

  /** Takes the place of what was known of the IP; false where a bound keeps it out. */
  put(domain: number, ip: Ip, binding: Binding): boolean {
    const before = this.get(domain, ip);
    if (before?.mac !== binding.mac) {
      const held = this.#ips.get(domain)?.get(binding.mac)?.size ?? 0;
      if (held >= PER_MAC || (!before && this.size >= IN_ALL)) {
        this.refused++;
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
      if (macs.size === 0) this.#ips.delete(domain);
    }
    this.size--;
    return binding;
  }
}
