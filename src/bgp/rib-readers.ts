import type { Clock } from '../types/index.js';
import type { Route } from '../wire/index.js';
import type { RibDestination } from './destination.js';
import { setNote } from './notes.js';
import { Reader, type ReadRib, type Shared } from './rib-reader.js';
import type { RouteTable } from './table.js';

/** A destination has a bit for each reader that has still to take it. */
const MOST = 30;
/** Destinations of which one turn clears what a reader has left behind. */
const SLICE = 512;

/** The readers of a RIB. A destination without a path is in the table for as long as one of them has to take it. */
export class RibReaders<Nlri extends Route> implements ReadRib<Nlri> {
  readonly #clock: Clock;
  readonly #table: RouteTable<Nlri, RibDestination<Nlri>>;
  readonly #neighbors: ReadonlyMap<string, Shared<Nlri>>;
  /** Replaced, never changed: one may leave while it is gone through. */
  #readers: readonly Reader<Nlri>[] = [];
  /** Slots of readers, and of those that have left but whose notes are not cleared yet. */
  readonly #slots = new Set<number>();
  readonly rejudge: (destination: RibDestination<Nlri>) => void;
  readonly relieved: () => void;

  constructor(
    clock: Clock,
    table: RouteTable<Nlri, RibDestination<Nlri>>,
    neighbors: ReadonlyMap<string, Shared<Nlri>>,
    rejudge: (destination: RibDestination<Nlri>) => void,
    relieved: () => void,
  ) {
    this.#clock = clock;
    this.#table = table;
    this.#neighbors = neighbors;
    this.rejudge = rejudge;
    this.relieved = relieved;
  }

  /** A reader that has to look at all that stands. Throws RangeError where there are 30 already. */
  add(): Reader<Nlri> {
    let slot = 0;
    while (this.#slots.has(slot)) slot++;
    if (slot >= MOST) throw new RangeError(`${MOST} readers of one RIB`);
    this.#slots.add(slot);
    const reader = new Reader<Nlri>(this, slot);
    if (this.#table.size > 0) reader.lookAgain();
    this.#readers = [...this.#readers, reader];
    return reader;
  }

  /** True while some reader is so far behind with the neighbor's routes that no more should be read from it. */
  isCongested({ shares }: Shared<Nlri>): boolean {
    for (const share of shares) if (share?.congested === true) return true;
    return false;
  }

  /** The neighbor has changed the destination. */
  mark(neighbor: Shared<Nlri>, destination: RibDestination<Nlri>): void {
    const readers = this.#readers;
    let someWakes = false;
    for (let n = 0; n < readers.length; n++) if (readers[n].mark(neighbor, destination)) someWakes = true;
    this.taken(destination);
    // Once it waits for all of them: one may take it at once
    if (someWakes) for (const reader of readers) reader.wake();
  }

  entries(): Iterator<RibDestination<Nlri>, undefined> {
    return this.#table.entries();
  }

  taken(destination: RibDestination<Nlri>): void {
    if (destination.dirty === 0 && !destination.hasPath) this.#table.remove(destination);
  }

  leave(reader: Reader<Nlri>): void {
    const { slot } = reader;
    if (!this.#readers.includes(reader)) return;
    this.#readers = this.#readers.filter((other) => other !== reader);
    for (const { shares } of this.#neighbors.values()) shares[slot] = undefined;
    this.relieved();
    this.#clear(slot, this.#table.entries());
  }

  /** Clears what was the slot's, a slice a turn; another reader has it then. */
  #clear(slot: number, destinations: Iterator<RibDestination<Nlri>, undefined>): void {
    for (let n = 0; n < SLICE; n++) {
      const next = destinations.next();
      if (next.done === true) {
        this.#slots.delete(slot);
        return;
      }
      next.value.dirty &= ~(1 << slot);
      setNote(next.value, slot, undefined);
      this.taken(next.value);
    }
    this.#clock.soon(() => this.#clear(slot, destinations));
  }
}
