import { type Clock, Fifo, type Timer } from '../types/index.js';

/** A look at a key with more claims than this waits its turn here: some tenths of a millisecond. */
export const CROWD = 256;
/** How long looks go on before others get their turn. */
const SLICE_MS = 1;
/** The looks take at most one part in so many of the time. */
const SHARE = 5;

/**
 * MACs and IPs that many routes claim. A look at one costs what all its claims cost, and each claim that comes asks for
 * a look: with 30,000 routes for one MAC that would be all that the machine does. So these looks have a share of the
 * time, and one look at a key answers all that was said of it meanwhile; keys with few claims never wait for them.
 */
export class CrowdedKeys<Vrf extends object, Entry extends { dirty: boolean }> {
  readonly #clock: Clock;
  readonly #look: (vrf: Vrf, entry: Entry) => void;
  readonly #emptied: () => void;
  readonly #keys = new Fifo<{ readonly vrf: Vrf; readonly entry: Entry }>();
  #timer: Timer | undefined;

  /** `look` is called with what is to be looked at, `emptied` when nothing is left. */
  constructor(clock: Clock, look: (vrf: Vrf, entry: Entry) => void, emptied: () => void) {
    this.#clock = clock;
    this.#look = look;
    this.#emptied = emptied;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The caller has marked the entry as dirty. */
  add(vrf: Vrf, entry: Entry): void {
    this.#keys.push({ vrf, entry });
    this.#timer ??= this.#clock.soon(this.#work);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #work = (): void => {
    const start = this.#clock.now();
    let spent = 0;
    do {
      const key = this.#keys.take();
      if (!key) break;
      key.entry.dirty = false;
      this.#look(key.vrf, key.entry);
      spent = this.#clock.now() - start;
    } while (spent < SLICE_MS);
    this.#timer = this.#keys.size > 0 ? this.#clock.after(spent * (SHARE - 1), this.#work) : undefined;
    if (this.#timer === undefined) this.#emptied();
  };
}
