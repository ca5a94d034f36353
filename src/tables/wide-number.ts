/** Returns the last 32 bits of a whole number from 0 to 2^53 - 1, unsigned. */
export function lowWord(value: number): number {
  return value >>> 0;
}

/** Returns the bits above the last 32 of a whole number from 0 to 2^53 - 1. */
export function highWord(value: number): number {
  return Math.floor(value / 0x1_0000_0000);
}

/** Returns the number that two words hold, the low word first. */
export function wideNumber(cells: Uint32Array, at: number): number {
  return cells[at + 1] * 0x1_0000_0000 + cells[at];
}

/** Writes a whole number from 0 to 2^53 - 1 into two words, the low word first. */
export function putWideNumber(cells: Uint32Array, at: number, value: number): void {
  cells[at] = value >>> 0;
  cells[at + 1] = value / 0x1_0000_0000;
}
