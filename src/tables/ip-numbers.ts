import { type Brand, type Ip, type Ipv6, isIpv4 } from '../types/index.js';

/** The number that stands for an IP in one table; another table has another number for the same IPv6 address. */
export type IpNumber = Brand<number, 'IpNumber'>;

/** Lower numbers are IPv4 addresses. */
const FIRST_OF_IPV6 = 0x1_0000_0000;

/**
 * Numbers for the IPs of one table, so that a NumberTable or NumberQueue can hold IPs: an IPv4 address is its own number;
 * an IPv6 address gets one for as long as it is in the table.
 */
export class IpNumbers {
  /** The index of each IPv6 address in `#ips`; many tables never have one. */
  #indexes: Map<Ipv6, number> | undefined;
  /** Entries at free indexes are stale. */
  readonly #ips: Ipv6[] = [];
  readonly #free: number[] = [];

  /** Returns the number of the IP; undefined for an IPv6 address that has none. */
  find(ip: Ip): IpNumber | undefined {
    if (isIpv4(ip)) return ip as number as IpNumber;
    const index = this.#indexes?.get(ip);
    return index === undefined ? undefined : numberAt(index);
  }

  /** Returns the number of the IP; allocates one for an IPv6 address that has none. */
  allocate(ip: Ip): IpNumber {
    if (isIpv4(ip)) return ip as number as IpNumber;
    this.#indexes ??= new Map();
    let index = this.#indexes.get(ip);
    if (index === undefined) {
      index = this.#free.pop() ?? this.#ips.length;
      this.#indexes.set(ip, index);
      this.#ips[index] = ip;
    }
    return numberAt(index);
  }

  /** Frees the number of an IP that has left the table; another IP may get it. */
  free(ip: Ip): void {
    if (isIpv4(ip) || !this.#indexes) return;
    const index = this.#indexes.get(ip);
    if (index === undefined) return;
    this.#indexes.delete(ip);
    this.#free.push(index);
    if (this.#indexes.size > 0) return;
    this.#ips.length = 0;
    this.#free.length = 0;
  }

  /** Returns the IP that the number stands for. */
  ipOf(number: IpNumber): Ip {
    return number < FIRST_OF_IPV6 ? (number as number as Ip) : this.#ips[number - FIRST_OF_IPV6];
  }

  clear(): void {
    this.#indexes = undefined;
    this.#ips.length = 0;
    this.#free.length = 0;
  }
}

function numberAt(index: number): IpNumber {
  return (FIRST_OF_IPV6 + index) as IpNumber;
}
