import { emptyList } from '../types/index.js';

/** What can stand in an EntryOrder. */
export interface Ordered {
  /** Grows with every entry that is made. */
  readonly serial: number;
  /** Written by the order alone. */
  place: number;
}

/** With fewer holes nothing is moved. */
const COMPACT_FROM = 64;

/**
 * Entries in the order in which they were made, as a Set would hold them, for less: an entry knows its place, and what goes
 * leaves a hole until half of all are holes. A walk may be interrupted by changes: it brings each entry that stands when it
 * comes there, those that were added meanwhile included.
 */
export class EntryOrder<Entry extends Ordered> {
  readonly #entries = emptyList<Entry | undefined>();
  #holes = 0;
  /** How often places were changed. */
  #moves = 0;

  add(entry: Entry): void {
    entry.place = this.#entries.length;
    this.#entries.push(entry);
  }

  /** Takes away an entry that stands here. */
  delete(entry: Entry): void {
    this.#entries[entry.place] = undefined;
    this.#holes++;
    if (this.#holes >= COMPACT_FROM && this.#holes * 2 >= this.#entries.length) this.#compact();
  }

  *values(): IterableIterator<Entry> {
    let moves = this.#moves;
    let serial = 0;
    let place = 0;
    for (;;) {
      // Before the end is announced, which may have come nearer
      if (moves !== this.#moves) {
        moves = this.#moves;
        place = this.#placeBehind(serial);
      }
      if (place >= this.#entries.length) return;
      const entry = this.#entries[place++];
      if (entry === undefined) continue;
      serial = entry.serial;
      yield entry;
    }
  }

  #placeBehind(serial: number): number {
    const place = this.#entries.findIndex((entry) => entry !== undefined && entry.serial > serial);
    return place < 0 ? this.#entries.length : place;
  }

  #compact(): void {
    let kept = 0;
    for (const entry of this.#entries) {
      if (entry === undefined) continue;
      entry.place = kept;
      this.#entries[kept++] = entry;
    }
    this.#entries.length = kept;
    this.#holes = 0;
    this.#moves++;
  }
}
