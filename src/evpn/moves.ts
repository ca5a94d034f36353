import type { Ip } from '../types/index.js';
import type { Owner } from './mobility.js';

/** One move of a MAC or an IP, which `explain` shows later. */
export interface Move {
  /** Clock.wallTime(). */
  readonly at: number;
  readonly from: Owner;
  readonly to: Owner;
  /** The remote leaf that had it before. */
  readonly fromVtep: Ip | undefined;
  /** The remote leaf that has it now. */
  readonly vtep: Ip | undefined;
  /** The sequence number that it has now. */
  readonly sequence: number;
}

const KEPT = 16;
/** As many as a configuration can ask for. */
const COUNTED = 1000;

/** What happened to one MAC or IP lately; most never move and have none of these. */
export class MoveHistory {
  /** Made of its first item, like the other: a list that grows keeps room for 16 more, and who moves mostly moves once. */
  #latest: Move[] | undefined;
  #counted: number[] | undefined;
  /** Clock.wallTime() when it was found to be in two places; undefined while it is not. */
  duplicateSince: number | undefined = undefined;
  /** No other leaf gets it until it is cleared. */
  frozen = false;
  /** Of a frozen MAC: the remote VTEP that it is frozen at; undefined where that is this leaf. */
  frozenAt: Ip | undefined = undefined;

  /** The latest moves, oldest first. */
  get latest(): readonly Move[] {
    return this.#latest ?? [];
  }

  /** Returns where it was after the latest move, or before it where that was from there to nowhere. */
  get lastPlace(): { readonly owner: 'local' | 'remote'; readonly vtep: Ip | undefined } | undefined {
    const move = this.#latest?.at(-1);
    if (!move) return undefined;
    if (move.to !== 'none') return { owner: move.to, vtep: move.vtep };
    return move.from === 'none' ? undefined : { owner: move.from, vtep: move.fromVtep };
  }

  record(move: Move): void {
    if (this.#latest === undefined) {
      this.#latest = [move];
      return;
    }
    this.#latest.push(move);
    if (this.#latest.length > KEPT) this.#latest.shift();
  }

  /** Counts a move at `now`, of Clock.now(), and returns how many lie within the last `window` milliseconds. */
  count(now: number, window: number): number {
    const counted = this.#counted;
    if (counted === undefined) {
      this.#counted = [now];
      return 1;
    }
    counted.push(now);
    while (counted[0] < now - window || counted.length > COUNTED) counted.shift();
    return counted.length;
  }

  /** No move so far counts any more. */
  forgetCounted(): void {
    this.#counted = undefined;
  }
}
