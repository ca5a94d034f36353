const WORDS = 4096 / 32;

/** A set of VLAN ids, 0 to 4095, one bit each: a trunk has thousands, and a bridge many trunks. */
export class VlanSet {
  readonly #words = new Uint32Array(WORDS);
  /** Another number after each change. */
  revision = 0;

  /** The ids of the given set, or none. */
  constructor(vlans: Iterable<number> = []) {
    for (const vlan of vlans) this.add(vlan, vlan);
  }

  has(vlan: number): boolean {
    return (this.#words[vlan >> 5] & (1 << (vlan & 31))) !== 0;
  }

  /** Adds `first` to `last`, both included; what is no VLAN id is left out. */
  add(first: number, last: number): void {
    this.revision++;
    for (let vlan = first; vlan <= last && vlan < 4096; vlan++) this.#words[vlan >> 5] |= 1 << (vlan & 31);
  }

  delete(first: number, last: number): void {
    this.revision++;
    for (let vlan = first; vlan <= last && vlan < 4096; vlan++) this.#words[vlan >> 5] &= ~(1 << (vlan & 31));
  }

  /** In ascending order. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < WORDS; i++)
      for (let word = this.#words[i]; word !== 0; word &= word - 1)
        yield i * 32 + 31 - Math.clz32(word & -word);
  }
}
