import { type Clock, formatIp, formatMac, type Log, type Timer } from '../types/index.js';
import type { Failure } from './intents.js';
import type { Kernel, Operation, OperationResult } from './kernel.js';
import { errnoName, type RetryClass, retryClass, retryDelay } from './retry.js';
import type { PlaneKey, VniPlane } from './vni-plane.js';

/** Messages of one batch: beyond 256 the kernel's queue of errors may swallow the fence. */
const BATCH = 128;
/** A slice ends after this long, so that keepalives and REST get their turn. */
const SLICE_MS = 4;
const RETRY_TICK_MS = 50;

interface Retry {
  readonly plane: VniPlane;
  readonly which: PlaneKey;
  readonly at: number;
}

/** Counters since start. */
export interface ReconcilerStats {
  operations: number;
  failures: number;
}

/** Enters the outcome of an operation into the mirror, as the notification of it would. */
export type Accept = (operation: Operation) => void;

/** Told of every key that was looked at. */
export interface Outcomes {
  /** Nothing failed; `written` operations were applied. */
  settled(plane: VniPlane, which: PlaneKey, written: number): void;
  /** An operation failed; it is tried again. */
  failed(plane: VniPlane, which: PlaneKey, failure: Failure): void;
}

/**
 * Empties the planes' dirty keys into the kernel: drain, take a batch, apply, drain again, until a slice is used up;
 * then yield. Draining right after each batch consumes the echoes of it before the next is computed, so that an echo
 * never describes an older state than the mirror's.
 */
export class Reconciler {
  readonly stats: ReconcilerStats = { operations: 0, failures: 0 };
  readonly #queue = new Set<VniPlane>();
  readonly #strays: Operation[] = [];
  #retries: Retry[] = [];
  #retryTimer: Timer | undefined;
  #scheduled: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  #closed = false;

  constructor(
    readonly kernel: Kernel,
    readonly accept: Accept,
    readonly outcomes: Outcomes,
    readonly clock: Clock,
    readonly log: Log,
  ) {}

  /** Looks at the key in a coming slice. */
  mark(plane: VniPlane, which: PlaneKey): void {
    plane.mark(which);
    this.queue(plane);
  }

  /** Looks at whatever is dirty in the plane. */
  queue(plane: VniPlane): void {
    this.#queue.add(plane);
    this.#schedule();
  }

  /** Removes rows that belong to no plane's present device. */
  removeStrays(operations: readonly Operation[]): void {
    for (const operation of operations) this.#strays.push(operation);
    if (operations.length > 0) this.#schedule();
  }

  /** Dirty keys and strays, not yet looked at. */
  get backlog(): number {
    let total = this.#strays.length;
    for (const plane of this.#queue) total += plane.dirty;
    return total;
  }

  /** Resolves when nothing is queued; what failed and waits for a retry does not count. */
  idle(): Promise<void> {
    if (this.#queue.size === 0 && this.#strays.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Stops for good; nothing more is written. */
  close(): void {
    this.#closed = true;
    this.#scheduled?.cancel();
    this.#retryTimer?.cancel();
    this.#wakeIdle();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = this.clock.soon(() => {
      this.#scheduled = undefined;
      this.#slice();
    });
  }

  #slice(): void {
    const end = this.clock.now() + SLICE_MS;
    // Each batch drains behind itself
    this.kernel.drain();
    do {
      if (!this.#batch()) {
        this.#wakeIdle();
        return;
      }
    } while (this.clock.now() < end);
    this.#schedule();
  }

  /** One batch; false when there was nothing to do. */
  #batch(): boolean {
    const operations: Operation[] = this.#strays.splice(0, BATCH);
    const keys: { plane: VniPlane; which: PlaneKey; from: number }[] = [];
    for (const plane of this.#queue) {
      while (operations.length < BATCH) {
        const from = operations.length;
        const which = plane.next(operations);
        if (!which) {
          this.#queue.delete(plane);
          break;
        }
        keys.push({ plane, which, from });
      }
      if (operations.length >= BATCH) break;
    }
    if (operations.length === 0) {
      for (const { plane, which } of keys) this.#succeed(plane, which, 0);
      return keys.length > 0;
    }
    const results = this.kernel.apply(operations);
    this.stats.operations += operations.length;
    for (let i = 0; i < operations.length; i++) this.#enter(operations[i], results[i]);
    // Before anything counts as settled, or the echo of a delete that an add follows would look like another's doing
    this.kernel.drain();
    for (let i = 0; i < keys.length; i++) {
      const { plane, which, from } = keys[i];
      const to = i + 1 < keys.length ? keys[i + 1].from : operations.length;
      this.#settle(plane, which, operations, results, from, to);
    }
    return true;
  }

  #enter(operation: Operation, result: OperationResult): void {
    if (result.errno === 0 || retryClass(result.errno, operation.verb) === 'done') this.accept(operation);
    else this.stats.failures++;
  }

  #settle(
    plane: VniPlane,
    which: PlaneKey,
    operations: readonly Operation[],
    results: readonly OperationResult[],
    from: number,
    to: number,
  ): void {
    for (let i = from; i < to; i++) {
      const { errno, message } = results[i];
      const kind = errno === 0 ? 'done' : retryClass(errno, operations[i].verb);
      if (kind === 'done') continue;
      const attempts = (plane.intent(which)?.failure?.attempts ?? 0) + 1;
      const delay = retryDelay(kind, attempts);
      const at = this.clock.wallTime();
      const failure = { errno, name: errnoName(errno), message, attempts, at, retryAt: at + delay };
      plane.settle(which, failure);
      this.outcomes.failed(plane, which, failure);
      this.#report(plane, which, kind, operations[i], results[i], attempts);
      this.#retry(plane, which, delay);
      return;
    }
    this.#succeed(plane, which, to - from);
  }

  #succeed(plane: VniPlane, which: PlaneKey, written: number): void {
    plane.settle(which, undefined);
    this.outcomes.settled(plane, which, written);
  }

  #report(
    plane: VniPlane,
    which: PlaneKey,
    kind: RetryClass,
    operation: Operation,
    result: OperationResult,
    attempts: number,
  ): void {
    const facts = {
      vni: plane.vni,
      key: which.table === 'mac' ? formatMac(which.key) : formatIp(which.key),
      table: operation.table,
      verb: operation.verb,
      errno: errnoName(result.errno),
      kernel: result.message,
      attempts,
    };
    // The first refusal is the operator's business, a retry or a device that just went is not
    if (kind === 'late' && attempts === 1) this.log.warn(facts, 'the kernel refuses a row');
    else this.log.debug(facts, 'the kernel did not take a row');
  }

  #retry(plane: VniPlane, which: PlaneKey, delay: number): void {
    this.#retries.push({ plane, which, at: this.clock.now() + delay });
    this.#armRetries();
  }

  #armRetries(): void {
    if (this.#retryTimer || this.#closed || this.#retries.length === 0) return;
    this.#retryTimer = this.clock.after(RETRY_TICK_MS, () => {
      this.#retryTimer = undefined;
      const now = this.clock.now();
      const due = this.#retries.filter((retry) => retry.at <= now);
      this.#retries = this.#retries.filter((retry) => retry.at > now);
      for (const { plane, which } of due) this.mark(plane, which);
      this.#armRetries();
    });
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
