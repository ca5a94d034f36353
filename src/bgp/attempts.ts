import type { Clock } from '../types/index.js';
import { AttemptLog } from './attempt-log.js';
import { type Ending, IdleHold } from './idle-hold.js';

/** The first retry of an attempt that failed; each further one waits twice as long, up to the connect-retry time. */
const FIRST_RETRY_MILLISECONDS = 1000;

/**
 * What a neighbor's earlier connections mean for the next one: when we try, whether one of its own is taken, and whether
 * a failure is worth a line in the log.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #idleHold = new IdleHold();
  readonly #log: AttemptLog;
  #retries = 0;
  #failures = 0;
  /** The neighbor's operator has shut the session down for now. */
  #absent = false;
  /** Of the end under way. */
  #ending: Ending = 'fault';
  #heldUntil = 0;
  /** Clock.now() until which no connection is made or taken. */
  #closedUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#log = new AttemptLog(clock);
  }

  /** Clock.wallTime() at which the last hold in Idle ends, or ended. */
  get heldUntil(): number {
    return this.#heldUntil;
  }

  /** Attempts that failed since the last session. */
  get failures(): number {
    return this.#failures;
  }

  /** Begins as if nothing had happened: a start, a reset, another configuration. */
  anew(): void {
    this.#idleHold.reset();
    this.#closedUntil = Number.NEGATIVE_INFINITY;
    this.#retries = 0;
  }

  /** The next attempt has another chance than the last one had, such as a link that came up. */
  hasten(): void {
    this.#retries = 0;
  }

  /** The session that is about to end, or the attempt, ends for this reason; a fault if none is given. */
  ending(ending: Ending): void {
    this.#ending = ending;
  }

  /** Milliseconds that an attempt to connect may take, and until the next one; `longest` is the connect-retry time. */
  retryPeriod(longest: number): number {
    return Math.min(longest, FIRST_RETRY_MILLISECONDS * 2 ** this.#retries);
  }

  /** Milliseconds to hold in Idle from now on. */
  holdPeriod(connectRetry: number, jitter: number): number {
    const period = this.#idleHold.next(this.#ending, connectRetry) * jitter;
    this.#heldUntil = this.#clock.wallTime() + period;
    if (this.#ending === 'limit') this.#closedUntil = this.#clock.now() + period;
    return period;
  }

  /** True while no connection is made or taken, because the neighbor's routes were too many. */
  get isClosed(): boolean {
    return this.#clock.now() < this.#closedUntil;
  }

  /** True where a connection that the neighbor opened is to be taken now. */
  admits(): boolean {
    if (this.isClosed) return false;
    return this.#idleHold.admits(this.#clock.now());
  }

  sessionUp(): void {
    this.#log.reset();
    this.#retries = 0;
    this.#failures = 0;
    this.#absent = false;
  }

  /** A session ended that stood so many milliseconds. */
  sessionDown(uptime: number): void {
    this.#idleHold.sessionEnded(uptime);
  }

  /** What was under way has ended, a session or an attempt. */
  ended(): void {
    if (this.#ending === 'absent') this.#absent = true;
    this.#ending = 'fault';
  }

  /** An attempt failed; the level at which that is logged. */
  failed(reason: string): 'debug' | 'info' | 'warn' {
    this.#failures++;
    this.#retries++;
    if (!this.#log.isNews(reason)) return 'debug';
    return this.#absent ? 'info' : 'warn';
  }
}
