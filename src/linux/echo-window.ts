import type { Operation, RouteRow } from '../dataplane/index.js';
import { emptyList } from '../types/index.js';
import { type Footprint, footprintOf, type Hidden, MAX_DEVICES } from './echo-filter.js';
import { codecOf } from './kernel-tables/index.js';
import type { NeighMessage } from './neigh-codec.js';
import { WrittenKeys } from './written-keys.js';

/** Below so many operations, or routes that are reported, hearing the echoes costs less than a filter against them. */
const WORTHWHILE = 32;
/**
 * Below so many FDB rows that a batch deletes hearing of their end costs less than reading their devices afterwards. Where hosts go
 * with their IPs half of a batch are neighbors.
 */
const WORTHWHILE_ENDS = 128;
const NONE: ReadonlySet<number> = new Set();

/** What a window needs of its owner. */
export interface EchoWindowOwner {
  /** Lets notifications of this be dropped; undefined for none. False if refused. */
  hide(hidden: Hidden | undefined): boolean;
  /** The port of the socket that writes; undefined until the kernel has named it. */
  readonly port: number | undefined;
  /** Asks the kernel for the row of a key that `operation` wrote, and reports what stands. */
  reread(operation: Operation, row: NeighMessage): void;
  /** The kernel cannot be asked for one route of a metric: all of them are read again, soon. */
  rereadRoutes(): void;
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
 *
 * Of a route, and of a neighbor that fails, the kernel names the socket that changed it, so that our own echoes alone are dropped
 * and nothing of anybody else's goes unheard, but for the end of a neighbor that had no answer yet, which the audit finds.
 */
export class EchoWindow {
  /** Devices written to while their echoes were hidden. */
  readonly unheard = new Set<number>();
  /** Those of them on which the ends of FDB rows were hidden as well. */
  readonly endsUnheard = new Set<number>();
  readonly #owner: EchoWindowOwner;
  #hidden: Hidden | undefined;
  /** What was written before the queue was empty, batch by batch. */
  #written = emptyList<readonly Operation[]>();
  /** The keys of the first so many of these batches: made when something is heard, since mostly nothing is. */
  readonly #keys = new WrittenKeys();
  #indexed = 0;
  /** What is to be asked for, once a key. */
  readonly #doubtful = new Map<Operation, NeighMessage>();
  #routesDoubtful = false;
  #latest: { readonly operations: readonly Operation[]; readonly footprint: Footprint } | undefined;

  constructor(owner: EchoWindowOwner) {
    this.#owner = owner;
  }

  /** Before operations are applied: hides their echoes if `allowed` and worth it. True where they are hidden. */
  begin(operations: readonly Operation[], allowed: boolean): boolean {
    const footprint = this.#footprintOf(operations);
    this.#latest = undefined;
    const devices = operations.length >= WORTHWHILE ? footprint.devices : NONE;
    const routesOf = footprint.routes >= WORTHWHILE ? this.#owner.port : undefined;
    if (!allowed || (devices.size === 0 && routesOf === undefined) || devices.size > MAX_DEVICES) {
      this.end();
      return false;
    }
    const before = this.#hidden;
    // While only rows are removed they stay hidden, rather than another filter be made for each batch of many neighbors or few rows
    const goesOn = before?.ends === true && footprint.ends + footprint.failures === operations.length;
    const ends = goesOn || footprint.ends >= WORTHWHILE_ENDS;
    const failuresOf = footprint.failures >= WORTHWHILE ? this.#owner.port : undefined;
    if (
      !before ||
      !isSubset(devices, before.devices) ||
      ends !== before.ends ||
      !covers(before.routesOf, routesOf) ||
      !covers(before.failuresOf, failuresOf)
    ) {
      const both = new Set([...devices, ...(before?.devices ?? [])]);
      const hidden = {
        devices: both.size > MAX_DEVICES ? devices : both,
        ends,
        failuresOf: failuresOf ?? before?.failuresOf,
        routesOf: routesOf ?? before?.routesOf,
      };
      if (!this.#owner.hide(hidden)) return false;
      this.#hidden = hidden;
    }
    for (const device of devices) this.unheard.add(device);
    if (ends) for (const device of this.#hidden?.devices ?? []) this.endsUnheard.add(device);
    this.#written.push(operations);
    return true;
  }

  /**
   * The echoes of these operations can be hidden beside those that are hidden now. Where they cannot, nothing must be
   * written beside what is under way: its echoes would be heard.
   */
  admits(operations: readonly Operation[]): boolean {
    if (!this.#hidden) return false;
    let devices = this.#hidden.devices.size;
    for (const device of this.#footprintOf(operations).devices)
      if (!this.#hidden.devices.has(device)) devices++;
    return devices <= MAX_DEVICES;
  }

  /** Whoever asks whether operations are admitted begins with them next. */
  #footprintOf(operations: readonly Operation[]): Footprint {
    if (this.#latest?.operations !== operations)
      this.#latest = { operations, footprint: footprintOf(operations) };
    return this.#latest.footprint;
  }

  /** Hears everything again. */
  end(): void {
    if (!this.#hidden) return;
    this.#hidden = undefined;
    this.#owner.hide(undefined);
  }

  /** The row's key was written: what is heard of it before the queue has been empty may be older than that. */
  hasWritten(row: NeighMessage): boolean {
    if (this.#written.length === 0) return false;
    this.#index();
    return this.#keys.find(row) !== undefined;
  }

  /** A notification came, `gone` that of a row's end: is it of a key that was just written? */
  heard(row: NeighMessage, gone: boolean): void {
    if (this.#written.length === 0) return;
    this.#index();
    const operation = this.#keys.find(row);
    if (!operation || isOwnEnd(operation, row, gone)) return;
    this.#doubtful.set(operation, { ...row });
  }

  /**
   * A notification of a route came, from the socket of that port: false where it is an echo of our own that is older than
   * what we have written since.
   */
  heardRoute(row: RouteRow, port: number): boolean {
    if (this.#written.length === 0) return true;
    this.#index();
    if (!this.#keys.hasRoute(row)) return true;
    if (port === this.#owner.port) return false;
    this.#routesDoubtful = true;
    return true;
  }

  #index(): void {
    for (; this.#indexed < this.#written.length; this.#indexed++)
      this.#keys.add(this.#written[this.#indexed]);
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
    if (!this.#routesDoubtful) return;
    this.#routesDoubtful = false;
    this.#owner.rereadRoutes();
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

/** What is hidden of the port's socket, if anything is to be, is hidden already. */
function covers(hidden: number | undefined, port: number | undefined): boolean {
  return port === undefined || port === hidden;
}

function isSubset(some: ReadonlySet<number>, all: ReadonlySet<number>): boolean {
  for (const one of some) if (!all.has(one)) return false;
  return true;
}
