import { type Ip, isIpv4, type PrefixKey, prefixLength } from '../types/index.js';

/** How many prefixes of a table have which length, so that a longest match asks for those lengths alone that occur. */
export class PrefixLengths {
  readonly #counts4 = new Uint32Array(33);
  readonly #counts6 = new Uint32Array(129);
  #lengths4: readonly number[] = [];
  #lengths6: readonly number[] = [];

  /** The table has one prefix more. */
  add(prefix: PrefixKey): void {
    const counts = this.#countsOf(prefix);
    if (counts[prefixLength(prefix)]++ === 0) this.#list(counts);
  }

  /** The table has one prefix less. */
  remove(prefix: PrefixKey): void {
    const counts = this.#countsOf(prefix);
    if (--counts[prefixLength(prefix)] === 0) this.#list(counts);
  }

  /** The lengths of the prefixes of the address's family, the longest first. */
  of(ip: Ip): readonly number[] {
    return isIpv4(ip) ? this.#lengths4 : this.#lengths6;
  }

  #countsOf(prefix: PrefixKey): Uint32Array {
    return typeof prefix === 'number' ? this.#counts4 : this.#counts6;
  }

  #list(counts: Uint32Array): void {
    const lengths: number[] = [];
    for (let length = counts.length - 1; length >= 0; length--) if (counts[length] > 0) lengths.push(length);
    if (counts === this.#counts4) this.#lengths4 = lengths;
    else this.#lengths6 = lengths;
  }
}
