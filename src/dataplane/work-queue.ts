import { emptyList } from '../types/index.js';
import type { Operation } from './kernel.js';
import { STAGES } from './kernel-tables/index.js';
import type { TableName } from './kernel-tables/key.js';
import type { Stage } from './kernel-tables/order.js';
import type { OwnerPlane, TakenKey } from './owner-plane.js';

/** Keys of one owner before others have their turn. */
const QUANTUM = 256;
/** One key takes no more operations than this. */
export const MOST_OF_A_KEY = 6;

/** Keys that were taken, and what is to be written for them. */
export interface Batch {
  /** Those of strays, or those of each key in turn. */
  readonly operations: Operation[];
  /** How many operations are strays'. */
  readonly strays: number;
  readonly keys: readonly TakenKey[];
}

/** What is to be looked at, owner by owner in turn, and what is to be removed before. */
export class WorkQueue {
  readonly #queue = new Set<OwnerPlane>();
  #strays = emptyList<Operation>();

  constructor(
    /** In which order what is dirty is taken. */
    readonly stages: readonly Stage<TableName>[] = STAGES,
  ) {}

  /** Queues whatever is dirty in the plane. */
  add(plane: OwnerPlane): void {
    if (plane.isQueued) return;
    plane.isQueued = true;
    this.#queue.add(plane);
  }

  /** Queues operations that belong to no key. */
  addStrays(operations: readonly Operation[]): void {
    for (const operation of operations) this.#strays.push(operation);
  }

  /** Queues operations again that were taken and not written: before the others, as they were. */
  putBackStrays(operations: readonly Operation[]): void {
    this.#strays = [...operations, ...this.#strays];
  }

  /** Forgets operations that belong to no key: those that `plane` wants otherwise, where it is now. */
  dropStrays(plane: OwnerPlane): void {
    if (this.#strays.length > 0)
      this.#strays = this.#strays.filter((operation) => !plane.wantsRowOf(operation));
  }

  get isEmpty(): boolean {
    return this.#queue.size === 0 && this.#strays.length === 0;
  }

  /** Returns how many keys and strays wait: a walk over the planes. */
  get size(): number {
    let size = this.#strays.length;
    for (const plane of this.#queue) size += plane.dirty;
    return size;
  }

  /** So many keys and strays wait, or more. */
  waits(least: number): boolean {
    let dirty = this.#strays.length;
    for (const plane of this.#queue) {
      dirty += plane.dirty;
      if (dirty >= least) return true;
    }
    return false;
  }

  /**
   * The next batch, of so many operations at most; undefined where there is nothing to do. Strays come by themselves, since
   * their rows may be wanted, by keys that are to be thought out behind them. Then comes what is dirty, of one stage.
   */
  take(most: number): Batch | undefined {
    if (this.#strays.length > 0) {
      const strays = this.#strays.splice(0, most);
      return { operations: strays, strays: strays.length, keys: [] };
    }
    const operations = emptyList<Operation>();
    const keys = emptyList<TakenKey>();
    for (const stage of this.stages) {
      this.#fillStage(stage, most, operations, keys);
      if (keys.length > 0) return { operations, strays: 0, keys };
    }
    return undefined;
  }

  /** Takes keys of the stage, from one owner after the other, until there is none or the batch is full. */
  #fillStage(stage: Stage<TableName>, most: number, operations: Operation[], keys: TakenKey[]): void {
    for (const plane of this.#queue) {
      const turn = Math.min(most, keys.length + QUANTUM);
      const isDone = this.#fill(plane, stage, most, turn, operations, keys);
      if (!isDone || plane.dirty === 0) this.#queue.delete(plane);
      // Behind the others, where this walk comes to it again
      if (!isDone) this.#queue.add(plane);
      else if (plane.dirty === 0) plane.isQueued = false;
      if (isFull(operations, keys, most)) return;
    }
  }

  /** Takes the owner's keys until there is none, `turn` are in the batch, or it is full; true in the first case. */
  #fill(
    plane: OwnerPlane,
    stage: Stage<TableName>,
    most: number,
    turn: number,
    operations: Operation[],
    keys: TakenKey[],
  ): boolean {
    while (keys.length < turn && !isFull(operations, keys, most)) {
      const key = plane.next(stage, operations);
      if (!key) return true;
      keys.push(key);
    }
    return false;
  }
}

function isFull(operations: readonly Operation[], keys: readonly TakenKey[], most: number): boolean {
  return operations.length >= most - MOST_OF_A_KEY || keys.length >= most;
}
