import { type Ip, type Ipv6, isIpv4, type Mac } from '../types/index.js';

/** IPv4 addresses are the numbers below. */
const FIRST_OF_IPV6 = 0x1_0000_0000;

/**
 * Numbers for IP addresses, so that the tables of MACs, which take any number of 48 bits, can hold rows of IPs: an IPv4
 * address is one, and an IPv6 address is given one for as long as it is in the table. Each table has its own IpKeys.
 */
export class IpKeys {
  /** The number of each IPv6 address, from 0; many tables never have one. */
  #numbers: Map<Ipv6, number> | undefined;
  /** By the same numbers; what stands at one that is free counts for nothing. */
  readonly #ips: Ipv6[] = [];
  readonly #free: number[] = [];

  /** The key of the IP; undefined for an IPv6 address without one. */
  find(ip: Ip): Mac | undefined {
    if (isIpv4(ip)) return ip as number as Mac;
    const number = this.#numbers?.get(ip);
    return number === undefined ? undefined : keyOf(number);
  }

  /** The key of the IP, which an IPv6 address without one is given. */
  give(ip: Ip): Mac {
    if (isIpv4(ip)) return ip as number as Mac;
    this.#numbers ??= new Map();
    let number = this.#numbers.get(ip);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#ips.length;
      this.#numbers.set(ip, number);
      this.#ips[number] = ip;
    }
    return keyOf(number);
  }

  /** The IP is in the table no more: its key may become another's. */
  drop(ip: Ip): void {
    if (isIpv4(ip) || !this.#numbers) return;
    const number = this.#numbers.get(ip);
    if (number === undefined) return;
    this.#numbers.delete(ip);
    this.#free.push(number);
    if (this.#numbers.size > 0) return;
    this.#ips.length = 0;
    this.#free.length = 0;
  }

  /** The IP whose key it is. */
  ipOf(key: Mac): Ip {
    return key < FIRST_OF_IPV6 ? (key as number as Ip) : this.#ips[key - FIRST_OF_IPV6];
  }

  clear(): void {
    this.#numbers = undefined;
    this.#ips.length = 0;
    this.#free.length = 0;
  }
}

function keyOf(number: number): Mac {
  return (FIRST_OF_IPV6 + number) as Mac;
}
