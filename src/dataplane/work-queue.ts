import { emptyList } from '../types/index.js';
import type { Operation } from './kernel.js';
import type { TakenKey, VniPlane } from './vni-plane.js';

/** Keys of one VNI before others have their turn. */
const QUANTUM = 256;
/** One key takes no more operations than this. */
const MOST_OF_A_KEY = 6;

/** Keys that were taken, and what is to be written for them. */
export interface Batch {
  /** Those of strays, or those of each key in turn. */
  readonly operations: Operation[];
  /** How many operations are strays'. */
  readonly strays: number;
  readonly keys: readonly TakenKey[];
}

/** What is to be looked at, VNI by VNI in turn, and what is to be removed before. */
export class WorkQueue {
  readonly #queue = new Set<VniPlane>();
  readonly #strays = emptyList<Operation>();

  /** Queues whatever is dirty in the plane. */
  add(plane: VniPlane): void {
    if (plane.isQueued) return;
    plane.isQueued = true;
    this.#queue.add(plane);
  }

  /** Queues operations that belong to no key. */
  addStrays(operations: readonly Operation[]): void {
    for (const operation of operations) this.#strays.push(operation);
  }

  get isEmpty(): boolean {
    return this.#queue.size === 0 && this.#strays.length === 0;
  }

  /** How many keys and strays wait: a walk over the planes. */
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
   * their rows may be wanted, by keys that are to be thought out behind them. Then default destinations, since a batch that
   * holds one cannot fly.
   */
  take(most: number): Batch | undefined {
    if (this.#strays.length > 0) {
      const strays = this.#strays.splice(0, most);
      return { operations: strays, strays: strays.length, keys: [] };
    }
    const operations = emptyList<Operation>();
    const keys = emptyList<TakenKey>();
    for (const plane of this.#queue)
      if (plane.hasDirtyFloods) this.#fill(plane, 'floods', most, most, operations, keys);
    if (keys.length === 0)
      for (const plane of this.#queue) {
        const turn = Math.min(most, keys.length + QUANTUM);
        const isDone = this.#fill(plane, 'others', most, turn, operations, keys);
        this.#queue.delete(plane);
        if (isDone) plane.isQueued = false;
        // Behind the others, where this walk comes to it again
        else this.#queue.add(plane);
        if (isFull(operations, keys, most)) break;
      }
    return keys.length === 0 ? undefined : { operations, strays: 0, keys };
  }

  /** Takes the plane's keys until there is none, `turn` are in the batch, or it is full; true in the first case. */
  #fill(
    plane: VniPlane,
    what: 'floods' | 'others',
    most: number,
    turn: number,
    operations: Operation[],
    keys: TakenKey[],
  ): boolean {
    while (keys.length < turn && !isFull(operations, keys, most)) {
      const key = what === 'floods' ? plane.nextFlood(operations) : plane.next(operations);
      if (!key) return true;
      keys.push(key);
    }
    return false;
  }
}

function isFull(operations: readonly Operation[], keys: readonly TakenKey[], most: number): boolean {
  return operations.length >= most - MOST_OF_A_KEY || keys.length >= most;
}
