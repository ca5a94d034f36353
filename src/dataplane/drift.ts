import type { Vni } from '../types/index.js';

/** A row of ours that somebody else changed or removed, and that was put right. */
export interface Drift {
  /** Clock.wallTime() when it was noticed. */
  readonly at: number;
  readonly vni: Vni;
  readonly table: 'mac' | 'flood' | 'neigh';
  /** The MAC or IP in text. */
  readonly key: string;
  readonly found: string;
}

const KEPT = 1000;

/** The latest drifts, oldest first, and how many there were in all. */
export class DriftLog {
  readonly #kept: Drift[] = [];
  total = 0;

  add(drift: Drift): void {
    this.total++;
    this.#kept.push(drift);
    // Trimmed by half, so that a storm costs no shift a row
    if (this.#kept.length > 2 * KEPT) this.#kept.splice(0, KEPT);
  }

  latest(): readonly Drift[] {
    return this.#kept.slice(-KEPT);
  }
}
