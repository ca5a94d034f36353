import { MAC_WORDS, type Mac, MacTable } from '../types/index.js';

const FIRST_PLACES = 8;

/** What a MAC's word says. */
const WAITING = 0;
const TAKEN = 1;
const TAKEN_AND_MARKED = 2;

/**
 * MACs to be looked at, each once, in the order of their marking, without an object or a boxed number. One that was taken
 * is its taker's until it is released; marked meanwhile, it waits for that. A MAC takes 8 octets in a ring and 20 to 36 in
 * the table that knows which are queued. An empty queue gives its room back.
 */
export class MacQueue {
  readonly #known = new MacTable(1);
  /** As long as a power of two. */
  #ring = new Float64Array(0);
  #first = 0;
  #waiting = 0;

  /** How many wait to be taken. */
  get size(): number {
    return this.#waiting;
  }

  /** None waits, and none is taken. */
  get isIdle(): boolean {
    return this.#known.size === 0;
  }

  /** It waits or is taken. */
  has(mac: Mac): boolean {
    return this.#known.find(mac) >= 0;
  }

  /** Queues the MAC; one that waits already keeps its turn. */
  add(mac: Mac): void {
    const known = this.#known;
    const size = known.size;
    const row = known.add(mac);
    if (row >= size) this.#push(mac);
    else if (known.cells[row * known.stride + MAC_WORDS] === TAKEN)
      known.cells[row * known.stride + MAC_WORDS] = TAKEN_AND_MARKED;
  }

  /** Takes the oldest MAC; undefined when none waits. */
  take(): Mac | undefined {
    if (this.#waiting === 0) return undefined;
    const mac = this.#ring[this.#first] as Mac;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    const known = this.#known;
    known.cells[known.find(mac) * known.stride + MAC_WORDS] = TAKEN;
    if (--this.#waiting === 0) {
      this.#first = 0;
      if (this.#ring.length > FIRST_PLACES) this.#ring = new Float64Array(FIRST_PLACES);
    }
    return mac;
  }

  /** Gives a MAC back that was taken; true where it was marked meanwhile, so that it waits again. */
  release(mac: Mac): boolean {
    const known = this.#known;
    const row = known.find(mac);
    if (row < 0) return false;
    const at = row * known.stride + MAC_WORDS;
    if (known.cells[at] === TAKEN_AND_MARKED) {
      known.cells[at] = WAITING;
      this.#push(mac);
      return true;
    }
    known.remove(mac);
    return false;
  }

  #push(mac: Mac): void {
    if (this.#waiting === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#waiting++) & (this.#ring.length - 1)] = mac;
  }

  #grow(): void {
    const ring = new Float64Array(Math.max(FIRST_PLACES, this.#waiting * 2));
    ring.set(this.#ring.subarray(this.#first));
    ring.set(this.#ring.subarray(0, this.#first), this.#waiting - this.#first);
    this.#ring = ring;
    this.#first = 0;
  }
}
