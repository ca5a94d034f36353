import type { Clock, Log } from '../types/index.js';
import type { SessionRib } from './family-ribs.js';
import { LongTimer } from './long-timer.js';
import type { OlderStale } from './neighbor-routes.js';
import type { StaleRoutesStatus } from './neighbor-status.js';
import type { LongLivedRestart, PeerRestart } from './peer-restart.js';

/** Seconds (RFC 8538 §4.1). */
const STALE_TIME = 180;

/**
 * The receiving speaker's part of graceful restart (RFC 4724 §4.2) for one neighbor and family. Its routes stay when a session ends
 * whose OPEN listed the family in the graceful restart capability, whatever the F bit there: that bit is about the
 * neighbor's last restart and not its next one, and GoBGP and FRR clear it in their first OPEN. The F bit of the OPEN with
 * which the neighbor comes back decides whether they stay on, until its End-of-RIB or for the stale time. If it goes before that,
 * what it has not told again goes too, unless both keep routes over a NOTIFICATION: then the stale time runs on (RFC 8538 §4.1).
 *
 * Where both keep routes for long (RFC 9494 §4.2), those that the neighbor has not told again within its restart time become the last
 * resort, and so do those that it has not told again before it went once more: its restart time was for coming back, which it
 * had done. The time for which they are kept then runs on, over as many sessions as it may be, until one brings its End-of-RIB.
 */
export class StaleRoutes {
  readonly #clock: Clock;
  readonly #rib: SessionRib;
  readonly #neighbor: string;
  readonly #log: Log;
  readonly #onEnd: () => void;
  /** Runs for the restart time, while there is no session. */
  readonly #restart: LongTimer;
  /** Runs for the stale time, from the return of the neighbor on. */
  readonly #stale: LongTimer;
  /** Runs for the long-lived stale time. */
  readonly #longLived: LongTimer;
  #isUp = false;
  #areKept = false;
  /** Routes that were about to go when the latest removal began; 0 where it is over. */
  #leaving = 0;
  #gone: Promise<void> | undefined;
  /** The long-lived stale time was over before the session that stands had brought its End-of-RIB. */
  #isOverdue = false;

  /** `onEnd`: called when those that were kept go, or are stale no more. */
  constructor(clock: Clock, rib: SessionRib, neighbor: string, log: Log, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#clock = clock;
    this.#rib = rib;
    this.#neighbor = neighbor;
    this.#log = log;
    this.#restart = new LongTimer(clock);
    this.#stale = new LongTimer(clock);
    this.#longLived = new LongTimer(clock);
  }

  /**
   * How many routes that a session before has left count for no limit: those that are kept, and those that go, which takes a while.
   * Of the latter no more than there were at first: what a refresh has not told again is stale too, and counts (RFC 7313).
   */
  get uncounted(): number {
    if (this.#areKept) return this.#rib.staleCount(this.#neighbor);
    return Math.min(this.#leaving, this.#rib.staleCount(this.#neighbor));
  }

  /** Undefined where no stale routes are kept. */
  get status(): StaleRoutesStatus | undefined {
    if (!this.#areKept) return undefined;
    return {
      count: this.#rib.staleCount(this.#neighbor),
      until: this.#longLived.until ?? this.#restart.until ?? this.#stale.until ?? this.#clock.wallTime(),
      isLongLived: this.#isLongLived,
    };
  }

  get #isLongLived(): boolean {
    return this.#longLived.until !== undefined;
  }

  /** The session went and the routes stay. */
  begin({ restartTime, longLived, outlivesNotification }: PeerRestart): void {
    this.#isUp = false;
    if (this.#isOverdue) {
      this.discard();
      return;
    }
    const older = this.#older(outlivesNotification, longLived);
    this.#areKept = true;
    this.#rib.neighborStale({ neighbor: this.#neighbor }, older);
    this.#log.info(
      {
        neighbor: this.#neighbor,
        routes: this.#rib.staleCount(this.#neighbor),
        restartTime,
      },
      'routes of a restarting BGP neighbor are kept as stale (RFC 4724)',
    );
    if (older !== 'kept') this.#stale.stop();
    if (older === 'long-lived') this.#keepForLong(longLived);
    this.#restart.start(restartTime, () => this.#age(longLived));
  }

  /** What becomes of those that are stale already. */
  #older(outlivesNotification: boolean, longLived: LongLivedRestart | undefined): OlderStale {
    if (this.#areKept && (this.#isLongLived || isForLong(longLived))) return 'long-lived';
    return outlivesNotification && this.#stale.until !== undefined ? 'kept' : 'removed';
  }

  /**
   * The session is back, with what the new OPEN has of the family; undefined if it has nothing. `staleTime`: seconds that the neighbor
   * has for its End-of-RIB.
   */
  sessionUp(restart: PeerRestart | undefined, staleTime: number = STALE_TIME): void {
    this.#isUp = true;
    if (!this.#areKept) return;
    const stays = this.#isLongLived ? restart?.longLived?.forwardingPreserved : restart?.forwardingPreserved;
    if (stays === true) {
      this.#restart.stop();
      if (!this.#isLongLived && this.#stale.until === undefined)
        this.#stale.start(staleTime, () => this.#isOver());
      return;
    }
    this.#end(
      restart === undefined
        ? 'the neighbor came back without graceful restart for the family'
        : 'the neighbor came back without its forwarding state',
    );
  }

  /** The stale time is over: of a neighbor that is away again, what it told last has its restart time. */
  #isOver(): void {
    if (this.#isUp) this.#end('the stale time is over');
    else this.#rib.sweepOlder({ neighbor: this.#neighbor });
  }

  /** The neighbor has not come back in time. */
  #age(longLived: LongLivedRestart | undefined): void {
    if (!this.#isLongLived && !isForLong(longLived)) {
      this.#end('the restart time is over');
      return;
    }
    this.#rib.neighborAged({ neighbor: this.#neighbor });
    this.#keepForLong(longLived);
  }

  /** The time that runs already stays as it is. */
  #keepForLong(longLived: LongLivedRestart | undefined): void {
    if (!this.#isLongLived)
      this.#longLived.start(longLived?.staleTime ?? 0, () => {
        this.#end('the long-lived stale time is over');
        this.#isOverdue = this.#isUp;
      });
    const left = (this.#longLived.until ?? 0) - this.#clock.wallTime();
    this.#log.warn(
      {
        neighbor: this.#neighbor,
        routes: this.#rib.staleCount(this.#neighbor),
        staleTime: Math.round(left / 1000),
      },
      'routes that a BGP neighbor has not told again in its restart time, or before it went again, are kept as long-lived stale (RFC 9494)',
    );
  }

  /** The neighbor has sent all its routes: what is still stale goes. */
  endOfRib(): void {
    this.#isOverdue = false;
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
    this.#isUp = false;
    this.#isOverdue = false;
    this.#forget();
    this.#leave(this.#rib.neighborDown({ neighbor: this.#neighbor }));
  }

  /** Those that are kept go; harmless where none are. */
  makeRoom(): void {
    this.#end('all routes together take too much memory');
  }

  #end(reason: string): void {
    if (!this.#areKept) return;
    this.#forget();
    const routes = this.#rib.staleCount(this.#neighbor);
    this.#log.info(
      { neighbor: this.#neighbor, routes, reason },
      'stale routes of a BGP neighbor are removed (RFC 4724)',
    );
    this.#leave(this.#rib.sweepStale({ neighbor: this.#neighbor }));
    this.#onEnd();
  }

  /** What is stale goes a slice a turn; one removal ends with all that were under way when it began. */
  #leave(gone: Promise<void>): void {
    this.#gone = gone;
    this.#leaving = this.#rib.staleCount(this.#neighbor);
    void gone.then(() => {
      if (this.#gone === gone) this.#leaving = 0;
    });
  }

  #forget(): void {
    this.#areKept = false;
    for (const timer of [this.#restart, this.#stale, this.#longLived]) timer.stop();
  }
}

function isForLong(longLived: LongLivedRestart | undefined): longLived is LongLivedRestart {
  return longLived !== undefined && longLived.staleTime > 0;
}
