import { type Clock, counted, LimitedLog, type Log } from '../types/index.js';
import type { ProblemNote } from './parts/problem-note.js';

/** Milliseconds after the last refusal for which the problem is listed. */
const LISTED = 60_000;

/** Why a connection to the API was refused or closed: too many connections, or too many requests on one. */
export type Refusal = 'connections' | 'requests';

const TEXTS: Readonly<Record<Refusal, string>> = {
  connections: 'a connection to the API was refused: there are as many as it takes',
  requests: 'a connection to the API was closed: too many requests on it wait for their answers',
};

/** Counts refused connections to the API and reports them: in the log, at a limited rate, and as a problem. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: LimitedLog;
  readonly #counts: Record<Refusal, number> = { connections: 0, requests: 0 };
  #latest: { readonly at: number; readonly from: string } | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = new LimitedLog(clock, log);
  }

  /** `where` it came in: the Unix socket's path, or address and port; `from` whom, where that is known. */
  note(why: Refusal, where: string, from: string | undefined): void {
    this.#counts[why]++;
    this.#latest = { at: this.#clock.now(), from: from ?? where };
    this.#log.warn(TEXTS[why], () => ({ where, from }));
  }

  /** The problem of the leaf, while the last refusal is no longer ago than a minute. */
  problems(): ProblemNote[] {
    if (this.#latest === undefined || this.#clock.now() - this.#latest.at >= LISTED) return [];
    const { connections, requests } = this.#counts;
    return [
      {
        severity: 'warning',
        problem: `the API has more clients than it takes: ${counted(connections, 'connection')} refused so far, ${requests} closed for asking too far ahead, the last one from ${this.#latest.from}; a minute after it this problem goes`,
        fix: "see who holds them: ss -xp src '*evpnd*'; ss -tnp; let clients close what they do not use, and wait for an answer before they ask for more",
      },
    ];
  }

  close(): void {
    this.#log.close();
  }
}
