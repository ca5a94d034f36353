/** Returns a number with its noun: `1 route`, `2 routes`, or with an irregular plural `2 addresses`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Octets as the nearest whole number of MiB. */
export function mebibytes(octets: number): number {
  return Math.round(octets / (1 << 20));
}
