import { type Clock, Fifo, type Timer } from '../types/index.js';

/** A look at a key with more claims than this waits its turn here. */
export const CROWD = 256;
/** How long looks go on before others get their turn. */
const SLICE_MS = 1;
/** The looks take at most one part in so many of the time. */
const SHARE = 5;
/** Walks over a key's claims that are begun anew since one of these changed meanwhile; the one after them has to do. */
const MOST_ANEW = 3;

/** A look at one key. */
export interface Look {
  /** Goes on with the walk over its claims for a small part of a millisecond; true while there are more. */
  step(): boolean;
  /** The walk is over: decides. */
  end(): void;
}

interface Key<Vrf, Entry> {
  readonly vrf: Vrf;
  readonly entry: Entry;
}

/**
 * MACs and IPs that many routes claim. A look at one costs what all its claims cost, and each claim that comes asks for
 * a look: with 30,000 routes for one MAC that would be all that the machine does. So these looks have a share of the
 * time, of which none takes much at once, and one look at a key covers all that changed of it meanwhile; keys with few
 * claims never wait for them.
 */
export class CrowdedKeys<Vrf extends object, Entry extends { dirty: boolean }> {
  readonly #clock: Clock;
  readonly #begin: (vrf: Vrf, entry: Entry) => Look;
  readonly #emptied: () => void;
  readonly #keys = new Fifo<Key<Vrf, Entry>>();
  #key: Key<Vrf, Entry> | undefined;
  #look: Look | undefined;
  /** A claim of the key changed since the walk over its claims began. */
  #isDirty = false;
  #begunAnew = 0;
  /** Runs also where no key waits, until the looks have had no more than their share: claims of one key come a few a turn. */
  #timer: Timer | undefined;

  /** `begin` is called with what is to be looked at, `emptied` when nothing is left. */
  constructor(clock: Clock, begin: (vrf: Vrf, entry: Entry) => Look, emptied: () => void) {
    this.#clock = clock;
    this.#begin = begin;
    this.#emptied = emptied;
  }

  get size(): number {
    return this.#keys.size + (this.#key ? 1 : 0);
  }

  /** The caller has marked the entry as dirty. */
  add(vrf: Vrf, entry: Entry): void {
    if (this.#key?.entry === entry) this.#isDirty = true;
    else this.#keys.push({ vrf, entry });
    this.#timer ??= this.#clock.soon(this.#work);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #work = (): void => {
    const start = this.#clock.now();
    const most = this.#clock.sliceEnd(SLICE_MS) - start;
    let spent = 0;
    while (spent < most && this.#step()) spent = this.#clock.now() - start;
    this.#timer = spent > 0 ? this.#clock.after(spent * (SHARE - 1), this.#rested) : undefined;
    if (this.size === 0) this.#emptied();
  };

  readonly #rested = (): void => {
    if (this.size > 0) this.#work();
    else this.#timer = undefined;
  };

  /** A step of one look; false where there was none to take. */
  #step(): boolean {
    this.#look ??= this.#next();
    const key = this.#key;
    if (!this.#look || !key) return false;
    if (this.#look.step()) return true;
    if (this.#isDirty && this.#begunAnew < MOST_ANEW) {
      this.#begunAnew++;
      this.#look = this.#lookAt(key);
      return true;
    }
    const look = this.#look;
    const isDirty = this.#isDirty;
    this.#look = undefined;
    this.#key = undefined;
    this.#isDirty = false;
    this.#begunAnew = 0;
    // What changes while it decides is queued behind it, as what changed before was
    if (isDirty) this.#keys.push(key);
    look.end();
    return true;
  }

  #next(): Look | undefined {
    this.#key = this.#keys.take();
    return this.#key && this.#lookAt(this.#key);
  }

  #lookAt(key: Key<Vrf, Entry>): Look {
    key.entry.dirty = false;
    this.#isDirty = false;
    return this.#begin(key.vrf, key.entry);
  }
}
