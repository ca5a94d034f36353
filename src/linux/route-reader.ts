import {
  type KernelObserver,
  type KnownRows,
  type NexthopRow,
  type RouteRow,
  RTPROT_EVPND,
} from '../dataplane/index.js';
import { type Ip, isIpv4, type Log, prefixAddress } from '../types/index.js';
import * as K from './constants.js';
import type { EchoWindow } from './echo-window.js';
import { NetlinkFormatError, writeHeader } from './message.js';
import type { NetlinkSockets } from './native.js';
import { encodeRouteDump } from './route-dump.js';
import { decodeNexthop, decodeRoute } from './route-messages.js';
import { DumpSocket, REPEATS } from './route-socket.js';
import { Slicer } from './slicer.js';

/** Receives nexthops and routes. */
export type RouteObserver = Pick<
  KernelObserver,
  'nexthopRow' | 'nexthopRowGone' | 'routeRow' | 'routeRowGone'
>;

/** Reads the kernel's nexthops, and its routes that are ours, and reports what stands and what no longer does. */
export class RouteReader {
  readonly #dump: DumpSocket;
  /** Of their own, since they are read amid a dump of routes as well. */
  readonly #nexthops: DumpSocket;
  #notified: Set<string> | undefined;
  #closed = false;

  constructor(
    readonly known: Pick<KnownRows, 'nexthopRows' | 'routeRows'>,
    readonly observer: RouteObserver,
    /** Hands over the notifications that wait. */
    readonly drainAll: (slicer: Slicer) => Promise<void>,
    readonly log: Log,
    sockets?: NetlinkSockets,
  ) {
    this.#dump = new DumpSocket(sockets);
    this.#nexthops = new DumpSocket(sockets);
  }

  /** A message of a nexthop or a route. Throws NetlinkFormatError. */
  notification(
    echoes: Pick<EchoWindow, 'heardRoute'>,
    type: number,
    bytes: Buffer,
    at: number,
    end: number,
  ): void {
    const { observer } = this;
    if (type === K.RTM_NEWNEXTHOP) observer.nexthopRow(decodeNexthop(bytes, at, end));
    else if (type === K.RTM_DELNEXTHOP) observer.nexthopRowGone(decodeNexthop(bytes, at, end).id);
    else {
      const row = decodeRoute(bytes, at, end);
      // Of what it does by itself, nobody is the sender
      const port = bytes.readUInt32LE(at + 12);
      if (!row || !echoes.heardRoute(row, port)) return;
      const isOurs = row.protocol === RTPROT_EVPND;
      // Another's route that takes the place of ours is reported as a new one, and the end of ours not at all
      const replaces = (bytes.readUInt16LE(at + 6) & K.NLM_F_REPLACE) !== 0;
      // The dump that runs does not overrule it
      if (isOurs) this.#notified?.add(keyOf(row));
      if (type === K.RTM_DELROUTE) observer.routeRowGone(row, port === 0);
      else if (!isOurs && replaces) observer.routeRowGone({ ...row, protocol: RTPROT_EVPND }, false);
      else if (isOurs) observer.routeRow(row);
    }
  }

  /**
   * Reads all nexthops and groups in one go: there are few, and what goes with a device is reported nowhere else. Throws
   * NetlinkError.
   */
  readNexthops(): void {
    const rows = new Map<number, NexthopRow>();
    const { bytes } = this.#nexthops.buffer;
    for (let repeats = 0; repeats <= REPEATS; repeats++) {
      rows.clear();
      this.#nexthops.start((words, sequence) => {
        const out = { bytes: Buffer.from(words.buffer), words };
        writeHeader(out, 0, 24, K.RTM_GETNEXTHOP, K.NLM_F_REQUEST | K.NLM_F_DUMP, sequence);
        words.fill(0, 4, 6);
        return 6;
      });
      const visit = (type: number, at: number, end: number) => {
        if (type !== K.RTM_NEWNEXTHOP) return;
        this.#guard(() => {
          const row = decodeNexthop(bytes, at, end);
          rows.set(row.id, row);
        });
      };
      while (this.#nexthops.step(visit) === 'more');
      if (!this.#nexthops.interrupted) break;
    }
    const gone = [...this.known.nexthopRows()].filter(({ id }) => !rows.has(id));
    // With them groups have fewer members and routes go: what is reported of those comes after
    for (const { id } of gone) this.observer.nexthopRowGone(id);
    for (const row of rows.values()) this.observer.nexthopRow(row);
  }

  /** Reads nexthops, then routes of both families. */
  async readAll(): Promise<void> {
    if (this.#closed) return;
    const slicer = new Slicer();
    await this.drainAll(slicer);
    this.readNexthops();
    for (const family of [K.AF_INET, K.AF_INET6]) await this.#readFamily(family, slicer);
  }

  close(): void {
    this.#closed = true;
    this.#dump.close();
    this.#nexthops.close();
  }

  /** What is known and missing twice is gone: the kernel cannot be asked for one route of a metric. */
  async #readFamily(family: number, slicer: Slicer): Promise<void> {
    let missing = await this.#missing(family, slicer);
    if (missing.size > 0) {
      const again = await this.#missing(family, slicer);
      missing = new Map([...missing].filter(([key]) => again.has(key)));
    }
    if (this.#closed) return;
    for (const row of missing.values()) this.observer.routeRowGone(row, false);
  }

  async #missing(family: number, slicer: Slicer): Promise<Map<string, RouteRow>> {
    const { bytes } = this.#dump.buffer;
    const missing = new Map<string, RouteRow>();
    if (this.#closed) return missing;
    await this.drainAll(slicer);
    const notified = new Set<string>();
    this.#notified = notified;
    const seen = new Set<string>();
    this.#dump.start((words, sequence) => encodeRouteDump(words, family, RTPROT_EVPND, undefined, sequence));
    const visit = (type: number, at: number, end: number) => {
      if (type !== K.RTM_NEWROUTE) return;
      this.#guard(() => {
        const row = decodeRoute(bytes, at, end);
        if (row?.protocol !== RTPROT_EVPND) return;
        const key = keyOf(row);
        seen.add(key);
        if (!notified.has(key)) this.observer.routeRow(row);
      });
    };
    try {
      while (!this.#closed && this.#dump.step(visit) === 'more') {
        await slicer.breathe();
        await this.drainAll(slicer);
      }
      if (!this.#closed) await this.drainAll(slicer);
    } finally {
      this.#notified = undefined;
    }
    for (const row of this.known.routeRows()) {
      const key = keyOf(row);
      if (isOf(family, prefixAddress(row.prefix)) && !seen.has(key) && !notified.has(key))
        missing.set(key, row);
    }
    return missing;
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

function keyOf({ tableId, metric, prefix }: RouteRow): string {
  return `${tableId} ${metric} ${prefix}`;
}

function isOf(family: number, ip: Ip): boolean {
  return isIpv4(ip) === (family === K.AF_INET);
}
