import type { KernelObserver, KnownRows, OtherRoute } from '../dataplane/index.js';
import { type Log, sameSet } from '../types/index.js';
import * as K from './constants.js';
import { NetlinkFormatError } from './message.js';
import type { NetlinkSockets } from './native.js';
import { decodeOtherRoute } from './other-route-codec.js';
import { encodeRouteDump } from './route-dump.js';
import { DumpSocket, REPEATS } from './route-socket.js';
import { Slicer } from './slicer.js';

/** Milliseconds until the table is read again: the kernel removes routes behind the message about their device. */
const DELAY = 20;
/** Of the time at most one part in so many is spent on reading. */
const SHARE = 20;
/** Milliseconds until a reading is tried again that failed. */
const RETRY = 1000;

/**
 * Reads and follows the routes of others in some routing tables. The kernel does not report the IPv4 routes that it removes with a device or
 * an address (net/ipv4/fib_frontend.c: fib_flush), so that the table is read again where such may have gone.
 */
export class OtherRouteReader {
  readonly #dump: DumpSocket;
  #notified: Set<string> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** Those that the latest reading is of. */
  #read: ReadonlySet<number> | undefined;
  #again = false;
  #closed = false;

  constructor(
    readonly known: Pick<KnownRows, 'others' | 'nexthop'>,
    readonly observer: Pick<KernelObserver, 'otherRoute' | 'otherRouteGone'>,
    /** Hands over the notifications that wait. */
    readonly drainAll: (slicer: Slicer) => Promise<void>,
    readonly log: Log,
    sockets?: NetlinkSockets,
    private tables: ReadonlySet<number> = new Set([K.RT_TABLE_MAIN]),
  ) {
    this.#dump = new DumpSocket(sockets);
  }

  /** Reads and follows these tables from now on, and no others; resolves once that is so. */
  async follow(tables: ReadonlySet<number>): Promise<void> {
    if (sameSet(tables, this.tables)) return;
    this.tables = tables;
    const gone = [...this.known.others.rows()].filter(({ tableId }) => !tables.has(tableId));
    for (const row of gone) this.observer.otherRouteGone(row);
    try {
      // What is under way may be past a table that is new; of all who have waited for its end, one reads for the others
      while (this.#reading && this.#read !== this.tables) await this.#reading;
      await (this.#reading ?? this.readAll());
    } catch (error) {
      this.log.warn({ err: error }, 'the routing tables of VRFs could not be read and are read again');
      this.readSoon(RETRY);
    }
  }

  /** RTM_NEWROUTE or RTM_DELROUTE. Throws NetlinkFormatError. */
  notification(type: number, bytes: Buffer, at: number, end: number): void {
    if (this.tables.size === 0) return;
    const row = this.#decode(bytes, at, end);
    if (!row) return;
    this.#notified?.add(keyOf(row));
    if (type === K.RTM_DELROUTE) this.observer.otherRouteGone(row);
    else this.observer.otherRoute(row);
  }

  /** The device has come, gone or lost its carrier, or (0) an address is gone: routes may have gone unheard. */
  deviceChanged(ifindex: number): void {
    const { others } = this.known;
    if (ifindex === 0 ? others.size > 0 : others.leadBy(ifindex)) this.readSoon();
  }

  /** Reads the table again a little later. */
  readSoon(delay = DELAY): void {
    if (this.#closed) return;
    if (this.#reading) this.#again = true;
    else
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        const started = performance.now();
        this.readAll().then(
          () => {
            // What was asked for meanwhile waits, lest a large table be read all the time
            if (this.#again) this.readSoon(DELAY + (performance.now() - started) * SHARE);
          },
          (error: unknown) => {
            this.log.warn({ err: error }, 'the routing table could not be read and is read again');
            this.readSoon(RETRY);
          },
        );
      }, delay);
  }

  /** Reads the routes of both families, and reports those that stand and that no longer do. */
  async readAll(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#again = false;
    const reading = this.#readTables();
    this.#reading = reading.catch(() => {});
    try {
      await reading;
    } finally {
      this.#reading = undefined;
      this.#notified = undefined;
      if (this.#closed) this.#dump.close();
    }
  }

  async #readTables(): Promise<void> {
    const slicer = new Slicer();
    this.#read = this.tables;
    for (const table of this.#read)
      for (const family of [K.AF_INET, K.AF_INET6]) await this.#readFamily(table, family, slicer);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (!this.#reading) this.#dump.close();
  }

  #decode(bytes: Buffer, at: number, end: number): OtherRoute | undefined {
    return decodeOtherRoute(bytes, at, end, this.tables, (id) => this.known.nexthop(id));
  }

  async #readFamily(table: number, family: number, slicer: Slicer): Promise<void> {
    const { bytes } = this.#dump.buffer;
    for (let repeats = 0; repeats <= REPEATS && !this.#closed; repeats++) {
      await this.drainAll(slicer);
      const notified = new Set<string>();
      this.#notified = notified;
      const seen = new Set<string>();
      this.#dump.start((words, sequence) => encodeRouteDump(words, family, 0, table, sequence));
      const visit = (type: number, at: number, end: number) => {
        if (type !== K.RTM_NEWROUTE) return;
        this.#guard(() => {
          const row = this.#decode(bytes, at, end);
          if (row?.tableId !== table) return;
          const key = keyOf(row);
          // Of two routes with one prefix and metric the kernel takes the first
          if (seen.has(key)) return;
          seen.add(key);
          if (!notified.has(key)) this.observer.otherRoute(row);
        });
      };
      while (!this.#closed && this.#dump.step(visit) === 'more') {
        await slicer.breathe();
        await this.drainAll(slicer);
      }
      if (this.#closed) return;
      await this.drainAll(slicer);
      if (this.#dump.interrupted && repeats < REPEATS) continue;
      const isIpv4 = family === K.AF_INET;
      const gone = [...this.known.others.rows()].filter(
        (row) =>
          row.tableId === table &&
          (typeof row.prefix === 'number') === isIpv4 &&
          !seen.has(keyOf(row)) &&
          !notified.has(keyOf(row)),
      );
      for (const row of gone) this.observer.otherRouteGone(row);
      return;
    }
  }

  #guard(take: () => void): void {
    try {
      take();
    } catch (error) {
      if (!(error instanceof NetlinkFormatError)) throw error;
      this.log.warn({}, `malformed netlink message: ${error.message}`);
    }
  }
}

function keyOf({ tableId, metric, prefix }: OtherRoute): string {
  return `${tableId} ${metric} ${prefix}`;
}
