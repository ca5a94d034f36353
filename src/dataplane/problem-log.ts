import { type EventSink, NO_EVENTS } from '../events/index.js';
import type { Clock, LimitedLog, Timer } from '../types/index.js';
import type { Severity, TopologyProblem } from './topology.js';

/** A device that is being set up has problems for a moment, which are nobody's business. */
const SETTLE_MS = 1000;

const LEVELS = { error: 'error', warning: 'warn', info: 'info' } as const satisfies Record<Severity, string>;

/** Logs, and pushes as an event, what keeps devices and VNIs from forwarding: once when it has lasted a second, and once when it is over. */
export class ProblemLog {
  #standing: ReadonlyMap<string, TopologyProblem> = new Map();
  #timer: Timer | undefined;

  constructor(
    readonly clock: Clock,
    readonly log: LimitedLog,
    /** What counts now. */
    readonly problems: () => Iterable<TopologyProblem>,
    readonly events: EventSink = NO_EVENTS,
  ) {}

  /** The problems may be others now. */
  look(): void {
    this.#timer ??= this.clock.after(SETTLE_MS, () => {
      this.#timer = undefined;
      this.#compare();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #compare(): void {
    const before = this.#standing;
    const after = new Map<string, TopologyProblem>();
    for (const problem of this.problems())
      after.set(`${problem.vni} ${problem.device} ${problem.topic ?? problem.problem}`, problem);
    this.#standing = after;
    for (const [key, one] of after) {
      if (before.has(key)) continue;
      const { severity, topic: _, ...facts } = one;
      this.events.push({ kind: 'problem-found', severity, ...facts });
      this.log[LEVELS[severity]](SENTENCES[severity], () => facts);
    }
    for (const [key, one] of before) {
      if (after.has(key)) continue;
      const { vni, device, problem } = one;
      this.events.push({ kind: 'problem-over', vni, device, severity: one.severity, problem, fix: one.fix });
      this.log.info('a problem is over', () => ({ vni, device, problem }));
    }
  }
}

const SENTENCES: Readonly<Record<Severity, string>> = {
  error: 'a device or VNI does not forward',
  warning: 'a device or VNI does not forward as it should',
  info: 'a device or VNI forwards in a way that may not be meant',
};
