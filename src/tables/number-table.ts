import { hashNumber } from './number-hash.js';
import { highWord, lowWord, wideNumber } from './wide-number.js';

/** Words of each row that hold its key: the low word, then the high one. */
export const KEY_WORDS = 2;

const FIRST_ROWS = 4;
/** A table with no more room than this has no index: its array alone would take more than a few rows do. */
const SCANNED_ROWS = 8;
const NO_CELLS = new Uint32Array(0);

/**
 * Rows of a fixed number of 32-bit words, one for each key, without an object or a boxed number for any. Keys are whole
 * numbers from 0 to 2^53 - 1: MACs, or the numbers of IpNumbers. A row takes its words and 8 to 16 octets of index; the
 * garbage collector does not look into the array.
 *
 * Rows lie next to each other in `cells`, in no particular order: when a row is removed, the last row moves to its place.
 * The index after them is a hash table with linear probing, at most half full; removal closes the gap, so that a table of
 * constant size is never rebuilt. Row numbers and `cells` are valid until the next `add` or `remove`.
 */
export class NumberTable<Key extends number> {
  /** `stride` words a row, the KEY_WORDS first; `add` and `remove` may replace the array. */
  cells = NO_CELLS;
  readonly stride: number;
  size = 0;
  /** How many rows there is room for. */
  #rows = 0;
  /** Where the index begins in `cells`; an entry is a row's number + 1, 0 where the place is empty. */
  #index = 0;
  /** 0 if there is no index. */
  #mask = 0;

  /** `width`: words of each row besides the key's. */
  constructor(width: number) {
    this.stride = KEY_WORDS + width;
  }

  /** Returns the number of the key's row; -1 if there is none. */
  find(key: Key): number {
    return this.#mask === 0 ? this.#scan(key) : this.cells[this.#placeOf(key)] - 1;
  }

  /** Returns the number of the key's row; creates it if there is none, as the last row, with all other words 0. */
  add(key: Key): number {
    if (this.#mask === 0) {
      const found = this.#scan(key);
      if (found >= 0) return found;
      if (this.size === this.#rows) this.#resize(Math.max(FIRST_ROWS, this.size * 2));
      if (this.#mask !== 0) this.cells[this.#placeOf(key)] = this.size + 1;
    } else {
      let place = this.#placeOf(key);
      const entry = this.cells[place];
      if (entry !== 0) return entry - 1;
      if (this.size === this.#rows) {
        this.#resize(this.size * 2);
        place = this.#placeOf(key);
      }
      this.cells[place] = this.size + 1;
    }
    const row = this.size++;
    const { cells, stride } = this;
    const at = row * stride;
    cells[at] = lowWord(key);
    cells[at + 1] = highWord(key);
    for (let word = KEY_WORDS; word < stride; word++) cells[at + word] = 0;
    return row;
  }

  /** Removes the key's row and returns its number, which the last row has from now on; -1 if there is none. */
  remove(key: Key): number {
    const place = this.#mask === 0 ? -1 : this.#placeOf(key);
    const row = place < 0 ? this.#scan(key) : this.cells[place] - 1;
    if (row < 0) return -1;
    if (place >= 0) this.#close(place);
    const last = --this.size;
    if (row !== last) {
      const { cells, stride } = this;
      if (place >= 0) cells[this.#placeOfRow(last)] = row + 1;
      for (let word = 0; word < stride; word++) cells[row * stride + word] = cells[last * stride + word];
    }
    if (this.#rows > FIRST_ROWS && last < this.#rows / 8) this.#resize(this.#rows / 4);
    return row;
  }

  /**
   * The numbers of all rows, the last first. Rows may come and go meanwhile: one that stays is met, be it for the second time,
   * and one that comes is not; the last row, which fills each gap, has been met.
   */
  *walk(): Iterable<number> {
    for (let row = this.size - 1; row >= 0; row--) {
      if (row >= this.size) row = this.size - 1;
      if (row >= 0) yield row;
    }
  }

  /** Returns the key of a row. */
  keyOf(row: number): Key {
    const at = row * this.stride;
    return wideNumber(this.cells, at) as Key;
  }

  clear(): void {
    this.cells = NO_CELLS;
    this.#rows = 0;
    this.#index = 0;
    this.#mask = 0;
    this.size = 0;
  }

  #scan(key: Key): number {
    const { cells, stride } = this;
    const lower = lowWord(key);
    const upper = highWord(key);
    for (let row = 0; row < this.size; row++)
      if (cells[row * stride] === lower && cells[row * stride + 1] === upper) return row;
    return -1;
  }

  /** Returns where in `cells` the key's index entry is, or would be. */
  #placeOf(key: Key): number {
    const index = this.#index;
    const mask = this.#mask;
    const { cells, stride } = this;
    const lower = lowWord(key);
    const upper = highWord(key);
    for (let place = hashNumber(lower, upper) & mask; ; place = (place + 1) & mask) {
      const entry = cells[index + place];
      if (entry === 0) return index + place;
      const at = (entry - 1) * stride;
      if (cells[at] === lower && cells[at + 1] === upper) return index + place;
    }
  }

  #placeOfRow(row: number): number {
    let place = this.#home(row);
    while (this.cells[this.#index + place] !== row + 1) place = (place + 1) & this.#mask;
    return this.#index + place;
  }

  /** Returns the place that the row's hash gives, counted from the beginning of the index. */
  #home(row: number): number {
    const at = row * this.stride;
    return hashNumber(this.cells[at], this.cells[at + 1]) & this.#mask;
  }

  /** Empties a place, and moves up the entries after it that probing put there (Knuth 6.4, algorithm R). */
  #close(place: number): void {
    const { cells } = this;
    const index = this.#index;
    const mask = this.#mask;
    let hole = place - index;
    for (let next = (hole + 1) & mask; cells[index + next] !== 0; next = (next + 1) & mask) {
      const home = this.#home(cells[index + next] - 1);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      cells[index + hole] = cells[index + next];
      hole = next;
    }
    cells[index + hole] = 0;
  }

  #resize(rows: number): void {
    const places = rows > SCANNED_ROWS ? rows * 2 : 0;
    const cells = new Uint32Array(rows * this.stride + places);
    cells.set(this.cells.subarray(0, this.size * this.stride));
    this.cells = cells;
    this.#rows = rows;
    this.#index = rows * this.stride;
    this.#mask = places === 0 ? 0 : places - 1;
    if (places === 0) return;
    for (let row = 0; row < this.size; row++) {
      let place = this.#home(row);
      while (cells[this.#index + place] !== 0) place = (place + 1) & this.#mask;
      cells[this.#index + place] = row + 1;
    }
  }
}
