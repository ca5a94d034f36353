import type { Convergence } from '../events/index.js';
import { type Clock, emptyList, type LimitedLog, type Log, type Timer } from '../types/index.js';
import type { Flight, Kernel, Operation, OperationResult } from './kernel.js';
import { formatKey } from './kernel-tables/index.js';
import type { Failure } from './kernel-tables/intents.js';
import type { PlaneKey } from './kernel-tables/key.js';
import { kindOf } from './kernel-tables/operations.js';
import { ownerFacts } from './owner.js';
import type { OwnerPlane, TakenKey } from './owner-plane.js';
import { Retries } from './retries.js';
import { errnoName, retryClass, retryDelay } from './retry.js';
import { type Batch, MOST_OF_A_KEY, WorkQueue } from './work-queue.js';

/**
 * Operations of one batch. What the kernel reports waits until it has landed, and so does what is wanted meanwhile: some
 * milliseconds. Four times as many write a table no faster.
 */
const BATCH = 512;
/** Of a batch that cannot fly so many are applied in one go: nobody else is served meanwhile. */
const ON_THE_SPOT = 128;
/** What was heard so few milliseconds ago is as good as what is heard now: something may come behind either. */
const FRESH_MS = 0.25;
/** A slice ends after this long, so that keepalives and REST get their turn. */
const SLICE_MS = 2;
/** What is to be written waits for so long at most for a storm of notifications to be heard. */
const STORM_MS = 20;
/** With so many batches waiting no more is to be asked for, until there are fewer than the other. */
const BEHIND_FROM = 2;
const RELIEVED_BELOW = 1;

/** A batch that was launched, until it is over. */
interface Flying {
  readonly batch: Batch;
  /** From when it is over until they stand in the mirror. */
  results: readonly OperationResult[] | undefined;
  /** They stand in the mirror. */
  entered: boolean;
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
  /** Nothing failed; `written` operations were applied. `isLacking`: something is wanted that does not stand. */
  settled(plane: OwnerPlane, which: PlaneKey, written: number, isLacking: boolean): void;
  /** An operation failed; it is tried again. */
  failed(plane: OwnerPlane, which: PlaneKey, failure: Failure): void;
}

/**
 * Empties the planes' dirty keys into the kernel. A few changes are applied on the spot: drain, take a batch, apply, drain
 * again, until a slice is used up; then yield. Draining right after each batch consumes the echoes of it before the next
 * is computed, so that an echo never describes an older state than the mirror's.
 *
 * A bulk is launched, and the next batch is thought out while it is on its way, and launched behind it where it is a large
 * one: two are to the kernel what one of twice the size would be. A key that is under way is nobody else's until its
 * results stand in the mirror; and when the kernel reports anything, what was thought out before that and not launched goes
 * back into the queue. So nothing is ever written that does not follow from the latest that is known, as if all of it had
 * been done on the spot.
 */
export class Reconciler {
  readonly stats: ReconcilerStats = { operations: 0, failures: 0 };
  readonly #work = new WorkQueue();
  readonly #retries: Retries;
  #scheduled: Timer | undefined;
  /** Launched, and not over, in their order. */
  readonly #flights = emptyList<Flying>();
  /** What is taken in one go: less, once that could not fly, until something flies again. */
  #most: number;
  /** What comes behind the flights. */
  #ahead: Batch | undefined;
  #idleWaiters: (() => void)[] = [];
  readonly #whenRelieved = new Set<() => void>();
  /** Since when the kernel has reported more than could be heard at once. */
  #stormSince: number | undefined;
  #closed = false;

  constructor(
    readonly kernel: Kernel,
    readonly accept: Accept,
    readonly outcomes: Outcomes,
    readonly clock: Clock,
    readonly log: Log,
    readonly limited: LimitedLog,
    /** Operations of one batch. */
    readonly batch: number = BATCH,
    /** Looks at what is dirty and notes whether it is as wanted, and nothing else. */
    readonly observes: boolean = false,
    readonly convergence?: Convergence | undefined,
  ) {
    this.#most = batch;
    this.#retries = new Retries(clock, (plane, which) => this.mark(plane, which));
  }

  /** Looks at the key in a coming slice. */
  mark(plane: OwnerPlane, which: PlaneKey): void {
    plane.mark(which);
    this.queue(plane);
  }

  /** Looks at the key in so many milliseconds. */
  markLater(plane: OwnerPlane, which: PlaneKey, delay: number): void {
    this.#retries.add(plane, which, delay);
  }

  /** Looks at whatever is dirty in the plane. */
  queue(plane: OwnerPlane): void {
    this.#work.add(plane);
    if (!this.#scheduled) this.#schedule();
  }

  /** Removes rows that belong to no plane's present device. */
  removeStrays(operations: readonly Operation[]): void {
    this.#work.addStrays(operations);
    if (operations.length > 0) this.#schedule();
  }

  /**
   * The plane has a place again, and looks at all that it wants there: what was to be removed of that since it had left the
   * place stays.
   */
  keepStrays(plane: OwnerPlane): void {
    this.rethink();
    this.#work.dropStrays(plane);
  }

  /** Notifications of the kernel are about to come: what it did for us before comes before it. */
  hear(): void {
    const first = this.#flights.length > 0 ? this.#flights[0] : undefined;
    if (first?.results) this.#enterFlight(first, first.results);
  }

  /** What the kernel reported has changed the mirror: what was thought ahead is to be thought anew. */
  rethink(): void {
    const ahead = this.#ahead;
    if (!ahead) return;
    this.#ahead = undefined;
    if (ahead.strays > 0) this.#work.putBackStrays(ahead.operations);
    this.#putBack(ahead.keys);
  }

  /** What is applied in one go of a batch that cannot fly; the others go back into the queue. */
  #shortened(batch: Batch): Batch {
    const most = Math.min(this.batch, ON_THE_SPOT);
    const { operations, strays, keys } = batch;
    if (operations.length <= most) return batch;
    this.#most = most;
    if (strays > 0) {
      this.#work.putBackStrays(operations.slice(most));
      return { operations: operations.slice(0, most), strays: most, keys };
    }
    // A key has a few operations at most: the first is never among these
    const first = keys.findIndex(({ from }, i) => from >= most - MOST_OF_A_KEY && i > 0);
    if (first < 0) return batch;
    this.#putBack(keys.slice(first));
    return { operations: operations.slice(0, keys[first].from), strays: 0, keys: keys.slice(0, first) };
  }

  /** Dirty keys and strays that are not yet written. */
  get backlog(): number {
    let total = this.#work.size;
    for (const { batch } of this.#flights) total += batch.strays + batch.keys.length;
    if (this.#ahead) total += this.#ahead.strays + this.#ahead.keys.length;
    return total;
  }

  /**
   * True where so much waits to be written that more of it would only wait, also before what somebody else wants: then
   * `relieved` is called once there is room: once for each function, however often it asked.
   */
  isBehind(relieved: () => void): boolean {
    if (this.#closed || !this.#work.waits(BEHIND_FROM * this.batch)) return false;
    this.#whenRelieved.add(relieved);
    return true;
  }

  /** Resolves when nothing is queued or under way; what failed and waits for a retry does not count. */
  idle(): Promise<void> {
    // What was thought ahead waits for a flight
    if (this.#work.isEmpty && this.#flights.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Stops for good; nothing more is written. */
  close(): void {
    this.#closed = true;
    this.#scheduled?.cancel();
    this.#retries.close();
    this.#wakeIdle();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = this.clock.soon(this.#slice);
  }

  readonly #slice = (): void => {
    this.#scheduled = undefined;
    if (this.#flights.length > 0) {
      const { keys } = this.#flights[this.#flights.length - 1].batch;
      const thinks = !this.#ahead && this.#work.waits(Math.min(keys.length, this.batch / 4));
      // What strays take away may be wanted: until they stand in the mirror a key that is nobody's seems to fit
      if (thinks && this.#flights.every(({ batch }) => batch.strays === 0))
        this.#ahead = this.#work.take(this.batch);
      this.#launchAhead();
      return;
    }
    if (this.observes) {
      this.#look();
      return;
    }
    const end = this.clock.sliceEnd(SLICE_MS);
    // What brought this about has just been heard
    if (!this.kernel.drain(FRESH_MS) && this.#hearsFirst()) {
      this.#schedule();
      return;
    }
    this.#stormSince = undefined;
    do {
      const batch = this.#work.take(this.#most);
      if (!batch || this.#launch(batch)) break;
      this.#apply(this.#shortened(batch));
    } while (this.clock.now() < end);
    this.#goOnLater();
  };

  /** True where what waits to be heard comes before what is to be written; not for ever, or a storm would stop that. */
  #hearsFirst(): boolean {
    this.#stormSince ??= this.clock.now();
    return this.clock.now() - this.#stormSince < STORM_MS;
  }

  #look(): void {
    const end = this.clock.sliceEnd(SLICE_MS);
    for (let batch = this.#work.take(this.batch); batch; batch = this.#work.take(this.batch)) {
      for (const key of batch.keys) {
        this.#release(key.plane, key);
        key.plane.settle(key, undefined);
      }
      if (this.clock.now() >= end) break;
    }
    this.#goOnLater();
  }

  #goOnLater(): void {
    if (this.#whenRelieved.size > 0 && !this.#work.waits(RELIEVED_BELOW * this.batch)) {
      const relieved = [...this.#whenRelieved];
      this.#whenRelieved.clear();
      for (const each of relieved) each();
    }
    if (!this.#work.isEmpty) this.#schedule();
    else if (this.#flights.length === 0) this.#wakeIdle();
  }

  #putBack(keys: Batch['keys']): void {
    for (const key of keys) {
      key.plane.mark(key);
      this.#release(key.plane, key);
    }
  }

  #launch(batch: Batch): boolean {
    const flying: Flying = { batch, results: undefined, entered: false };
    const flight: Flight = {
      landed: (results) => {
        if (!this.#closed) this.#enterFlight(flying, results);
      },
      over: (results) => {
        if (this.#closed) return;
        if (!flying.entered) flying.results = results;
        this.#goOn(flying, results);
      },
    };
    if (!this.kernel.launch(batch.operations, flight)) return false;
    this.#flights.push(flying);
    this.#most = this.batch;
    return true;
  }

  /** What was thought ahead follows at once where it is a large batch: a small one may still be thought anew. */
  #launchAhead(): void {
    const ahead = this.#ahead;
    if (ahead && ahead.operations.length >= this.batch / 8 && this.#launch(ahead)) this.#ahead = undefined;
  }

  /** The oldest flight is over: what comes next starts before all else, since a kernel that waits is time lost. */
  #goOn(flying: Flying, results: readonly OperationResult[]): void {
    // With another one under way nothing can be heard but behind that
    const isLast = this.#flights.length === 1;
    if (isLast) this.kernel.drain();
    this.#flights.shift();
    if (!isLast) this.#launchAhead();
    const next = isLast ? this.#ahead : undefined;
    if (next) this.#ahead = undefined;
    const flies = next !== undefined && this.#launch(next);
    // Nothing was heard
    if (!flying.entered) this.#enterFlight(flying, results);
    if (next && !flies) this.#apply(this.#shortened(next));
    this.#settle(flying.batch, results);
    this.#goOnLater();
  }

  #enterFlight(flying: Flying, results: readonly OperationResult[]): void {
    flying.entered = true;
    flying.results = undefined;
    this.#enter(flying.batch, results);
  }

  #apply(batch: Batch): void {
    const { operations } = batch;
    const results = operations.length > 0 ? this.kernel.apply(operations) : [];
    this.#enter(batch, results);
    // Before anything counts as settled, or the echo of a delete that an add follows would look like another's doing
    if (operations.length > 0) this.kernel.drain();
    this.#settle(batch, results);
  }

  #enter({ operations }: Batch, results: readonly OperationResult[]): void {
    this.stats.operations += operations.length;
    for (let i = 0; i < operations.length; i++) {
      const operation = operations[i];
      const { errno, parts } = results[i];
      const each = parts && kindOf(operation).parts?.(operation);
      if (each) for (const [at, part] of each.entries()) this.#enterOne(part, parts[at].errno);
      else this.#enterOne(operation, errno);
    }
  }

  #enterOne(operation: Operation, errno: number): void {
    if (errno === 0 || retryClass(errno, operation.verb) === 'done') this.accept(operation);
    else this.stats.failures++;
  }

  #settle({ operations, keys }: Batch, results: readonly OperationResult[]): void {
    for (let i = 0; i < keys.length; i++) {
      const to = i + 1 < keys.length ? keys[i + 1].from : operations.length;
      const again = this.#release(keys[i].plane, keys[i]);
      this.#settleKey(keys[i], operations, results, to, again);
    }
  }

  /** True where the key was marked meanwhile. */
  #release(plane: OwnerPlane, which: PlaneKey): boolean {
    const again = plane.release(which);
    if (again) this.queue(plane);
    return again;
  }

  #settleKey(
    which: TakenKey,
    operations: readonly Operation[],
    results: readonly OperationResult[],
    to: number,
    again: boolean,
  ): void {
    const { plane, from } = which;
    for (let i = from; i < to; i++) {
      const { errno, message } = results[i];
      const answered = errno === 0 ? 'done' : retryClass(errno, operations[i].verb);
      if (answered === 'done') continue;
      const before = plane.intent(which)?.failure;
      const isPassedOver =
        before === undefined && kindOf(operations[i]).passesOver?.(operations[i], errno) === true;
      const attempts = (before?.attempts ?? 0) + (isPassedOver ? 0 : 1);
      const kind = isPassedOver ? 'soon' : answered;
      const delay = retryDelay(kind, attempts);
      const at = this.clock.wallTime();
      const failure = { errno, name: errnoName(errno), message, attempts, at, retryAt: at + delay };
      plane.settle(which, failure);
      if (!isPassedOver) this.outcomes.failed(plane, which, failure);
      // The first refusal is the operator's business, a retry or a device that just went is not
      const isNews = kind === 'late' && attempts === 1;
      this.#report(plane, which, isNews, operations[i], results[i], attempts);
      this.#retries.add(plane, which, delay);
      return;
    }
    const stands = !again && to - from === 1 && isWhole(operations[from], results[from]);
    this.#succeed(plane, which, to - from, stands);
  }

  #succeed(plane: OwnerPlane, which: PlaneKey, written: number, stands: boolean): void {
    const inbound = this.convergence?.inbound;
    if (inbound && !inbound.isEmpty && which.table === 'mac') inbound.end(which.key);
    const isLacking = plane.settle(which, undefined, stands);
    this.outcomes.settled(plane, which, written, isLacking);
  }

  #report(
    plane: OwnerPlane,
    which: PlaneKey,
    isNews: boolean,
    operation: Operation,
    result: OperationResult,
    attempts: number,
  ): void {
    const facts = () => ({
      ...ownerFacts(plane.owner),
      key: formatKey(which),
      table: operation.table,
      verb: operation.verb,
      errno: errnoName(result.errno),
      kernel: result.message,
      attempts,
    });
    if (isNews) this.limited.warn('the kernel refuses a row', facts);
    else this.log.debug(facts(), 'the kernel did not take a row');
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}

/**
 * The one operation has brought about all that was wanted of its key, so that nothing need be looked up where nobody has
 * marked the key since.
 */
function isWhole(operation: Operation, { errno, parts }: OperationResult): boolean {
  return operation.verb === 'add' && errno === 0 && parts === undefined && kindOf(operation).isWhole;
}
