import type { Clock, Log, Timer } from '../types/index.js';
import type { SessionRib } from './family-ribs.js';
import type { StaleRoutesStatus } from './neighbor-status.js';
import type { LongLivedRestart, PeerRestart } from './open.js';

/** Milliseconds: a timer of Node's has 31 bits, fewer than the seconds of RFC 9494 want. */
const LONGEST_TIMER = 2_000_000_000;

/**
 * The receiving speaker's part of graceful restart (RFC 4724 §4.2) for one neighbor. Its routes stay when a session ends
 * whose OPEN listed L2VPN/EVPN in the graceful restart capability, whatever the F bit there: that bit is about the
 * neighbor's last restart and not its next one, and GoBGP and FRR clear it in their first OPEN. The F bit of the OPEN with
 * which the neighbor comes back decides whether they stay on, until its End-of-RIB or for another restart time.
 */
export class StaleRoutes {
  readonly #clock: Clock;
  readonly #rib: SessionRib;
  readonly #neighbor: string;
  readonly #log: Log;
  readonly #onEnd: () => void;
  #timer: Timer | undefined;
  /** Clock.wallTime() */
  #until = 0;
  /** The restart time is over (RFC 9494). */
  #isLongLived = false;

  /** `onEnd`: called when those that were kept go, or are stale no more. */
  constructor(clock: Clock, rib: SessionRib, neighbor: string, log: Log, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#clock = clock;
    this.#rib = rib;
    this.#neighbor = neighbor;
    this.#log = log;
  }

  /** Undefined where no stale routes are kept. */
  get status(): StaleRoutesStatus | undefined {
    if (this.#timer === undefined) return undefined;
    return {
      count: this.#rib.staleCount(this.#neighbor),
      until: this.#until,
      isLongLived: this.#isLongLived,
    };
  }

  /** The session went and the routes stay. */
  begin(restart: PeerRestart): void {
    this.#rib.neighborStale({ neighbor: this.#neighbor });
    this.#isLongLived = false;
    this.#await(restart.restartTime, () => this.#age(restart.longLived));
    this.#log.info(
      {
        neighbor: this.#neighbor,
        routes: this.#rib.staleCount(this.#neighbor),
        restartTime: restart.restartTime,
      },
      'routes of a restarting BGP neighbor are kept as stale (RFC 4724)',
    );
  }

  /** The session is back, with what the new OPEN has of EVPN; undefined if it has nothing. */
  sessionUp(restart: PeerRestart | undefined): void {
    if (this.#timer === undefined) return;
    // What is kept for long goes when its time is over, the session back or not
    if (this.#isLongLived && restart?.longLived?.forwardingPreserved === true) return;
    if (!this.#isLongLived && restart?.forwardingPreserved === true)
      this.#await(restart.restartTime, () => this.#end('the restart time is over'));
    else
      this.#end(
        restart === undefined
          ? 'the neighbor came back without graceful restart for EVPN'
          : 'the neighbor came back without its forwarding state',
      );
  }

  /** The neighbor has not come back in time. */
  #age(longLived: LongLivedRestart | undefined): void {
    if (longLived === undefined || longLived.staleTime === 0) {
      this.#end('the restart time is over');
      return;
    }
    const { staleTime } = longLived;
    this.#isLongLived = true;
    this.#await(staleTime, () => this.#end('the long-lived stale time is over'));
    this.#rib.neighborAged({ neighbor: this.#neighbor });
    this.#log.warn(
      { neighbor: this.#neighbor, routes: this.#rib.staleCount(this.#neighbor), staleTime },
      'the restart time of a BGP neighbor is over: its routes are kept as long-lived stale (RFC 9494)',
    );
  }

  /** The neighbor has sent all its routes: what is still stale goes. */
  endOfRib(): void {
    this.#end('End-of-RIB');
  }

  /** The session was ended on purpose: what is still stale goes. */
  stop(): void {
    this.#end('the session was ended');
  }

  /** The neighbor, whose forwarding is watched, does not forward. */
  pathFailed(): void {
    this.#end('BFD has failed, which the neighbor does not restart with its control plane');
  }

  /** The session went and its routes with it, stale or not. */
  discard(): void {
    this.#stopTimer();
    void this.#rib.neighborDown({ neighbor: this.#neighbor });
  }

  /** Those that are kept go; harmless where none are. */
  makeRoom(): void {
    this.#end('all routes together take too much memory');
  }

  #end(reason: string): void {
    if (this.#timer === undefined) return;
    this.#stopTimer();
    const routes = this.#rib.staleCount(this.#neighbor);
    this.#log.info(
      { neighbor: this.#neighbor, routes, reason },
      'stale routes of a BGP neighbor are removed (RFC 4724)',
    );
    void this.#rib.sweepStale({ neighbor: this.#neighbor });
    this.#onEnd();
  }

  #await(seconds: number, over: () => void): void {
    this.#stopTimer();
    const milliseconds = seconds * 1000;
    this.#until = this.#clock.wallTime() + milliseconds;
    const wait = Math.min(milliseconds, LONGEST_TIMER);
    this.#timer = this.#clock.after(wait, () => {
      if (wait === milliseconds) over();
      else this.#await(seconds - wait / 1000, over);
    });
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
