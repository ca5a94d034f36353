import type { Ip } from '../types/index.js';

/** One change of hands of a MAC or an IP, for who asks later why it is where it is. */
export interface Move {
  /** Clock.wallTime(). */
  readonly at: number;
  readonly from: 'none' | 'local' | 'remote';
  readonly to: 'none' | 'local' | 'remote';
  /** The remote leaf that has it now. */
  readonly vtep: Ip | undefined;
  /** The sequence number that it has now. */
  readonly sequence: number;
}

const KEPT = 16;

/** What happened to one MAC or IP lately; most never move and have none of these. */
export class MoveHistory {
  readonly latest: Move[] = [];
  /** Clock.now() of the moves between leaves that may still count for a duplicate, oldest first. */
  readonly counted: number[] = [];
  /** Clock.wallTime() when it was found to be in two places; undefined while it is not. */
  duplicateSince: number | undefined = undefined;
  /** No move is followed until it is cleared. */
  frozen = false;

  record(move: Move): void {
    this.latest.push(move);
    if (this.latest.length > KEPT) this.latest.shift();
  }

  /** Counts a move at `now` and tells how many lie within the last `window` milliseconds. */
  count(now: number, window: number): number {
    this.counted.push(now);
    while (this.counted[0] < now - window) this.counted.shift();
    return this.counted.length;
  }
}
