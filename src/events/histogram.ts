/** Upper bounds in seconds: from a tenth of a millisecond, which is quick, to ten seconds, which is a fault. */
export const BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** How long many things took, in seconds: counts by bounds that never change. */
export class Histogram {
  /** How many there were up to each bound and over the one before, and last those beyond all. */
  readonly counts: readonly number[];
  sum = 0;
  count = 0;
  readonly #counts: number[];

  constructor() {
    this.#counts = new Array<number>(BOUNDS.length + 1).fill(0);
    this.counts = this.#counts;
  }

  observe(seconds: number): void {
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]) at++;
    this.#counts[at]++;
    this.sum += seconds;
    this.count++;
  }

  /** Returns a bound in seconds that a share (0 to 1) of them did not exceed; undefined of none, infinite beyond all bounds. */
  quantile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    let left = share * this.count;
    for (const [at, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return BOUNDS[at] ?? Number.POSITIVE_INFINITY;
    }
    return Number.POSITIVE_INFINITY;
  }
}
