import type { Clock, Log } from '../types/index.js';
import type { ConnectionHandlers } from './transport.js';

/**
 * Connections of one neighbor that came in and are open at the same time: one that stands, one that collides with it, and
 * two that were refused and still read why.
 */
const OF_NEIGHBOR = 4;
/** Connections of all others together that still read why they were refused. */
const OF_STRANGERS = 16;
const LOG_MILLISECONDS = 10_000;

/** Who connects: a neighbor; one of a listen range that is shut down, who is told so; or nobody that is known. */
export type Caller = 'neighbor' | 'shut down' | 'stranger';

/**
 * How many of the connections that come in are open at the same time, so that whoever connects without end takes no
 * descriptors, no memory and no time from the sessions that stand. Those beyond are reset without a word.
 */
export class Gate {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Map<string, number>();
  #strangers = 0;
  #rejected = 0;
  #reset = 0;
  #tooFar = 0;
  readonly #loggedAt = new Map<string, number>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Connections of addresses that are no neighbor's. */
  get rejected(): number {
    return this.#rejected;
  }

  /** True where one more may be open. */
  admits(address: string, caller: Caller): boolean {
    if (caller !== 'neighbor') {
      if (caller === 'stranger') this.#reject(address);
      return this.#strangers < OF_STRANGERS;
    }
    if ((this.#open.get(address) ?? 0) < OF_NEIGHBOR) return true;
    this.#reset++;
    this.#warn('BGP connections of a neighbor that has too many open are reset', {
      neighbor: address,
      reset: this.#reset,
    });
    return false;
  }

  /** A connection came from farther away than its neighbor's `ttl-security` allows. */
  tooFar(address: string, ttl: number): void {
    this.#tooFar++;
    this.#warn('BGP connection from farther away than ttl-security allows is reset', {
      neighbor: address,
      ttl,
      reset: this.#tooFar,
    });
  }

  /** No descriptors, or no memory, for connections that come in. */
  exhausted(code: string): void {
    this.#warn('BGP connections wait: there are no descriptors or no memory for them', { code });
  }

  /** Counts a connection until it is closed. */
  entered(address: string, isNeighbor: boolean, handlers: ConnectionHandlers): ConnectionHandlers {
    if (isNeighbor) this.#open.set(address, (this.#open.get(address) ?? 0) + 1);
    else this.#strangers++;
    return {
      onOpen: () => handlers.onOpen(),
      onData: (chunk) => handlers.onData(chunk),
      onDrain: () => handlers.onDrain(),
      onBacklog: (stands) => handlers.onBacklog(stands),
      onClose: (error) => {
        if (isNeighbor) this.#left(address);
        else this.#strangers--;
        handlers.onClose(error);
      },
    };
  }

  #left(address: string): void {
    const open = (this.#open.get(address) ?? 0) - 1;
    if (open > 0) this.#open.set(address, open);
    else this.#open.delete(address);
  }

  #reject(address: string): void {
    this.#rejected++;
    this.#warn('BGP connection from an address that is no configured neighbor', {
      from: address,
      rejected: this.#rejected,
    });
  }

  /** A line at most every ten seconds of each kind. */
  #warn(message: string, facts: object): void {
    const now = this.#clock.now();
    if (now - (this.#loggedAt.get(message) ?? Number.NEGATIVE_INFINITY) < LOG_MILLISECONDS) return;
    this.#loggedAt.set(message, now);
    this.#log.info(facts, message);
  }
}
