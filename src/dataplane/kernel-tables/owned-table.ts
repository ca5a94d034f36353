import type { Operation, RowKey } from '../kernel.js';
import type { Failure, Intent, Intents } from './intents.js';

/** Where the rows of an owner stand. */
export interface OwnerPlace {
  /** Another object whenever the rows are to stand elsewhere; undefined while they can stand nowhere. */
  readonly at: object | undefined;
  /** False while none of its rows is to stand, whatever is wanted: it is served no more, or its device is down. */
  readonly isLive: boolean;
}

/** The keys that are to be looked at, in the order of their marking; one that was taken is its taker's until its release. */
export interface KeyQueue<Key> {
  readonly size: number;
  readonly isIdle: boolean;
  has(key: Key): boolean;
  add(key: Key): void;
  take(): Key | undefined;
  release(key: Key): boolean;
}

/** The name of a device by its ifindex. */
export type DeviceName = (ifindex: number) => string;

/** What puts the rows of a key back, where the owner was then. */
interface Back {
  readonly at: object | undefined;
  readonly operations: readonly Operation[];
  /** The key was marked otherwise, before or since: something else may be wanted of it. */
  isOvertaken: boolean;
}

/**
 * One kernel table as one owner has it: what is wanted, against what stands in the mirror; and which keys are to be looked
 * at. Writes nothing. A table defines what is its own: how its rows are distinguished, compared, written and named.
 */
export abstract class OwnedTable<Key, Want extends Intent = Intent, Place extends OwnerPlace = OwnerPlace> {
  #back: Map<Key, Back> | undefined;
  /** Keys that were taken and found to be unwanted, of a table that others come after. */
  #removals: Set<Key> | undefined;

  constructor(
    readonly place: Place,
    readonly intents: Intents<Key, Want>,
    readonly queue: KeyQueue<Key>,
    /** Rows of other tables point to rows of this one: a row goes when those of the others are gone. */
    readonly isPointedTo: boolean = false,
  ) {}

  /** Appends what is to be written for the key; `want` is undefined where no row of ours is to stand. */
  abstract difference(key: Key, want: Want | undefined, out: Operation[]): void;

  /** True if the kernel, as far as it has reported, holds what is wanted for the key, or nothing is wanted. */
  abstract fits(key: Key): boolean;

  /** A row that carries our mark stands for the key. */
  abstract holdsOwn(key: Key): boolean;

  /** A row that somebody set by hand stands for the key. */
  abstract isSetByHand(key: Key): boolean;

  /** The keys of which a row of ours stands; one that has two may come twice. Rows must not come or go meanwhile. */
  abstract ownedKeys(): Iterable<Key>;

  /** Returns what the kernel holds for the key, as far as it has reported, in words. */
  abstract found(key: Key, nameOf: DeviceName): string;

  /** Returns what should stand for the key, in words; `want` as in `difference`. */
  abstract wanted(key: Key, want: Want | undefined): string;

  /**
   * Appends operations that remove what is ours where the owner was (`before`) and is no longer (`after`): another VLAN,
   * bridge, SVI or device. Rows that went with their device are no longer in the mirror.
   */
  abstract strays(before: NonNullable<Place['at']>, after: Place['at'], out: Operation[]): void;

  /** The key of the row that the operation writes, where that is one of this table and the owner is there now. */
  abstract keyOf(operation: Operation): Key | undefined;

  /** The operation writes a row of a key that is wanted. */
  wantsRowOf(operation: Operation): boolean {
    const key = this.keyOf(operation);
    return key !== undefined && this.wants(key);
  }

  /** The key is wanted, and no row of it is to stand in the kernel, on purpose. */
  isWithheld(_key: Key): boolean {
    return false;
  }

  /** Rows of the key are to stand in the kernel. */
  wants(key: Key): boolean {
    return this.intents.has(key) && !this.isWithheld(key);
  }

  /** The rows that the key has, or could have, which the kernel can be asked for one by one. */
  rowKeys(_key: Key): RowKey[] {
    return [];
  }

  /** iproute2's commands that delete the rows of the key that are not ours, so that our own can be written. */
  removalCommands(_key: Key, _nameOf: DeviceName): string[] {
    return [];
  }

  /** NDA_PROTOCOL of the row, where the table keeps one. */
  protocolOf(_key: Key): number | undefined {
    return undefined;
  }

  /** Rows of the table can stand where the owner is. */
  get hasPlace(): boolean {
    return true;
  }

  /**
   * Returns what is to stand of the key: nothing where it cannot, since a device that is down flushes some rows of ours, so
   * that all of them go, and nothing of what is withheld.
   */
  #want(key: Key): Want | undefined {
    return this.place.isLive && !this.isWithheld(key) ? this.intents.peek(key) : undefined;
  }

  /** Keys that wait to be looked at. */
  get dirty(): number {
    return this.queue.size + (this.#removals?.size ?? 0);
  }

  /** Nobody waits for a key of it. */
  get isIdle(): boolean {
    return this.queue.isIdle;
  }

  /** Something is to be looked at now that is wanted, or may be; or, with `removals`, what is wanted no longer. */
  waits(removals: boolean): boolean {
    return removals ? this.#removals !== undefined && this.#removals.size > 0 : this.queue.size > 0;
  }

  /** Queues the key; one that is queued already stays once. */
  mark(key: Key): void {
    // It may be wanted again, which is no removal
    if (this.#removals?.delete(key)) this.queue.release(key);
    if (this.#back !== undefined && this.#back.size > 0) {
      const back = this.#back.get(key);
      if (back) back.isOvertaken = true;
    }
    this.queue.add(key);
  }

  /** The key is queued, or being written. */
  isMarked(key: Key): boolean {
    return this.queue.has(key);
  }

  /** Queues every intent, for a place that is new or changed. */
  markIntents(): void {
    for (const key of this.intents.keys()) this.mark(key);
  }

  /** Queues every key of which a row of ours stands and nothing is wanted, and calls `stray` with it before. */
  markUnwanted(stray: (key: Key) => void): void {
    for (const key of this.ownedKeys()) {
      if (this.wants(key)) continue;
      stray(key);
      this.mark(key);
    }
  }

  /**
   * Takes the next key that is to be looked at, until it is released, and appends its operations; undefined when there is
   * none. Of a table that others point to what is wanted no longer comes with `removals`, and only then.
   */
  take(removals: boolean, out: Operation[]): Key | undefined {
    const key = removals ? this.#takeRemoval() : this.#takeMarked();
    if (key !== undefined && !this.#takeBack(key, out)) this.difference(key, this.#want(key), out);
    return key;
  }

  #takeMarked(): Key | undefined {
    for (let key = this.queue.take(); key !== undefined; key = this.queue.take()) {
      if (!this.isPointedTo || this.#want(key) !== undefined) return key;
      this.#removals ??= new Set();
      this.#removals.add(key);
    }
    return undefined;
  }

  #takeRemoval(): Key | undefined {
    for (const key of this.#removals ?? []) {
      this.#removals?.delete(key);
      return key;
    }
    return undefined;
  }

  /** Gives a taken key back; true where it was marked meanwhile and is queued again. */
  release(key: Key): boolean {
    return this.queue.release(key);
  }

  /** Returns what is to be written for the key. */
  operations(key: Key): Operation[] {
    const out: Operation[] = [];
    this.difference(key, this.#want(key), out);
    return out;
  }

  /** Returns what should stand for the key, in words. */
  wantedText(key: Key): string {
    return this.wanted(key, this.#want(key));
  }

  /** A row that somebody set by hand stands where one of ours is wanted: it stays. */
  isBlocked(key: Key): boolean {
    return this.#want(key) !== undefined && !this.fits(key) && this.isSetByHand(key);
  }

  /** Nothing but another's row can be why what is wanted is not written. */
  isOnlyBlocked(key: Key): boolean {
    return this.isBlocked(key);
  }

  /** Nothing is to be done for the key: it fits where it can be wanted, and no row of ours is left where it cannot. */
  agrees(key: Key): boolean {
    if (!this.hasPlace) return true;
    return this.#want(key) !== undefined ? this.fits(key) : !this.holdsOwn(key);
  }

  /**
   * Records the outcome of an attempt on the intent. `stands`: all that was wanted has just been written, and nothing has
   * been heard of it since, so that the rows need not be looked up. Returns true where something is wanted that does not stand, and is
   * not withheld.
   */
  settle(key: Key, failure: Failure | undefined, stands: boolean): boolean {
    if (!stands && !this.intents.has(key)) {
      this.intents.fail(key, undefined);
      return false;
    }
    const fits = failure === undefined && (stands ? this.place.isLive : this.fits(key));
    this.intents.settle(key, fits);
    this.intents.fail(key, failure);
    return !fits && !this.isWithheld(key);
  }

  /** Puts rows of the key back at its next look: by these operations, in the place of what is wanted. */
  putBack(key: Key, operations: readonly Operation[]): void {
    // What it was marked for is looked at behind them
    const wasMarked = this.isMarked(key);
    this.mark(key);
    this.#back ??= new Map();
    this.#back.set(key, { at: this.place.at, operations, isOvertaken: wasMarked });
  }

  /** Appends what is to be put back for the key; false where nothing is, or no longer where the owner is now. */
  #takeBack(key: Key, out: Operation[]): boolean {
    if (this.#back === undefined || this.#back.size === 0) return false;
    const back = this.#back.get(key);
    this.#back.delete(key);
    if (!back || back.at !== this.place.at) return false;
    for (const operation of back.operations) out.push(operation);
    if (back.isOvertaken) this.mark(key);
    return true;
  }
}
