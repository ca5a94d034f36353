import type { Mac } from '../types/index.js';
import { MacTable } from './mac-table.js';

const FIRST_PLACES = 8;

/**
 * MACs to be looked at, each once, in the order of their marking. A MAC takes 8 octets in a ring and 16 to 32 in the
 * table that knows which are queued; nothing is boxed. An empty queue gives its room back.
 */
export class MacQueue {
  readonly #queued = new MacTable(0);
  /** As long as a power of two. */
  #ring = new Float64Array(0);
  #first = 0;

  get size(): number {
    return this.#queued.size;
  }

  has(mac: Mac): boolean {
    return this.#queued.find(mac) >= 0;
  }

  /** Queues the MAC; one that is queued already keeps its turn. */
  add(mac: Mac): void {
    const size = this.#queued.size;
    if (this.#queued.add(mac) < size) return;
    if (size === this.#ring.length) this.#grow(size);
    this.#ring[(this.#first + size) & (this.#ring.length - 1)] = mac;
  }

  /** Removes and returns the oldest MAC; undefined when none is left. */
  take(): Mac | undefined {
    if (this.#queued.size === 0) return undefined;
    const mac = this.#ring[this.#first] as Mac;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.#queued.remove(mac);
    if (this.#queued.size === 0) {
      this.#first = 0;
      if (this.#ring.length > FIRST_PLACES) this.#ring = new Float64Array(FIRST_PLACES);
    }
    return mac;
  }

  #grow(size: number): void {
    const ring = new Float64Array(Math.max(FIRST_PLACES, size * 2));
    ring.set(this.#ring.subarray(this.#first));
    ring.set(this.#ring.subarray(0, this.#first), size - this.#first);
    this.#ring = ring;
    this.#first = 0;
  }
}
