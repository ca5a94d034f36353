import { type Mac, macFromParts, macHigh16, macLow32 } from './mac.js';
import { hashMac } from './mac-hash.js';

/** Words of each row that hold its MAC: the last four octets, then the first two. */
export const MAC_WORDS = 2;

/** The number below 2^53 that two words hold. */
export function wideNumber(cells: Uint32Array, at: number): number {
  return cells[at + 1] * 0x1_0000_0000 + cells[at];
}

/** Puts a number below 2^53 into two words. */
export function putWideNumber(cells: Uint32Array, at: number, value: number): void {
  cells[at] = value >>> 0;
  cells[at + 1] = value / 0x1_0000_0000;
}

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
  /** How many rows there is room for. */
  #rows = 0;
  /** Where the index begins in `cells`, behind the rows; an entry is a row's number + 1, 0 where the place is empty. */
  #index = 0;
  /** 0 while there is no index. */
  #mask = 0;

  /** `width`: words of each row besides the MAC's. */
  constructor(width: number) {
    this.stride = MAC_WORDS + width;
  }

  /** The number of the MAC's row; -1 for none. */
  find(mac: Mac): number {
    return this.#mask === 0 ? this.#scan(mac) : this.cells[this.#placeOf(mac)] - 1;
  }

  /** The number of the MAC's row, which is made where there is none: such a row is the last, and its words are 0. */
  add(mac: Mac): number {
    if (this.#mask === 0) {
      const found = this.#scan(mac);
      if (found >= 0) return found;
      if (this.size === this.#rows) this.#resize(Math.max(FIRST_ROWS, this.size * 2));
      if (this.#mask !== 0) this.cells[this.#placeOf(mac)] = this.size + 1;
    } else {
      let place = this.#placeOf(mac);
      const entry = this.cells[place];
      if (entry !== 0) return entry - 1;
      if (this.size === this.#rows) {
        this.#resize(this.size * 2);
        place = this.#placeOf(mac);
      }
      this.cells[place] = this.size + 1;
    }
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
    const place = this.#mask === 0 ? -1 : this.#placeOf(mac);
    const row = place < 0 ? this.#scan(mac) : this.cells[place] - 1;
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

  /** The MAC of a row. */
  macOf(row: number): Mac {
    const at = row * this.stride;
    return macFromParts(this.cells[at + 1], this.cells[at]);
  }

  clear(): void {
    this.cells = NOTHING;
    this.#rows = 0;
    this.#index = 0;
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

  /** Where in `cells` the MAC's entry is, or would be. */
  #placeOf(mac: Mac): number {
    const index = this.#index;
    const mask = this.#mask;
    const { cells, stride } = this;
    const lower = macLow32(mac);
    const upper = macHigh16(mac);
    for (let place = hashMac(lower, upper) & mask; ; place = (place + 1) & mask) {
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

  /** The place, from the index's beginning, that a row has where no other was there before it. */
  #home(row: number): number {
    const at = row * this.stride;
    return hashMac(this.cells[at], this.cells[at + 1]) & this.#mask;
  }

  /** Empties a place, and moves up what stands behind it only because it was taken (Knuth 6.4, algorithm R). */
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
