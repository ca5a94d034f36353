import type { Operation } from '../dataplane/index.js';
import { emptyList } from '../types/index.js';
import { devicesOf, MAX_DEVICES } from './echo-filter.js';
import { codecOf } from './kernel-tables/index.js';
import type { NeighMessage } from './neigh-codec.js';
import { WrittenKeys } from './written-keys.js';

/** Below so many operations hearing the echoes costs less than a filter against them. */
const WORTHWHILE = 32;
/** Below so many FDB rows that a batch deletes hearing of their end costs less than reading their devices afterwards. */
const WORTHWHILE_ENDS = 256;

/** What a window needs of its owner. */
export interface EchoWindowOwner {
  /**
   * Lets notifications of rows with NTF_EXT_LEARNED on these devices be dropped, where `ends` also those of the end of an
   * FDB row; undefined for none. False if refused.
   */
  hide(devices: ReadonlySet<number> | undefined, ends: boolean): boolean;
  /** Asks the kernel for the row of a key that `operation` wrote, and reports what stands. */
  reread(operation: Operation, row: NeighMessage): void;
}

/**
 * Keeps the echoes of a bulk of our own writing away: the kernel reports every row to every listener, and hearing two
 * hundred thousand of our own costs more than writing them. While a window is open, two things need care:
 *
 * - What a host did just before our write waits in the queue as if it were newer, since no echo of the write follows
 *   it. So a key that was written and is heard of before the queue has been empty is asked for.
 * - What somebody else writes with our mark on the same devices goes unheard. So the devices are read once, later:
 *   `unheard` collects them. What somebody else removes is heard, but for FDB rows while we remove many ourselves: those
 *   devices, in `endsUnheard` as well, are read soon.
 */
export class EchoWindow {
  /** Devices written to while their echoes were hidden. */
  readonly unheard = new Set<number>();
  /** Those of them on which the ends of FDB rows were hidden as well. */
  readonly endsUnheard = new Set<number>();
  readonly #owner: EchoWindowOwner;
  #hidden: ReadonlySet<number> | undefined;
  #hidesEnds = false;
  /** What was written before the queue was empty, batch by batch. */
  #written = emptyList<readonly Operation[]>();
  /** The keys of the first so many of these batches: made when something is heard, since mostly nothing is. */
  readonly #keys = new WrittenKeys();
  #indexed = 0;
  /** What is to be asked for, once a key. */
  readonly #doubtful = new Map<Operation, NeighMessage>();

  constructor(owner: EchoWindowOwner) {
    this.#owner = owner;
  }

  /** Before operations are applied: hides their echoes if `allowed` and worth it. True where they are hidden. */
  begin(operations: readonly Operation[], allowed: boolean): boolean {
    const devices = allowed && operations.length >= WORTHWHILE ? devicesOf(operations) : undefined;
    if (!devices || devices.size === 0 || devices.size > MAX_DEVICES) {
      this.end();
      return false;
    }
    const ends = endsIn(operations) >= WORTHWHILE_ENDS;
    if (!this.#hidden || !isSubset(devices, this.#hidden) || ends !== this.#hidesEnds) {
      const both = new Set([...devices, ...(this.#hidden ?? [])]);
      const hidden = both.size > MAX_DEVICES ? devices : both;
      if (!this.#owner.hide(hidden, ends)) return false;
      this.#hidden = hidden;
      this.#hidesEnds = ends;
    }
    for (const device of devices) this.unheard.add(device);
    if (ends) for (const device of this.#hidden) this.endsUnheard.add(device);
    this.#written.push(operations);
    return true;
  }

  /**
   * The echoes of these operations can be hidden beside those that are hidden now. Where they cannot, nothing must be
   * written beside what is under way: its echoes would be heard.
   */
  admits(operations: readonly Operation[]): boolean {
    if (!this.#hidden) return false;
    return new Set([...devicesOf(operations), ...this.#hidden]).size <= MAX_DEVICES;
  }

  /** Hears everything again. */
  end(): void {
    if (!this.#hidden) return;
    this.#hidden = undefined;
    this.#owner.hide(undefined, false);
  }

  /** A notification came, `gone` that of a row's end: is it of a key that was just written? */
  heard(row: NeighMessage, gone: boolean): void {
    if (this.#written.length === 0) return;
    for (; this.#indexed < this.#written.length; this.#indexed++)
      this.#keys.add(this.#written[this.#indexed]);
    const operation = this.#keys.find(row);
    if (!operation || isOwnEnd(operation, row, gone)) return;
    this.#doubtful.set(operation, { ...row });
  }

  /** The queue is empty: what is heard from here on is newer than what was written, but for the last `batches`. */
  empty(batches: number): void {
    if (this.#written.length <= batches) return;
    this.#written = this.#written.slice(-batches);
    this.#forgetKeys();
  }

  /** The queue has been emptied: from here on what is heard is newer than what was written. */
  drained(): void {
    if (this.#written.length === 0) return;
    this.#written = emptyList();
    this.#forgetKeys();
    const doubtful = [...this.#doubtful];
    this.#doubtful.clear();
    for (const [operation, row] of doubtful) this.#owner.reread(operation, row);
  }

  #forgetKeys(): void {
    this.#keys.clear();
    this.#indexed = 0;
  }
}

/** True if a row that we deleted is reported as gone, or as going: whichever came first, it is gone. */
function isOwnEnd(operation: Operation, row: NeighMessage, gone: boolean): boolean {
  if (operation.verb !== 'delete') return false;
  return gone || codecOf(operation).echo?.isEnd(row) === true;
}

/** Returns how many operations remove rows whose end can be hidden. */
function endsIn(operations: readonly Operation[]): number {
  let ends = 0;
  for (const operation of operations)
    if (operation.verb === 'delete' && codecOf(operation).echo?.hidesEnds) ends++;
  return ends;
}

function isSubset(some: ReadonlySet<number>, all: ReadonlySet<number>): boolean {
  for (const one of some) if (!all.has(one)) return false;
  return true;
}
