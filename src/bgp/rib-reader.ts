import type { EvpnNlri, Route } from '../wire/index.js';
import type { RibDestination } from './destination.js';
import { DirtySet, DirtyShare } from './dirty-set.js';
import { noteIn, setNote } from './notes.js';
import type { Destination } from './route.js';

/** What a reader needs of the RIB that it reads. */
export interface ReadRib<Nlri extends Route> {
  /** Every destination. */
  entries(): Iterator<RibDestination<Nlri>, undefined>;
  /** Judges the paths of the destination anew. */
  rejudge(destination: RibDestination<Nlri>): void;
  /** A reader has taken the destination. */
  taken(destination: RibDestination<Nlri>): void;
  /** A neighbor is congested no more for some reader. */
  relieved(): void;
  leave(reader: Reader<Nlri>): void;
}

/** Where the readers of a RIB keep what one neighbor has changed, by their slots. */
export interface Shared<Nlri extends Route> {
  readonly shares: (DirtyShare<Nlri> | undefined)[];
}

/**
 * A reader of what changes in a RIB, at its own speed: `FamilyRib.subscribe` makes one. It has a dirty set and a note on each
 * destination to itself. A destination whose last path went stays until every reader has taken it, so a reader that does not
 * take has the neighbors held up that announce much.
 */
export class Reader<Nlri extends Route = EvpnNlri> {
  /** Called when the dirty set goes from empty to non-empty. */
  onDirty: (() => void) | undefined;

  readonly #rib: ReadRib<Nlri>;
  #dirty: DirtySet<Nlri>;
  #isToBeWoken = false;
  /** A walk over all destinations, to be looked at again. */
  #again: Iterator<RibDestination<Nlri>, undefined> | undefined = undefined;

  constructor(
    rib: ReadRib<Nlri>,
    /** No other reader of the RIB has it. */
    readonly slot: number,
  ) {
    this.#rib = rib;
    this.#dirty = new DirtySet(1 << slot);
  }

  /** True while takeDirty or takeAgain has something to give. */
  get hasDirty(): boolean {
    return this.#dirty.size > 0 || this.#again !== undefined;
  }

  /** Destinations that changed and were not taken yet. */
  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** The neighbor has changed the destination. True where that is the first of the dirty set. */
  mark({ shares }: Shared<Nlri>, destination: RibDestination<Nlri>): boolean {
    if (this.#dirty.has(destination)) return false;
    let share = shares[this.slot];
    if (share === undefined) {
      share = new DirtyShare();
      shares[this.slot] = share;
    }
    this.#dirty.push(share, destination);
    if (this.#dirty.size > 1) return false;
    this.#isToBeWoken = true;
    return true;
  }

  /** Calls `onDirty` where that is due. */
  wake(): void {
    if (!this.#isToBeWoken) return;
    this.#isToBeWoken = false;
    this.onDirty?.();
  }

  /**
   * At most `max` destinations that changed, the oldest of each neighbor in turn, each of which leaves the set; `sparse`:
   * only of neighbors of whom few wait.
   */
  takeDirty(max: number, sparse = false): Destination<Nlri>[] {
    const taken: RibDestination<Nlri>[] = [];
    while (taken.length < max) {
      const destination = sparse ? this.#dirty.takeSparse(this.#relieved) : this.#dirty.take(this.#relieved);
      if (destination === undefined) break;
      this.#rib.taken(destination);
      taken.push(destination);
    }
    return taken;
  }

  readonly #relieved = (): void => this.#rib.relieved();

  /** Every destination is to be judged and looked at again, by takeAgain: a large table is not queued in one go. */
  lookAgain(): void {
    const hadDirty = this.hasDirty;
    this.#again = this.#rib.entries();
    if (!hadDirty) this.onDirty?.();
  }

  /** At most `max` destinations that are to be looked at again though they did not change; takeDirty has those that did. */
  takeAgain(max: number): Destination<Nlri>[] {
    const taken: RibDestination<Nlri>[] = [];
    while (taken.length < max && this.#again !== undefined) {
      const next = this.#again.next();
      if (next.done === true) this.#again = undefined;
      else {
        this.#rib.rejudge(next.value);
        if (next.value.hasPath && !this.#dirty.has(next.value)) taken.push(next.value);
      }
    }
    return taken;
  }

  /** Returns what this reader noted of the destination last. */
  noteOf(destination: Destination<Nlri>): object | undefined {
    return noteIn(destination, this.slot);
  }

  /** Notes something of the destination: that is cheaper than a table beside the RIB's. The RIB never looks at it. */
  note(destination: Destination<Nlri>, note: object | undefined): void {
    setNote(destination, this.slot, note);
  }

  /** Reads no more, and is of no use from now on. */
  unsubscribe(): void {
    this.onDirty = undefined;
    this.#again = undefined;
    this.#dirty = new DirtySet(0);
    this.#rib.leave(this);
  }
}

/** What whoever reads a RIB has of it. */
export type RibReader<Nlri extends Route = EvpnNlri> = Omit<Reader<Nlri>, 'slot' | 'mark' | 'wake'>;
