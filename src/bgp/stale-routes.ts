import type { Clock, Timer } from '../types/index.js';
import type { PeerRestart } from './open.js';
import type { Rib } from './rib.js';

/**
 * The receiving speaker's part of graceful restart (RFC 4724 §4.2) for one neighbour: its routes stay when it promised to
 * forward on, until it has said all it knows (End-of-RIB), or its restart time is over, once before and once after it is
 * back.
 */
export class StaleRoutes {
  readonly #clock: Clock;
  readonly #rib: Rib;
  readonly #neighbor: string;
  #timer: Timer | undefined;

  constructor(clock: Clock, rib: Rib, neighbor: string) {
    this.#clock = clock;
    this.#rib = rib;
    this.#neighbor = neighbor;
  }

  /** True while stale routes may stand. */
  get held(): boolean {
    return this.#timer !== undefined;
  }

  /** The session went and the routes stay. */
  begin(restart: PeerRestart): void {
    this.#rib.neighborStale({ neighbor: this.#neighbor });
    this.#await(restart);
  }

  /** The session is back: without the promise kept, nothing stale stays. */
  sessionUp(restart: PeerRestart | undefined): void {
    if (!this.held) return;
    if (restart?.forwardingPreserved === true) this.#await(restart);
    else this.end();
  }

  /** Stale routes go; what was announced anew stays. */
  end(): void {
    if (!this.held) return;
    this.#stopTimer();
    void this.#rib.sweepStale({ neighbor: this.#neighbor });
  }

  /** The session went and its routes with it, stale or not. */
  discard(): void {
    this.#stopTimer();
    void this.#rib.neighborDown({ neighbor: this.#neighbor });
  }

  #await({ restartTime }: PeerRestart): void {
    this.#stopTimer();
    this.#timer = this.#clock.after(restartTime * 1000, () => this.end());
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
