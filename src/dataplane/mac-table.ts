import { hashMac, type Mac, macFromParts, macHigh16, macLow32 } from '../types/index.js';

/** Words of each row that hold its MAC: the last four octets, then the first two. */
export const MAC_WORDS = 2;

const FIRST_ROWS = 4;
/** Room for so many rows needs no index, whose array alone would take more than a few rows do. */
const SCANNED_ROWS = 8;
const NOTHING = new Uint32Array(0);

/**
 * Rows of a fixed number of 32-bit words, one for each MAC, without an object or a boxed number for any: a row takes
 * its words and 8 to 16 octets of index, and a garbage collector that does not look at it takes no time for it.
 *
 * Rows stand one behind the other in `cells`, in no order that counts: the last one takes the place of one that goes.
 * The index is a hash table with linear probing, at most half full, that is closed behind each removal, so that it
 * needs no rebuilding while the size stays. The row numbers that the functions give, and `cells`, are good until the
 * next `add` or `remove`.
 */
export class MacTable {
  /** `stride` words a row, MAC_WORDS of the MAC before the owner's; `add` may put another array in its place. */
  cells = NOTHING;
  readonly stride: number;
  size = 0;
  /** Row number + 1; 0 for an empty place. */
  #index = NOTHING;
  /** 0 while there is no index. */
  #mask = 0;

  /** `width`: words of each row besides the MAC's. */
  constructor(width: number) {
    this.stride = MAC_WORDS + width;
  }

  /** The number of the MAC's row; -1 for none. */
  find(mac: Mac): number {
    return this.#mask === 0 ? this.#scan(mac) : this.#index[this.#placeOf(mac)] - 1;
  }

  /** The number of the MAC's row, which is made where there is none: such a row is the last, and its words are 0. */
  add(mac: Mac): number {
    const found = this.find(mac);
    if (found >= 0) return found;
    if (this.size * this.stride === this.cells.length) this.#resize(Math.max(FIRST_ROWS, this.size * 2));
    if (this.#mask !== 0) this.#index[this.#placeOf(mac)] = this.size + 1;
    const row = this.size++;
    const { cells, stride } = this;
    const at = row * stride;
    cells[at] = macLow32(mac);
    cells[at + 1] = macHigh16(mac);
    for (let word = MAC_WORDS; word < stride; word++) cells[at + word] = 0;
    return row;
  }

  /** Removes the MAC's row and returns the number that it had, which is now that of the last row; -1 for none. */
  remove(mac: Mac): number {
    const row = this.find(mac);
    if (row < 0) return -1;
    if (this.#mask !== 0) this.#close(this.#placeOf(mac));
    const last = --this.size;
    if (row !== last) {
      const { cells, stride } = this;
      if (this.#mask !== 0) this.#index[this.#placeOfRow(last)] = row + 1;
      for (let word = 0; word < stride; word++) cells[row * stride + word] = cells[last * stride + word];
    }
    const rows = this.cells.length / this.stride;
    if (rows > FIRST_ROWS && last < rows / 8) this.#resize(rows / 4);
    return row;
  }

  /** The MAC of a row. */
  macOf(row: number): Mac {
    const at = row * this.stride;
    return macFromParts(this.cells[at + 1], this.cells[at]);
  }

  clear(): void {
    this.cells = NOTHING;
    this.#index = NOTHING;
    this.#mask = 0;
    this.size = 0;
  }

  #scan(mac: Mac): number {
    const { cells, stride } = this;
    const lower = macLow32(mac);
    const upper = macHigh16(mac);
    for (let row = 0; row < this.size; row++)
      if (cells[row * stride] === lower && cells[row * stride + 1] === upper) return row;
    return -1;
  }

  /** Where the MAC is in the index, or would be. */
  #placeOf(mac: Mac): number {
    const index = this.#index;
    const mask = this.#mask;
    const { cells, stride } = this;
    const lower = macLow32(mac);
    const upper = macHigh16(mac);
    for (let place = hashMac(lower, upper) & mask; ; place = (place + 1) & mask) {
      const entry = index[place];
      if (entry === 0) return place;
      const at = (entry - 1) * stride;
      if (cells[at] === lower && cells[at + 1] === upper) return place;
    }
  }

  #placeOfRow(row: number): number {
    let place = this.#home(row);
    while (this.#index[place] !== row + 1) place = (place + 1) & this.#mask;
    return place;
  }

  /** The place that a row has where no other was there before it. */
  #home(row: number): number {
    const at = row * this.stride;
    return hashMac(this.cells[at], this.cells[at + 1]) & this.#mask;
  }

  /** Empties a place, and moves up what stands behind it only because it was taken (Knuth 6.4, algorithm R). */
  #close(place: number): void {
    const index = this.#index;
    const mask = this.#mask;
    let hole = place;
    for (let next = (hole + 1) & mask; index[next] !== 0; next = (next + 1) & mask) {
      const home = this.#home(index[next] - 1);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      index[hole] = index[next];
      hole = next;
    }
    index[hole] = 0;
  }

  #resize(rows: number): void {
    const cells = new Uint32Array(rows * this.stride);
    cells.set(this.cells.subarray(0, this.size * this.stride));
    this.cells = cells;
    if (rows <= SCANNED_ROWS) {
      this.#index = NOTHING;
      this.#mask = 0;
      return;
    }
    const mask = rows * 2 - 1;
    const index = new Uint32Array(rows * 2);
    this.#index = index;
    this.#mask = mask;
    for (let row = 0; row < this.size; row++) {
      let place = this.#home(row);
      while (index[place] !== 0) place = (place + 1) & mask;
      index[place] = row + 1;
    }
  }
}
