import { innerMap } from '../tables/index.js';
import type { Ip, Mac } from '../types/index.js';

/** The IP of a host, known from snooping. */
export interface Binding {
  readonly mac: Mac;
  /** True if the host is a router. */
  router: boolean;
  readonly isStatic: false;
  /** Changes whenever the IP comes from elsewhere to this MAC; the same scale as the epochs of the mirror's rows. */
  readonly epoch: number;
}

/** Further addresses of a host that answers for this many are ignored. */
export const BINDING_BOUNDS = { perMac: 1024, inAll: 1 << 18 };

/** Hosts of one broadcast domain at one port, which share a part of the table. */
export class Holder {
  /** Their IPs, longest silent first. */
  readonly ips = new Set<Ip>();

  constructor(
    readonly domain: number,
    readonly port: number,
  ) {}
}

/** Notified when the table has no room. */
export interface BindingObserver {
  /** The MAC is at its limit of IPs. */
  macIsFull(holder: Holder, mac: Mac): void;
  /** The table is full and the holder has the most of it: its new binding was refused, or one of its bindings was dropped for another holder's. */
  holderIsFull(holder: Holder): void;
  /** The binding was dropped. */
  evicted(domain: number, ip: Ip): void;
}

interface Held extends Binding {
  holder: Holder;
}

/**
 * Bindings known from snooping, by broadcast domain (see `domainKey`). Bounded, since a host can claim
 * anything: a MAC has a limited number of IPs, and so has the table. When the table is full, the port and domain with the most
 * bindings gets no more, and gives up its own for others, longest silent first.
 */
export class BindingTable {
  readonly #bindings = new Map<number, Map<Ip, Held>>();
  readonly #ips = new Map<number, Map<Mac, Set<Ip>>>();
  readonly #holders = new Map<number, Map<number, Holder>>();
  /** Has the most while it has more than `#runnerUp`. */
  #largest: Holder | undefined;
  #runnerUp = 0;
  size = 0;
  /** Bindings that a limit kept out, and bindings that were dropped for another holder's. */
  refused = 0;
  evicted = 0;

  constructor(
    readonly observer: BindingObserver,
    readonly bounds = BINDING_BOUNDS,
  ) {}

  get(domain: number, ip: Ip): Binding | undefined {
    return this.#bindings.get(domain)?.get(ip);
  }

  /** Those in which hosts have IPs. */
  domains(): Iterable<number> {
    return this.#bindings.keys();
  }

  /** Every IP of the domain. */
  ips(domain: number): Iterable<Ip> {
    return this.#bindings.get(domain)?.keys() ?? [];
  }

  /** Every IP that the MAC has; undefined for none. */
  ipsOf(domain: number, mac: Mac): ReadonlySet<Ip> | undefined {
    return this.#ips.get(domain)?.get(mac);
  }

  /** Returns how many IPs the hosts of the domain at the port have. */
  heldBy(domain: number, port: number): number {
    return this.#holders.get(domain)?.get(port)?.ips.size ?? 0;
  }

  /** Replaces the binding of the IP by one snooped on the port; false if a limit keeps it out. */
  put(domain: number, ip: Ip, binding: Binding, port: number): boolean {
    const before = this.#bindings.get(domain)?.get(ip);
    const holder = this.#holder(domain, port);
    if (before?.mac !== binding.mac) {
      if ((this.ipsOf(domain, binding.mac)?.size ?? 0) >= this.bounds.perMac) {
        this.refused++;
        this.observer.macIsFull(holder, binding.mac);
        this.#forgetIfEmpty(holder);
        return false;
      }
      if (!before && this.size >= this.bounds.inAll && !this.#makeRoom(holder)) {
        this.refused++;
        this.observer.holderIsFull(holder);
        this.#forgetIfEmpty(holder);
        return false;
      }
    }
    this.drop(domain, ip);
    innerMap(this.#bindings, domain).set(ip, { ...binding, holder });
    const macs = innerMap(this.#ips, domain);
    const ips = macs.get(binding.mac);
    if (ips) ips.add(ip);
    else macs.set(binding.mac, new Set([ip]));
    innerMap(this.#holders, domain).set(port, holder);
    holder.ips.add(ip);
    this.#rank(holder);
    this.size++;
    return true;
  }

  /** The host was heard again with this IP, at that port. */
  heard(domain: number, ip: Ip, port: number): void {
    const held = this.#bindings.get(domain)?.get(ip);
    if (!held) return;
    held.holder.ips.delete(ip);
    if (held.holder.port !== port) {
      this.#forgetIfEmpty(held.holder);
      held.holder = this.#holder(domain, port);
      innerMap(this.#holders, domain).set(port, held.holder);
    }
    held.holder.ips.add(ip);
    this.#rank(held.holder);
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
    binding.holder.ips.delete(ip);
    this.#forgetIfEmpty(binding.holder);
    this.size--;
    return binding;
  }

  #holder(domain: number, port: number): Holder {
    return this.#holders.get(domain)?.get(port) ?? new Holder(domain, port);
  }

  #forgetIfEmpty({ domain, port, ips }: Holder): void {
    const holders = this.#holders.get(domain);
    if (ips.size > 0 || !holders?.delete(port)) return;
    if (holders.size === 0) this.#holders.delete(domain);
  }

  /** False if no holder has more than `holder`. */
  #makeRoom(holder: Holder): boolean {
    const largest = this.#findLargest();
    if (!largest || largest.ips.size <= holder.ips.size + 1) return false;
    for (const ip of largest.ips) {
      this.evicted++;
      this.drop(largest.domain, ip);
      this.observer.holderIsFull(largest);
      this.observer.evicted(largest.domain, ip);
      break;
    }
    return true;
  }

  #rank(holder: Holder): void {
    const { size } = holder.ips;
    if (holder === this.#largest) return;
    if (size > (this.#largest?.ips.size ?? 0)) {
      this.#runnerUp = Math.max(this.#runnerUp, this.#largest?.ips.size ?? 0);
      this.#largest = holder;
    } else this.#runnerUp = Math.max(this.#runnerUp, size);
  }

  /** Searches all holders only if the former largest one has become smaller than another. */
  #findLargest(): Holder | undefined {
    if (this.#largest && this.#largest.ips.size >= this.#runnerUp) return this.#largest;
    this.#largest = undefined;
    this.#runnerUp = 0;
    for (const holders of this.#holders.values()) for (const holder of holders.values()) this.#rank(holder);
    return this.#largest;
  }
}
