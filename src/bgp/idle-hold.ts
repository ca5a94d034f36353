const FIRST_MILLISECONDS = 1000;
const LAST_MILLISECONDS = 60_000;
/** A session that stood this long was no oscillation. */
const STABLE_MILLISECONDS = 60_000;

/**
 * How long a neighbour stays in Idle after an error (RFC 4271 §8.1.1, DampPeerOscillations): one second, doubling to a
 * minute while sessions do not last.
 */
export class IdleHold {
  #milliseconds = FIRST_MILLISECONDS;

  /** The time to hold now. A passive neighbour begins nothing itself, so it is never held long. */
  next(passive: boolean): number {
    const milliseconds = this.#milliseconds;
    this.#milliseconds = Math.min(milliseconds * 2, LAST_MILLISECONDS);
    return passive ? FIRST_MILLISECONDS : milliseconds;
  }

  /** A session that was established ended after this time. */
  sessionEnded(milliseconds: number): void {
    if (milliseconds >= STABLE_MILLISECONDS) this.reset();
  }

  reset(): void {
    this.#milliseconds = FIRST_MILLISECONDS;
  }
}
