import { type Clock, hearBetweenSlices, type Log, systemClock, type Timer } from '../types/index.js';
import * as K from './constants.js';
import { echoFilter, type Hidden, withoutMainTable } from './echo-filter.js';
import { eachMessage, type MessageBuffer, NetlinkFormatError } from './message.js';
import type { NetlinkSockets } from './native.js';
import { isRtnetlinkEcho, type NeighMessage } from './neigh-codec.js';
import { ReadAhead } from './read-ahead.js';
import { isDrained, type Received, RouteSocket } from './route-socket.js';
import type { Slicer } from './slicer.js';

const GROUPS = [
  K.RTNLGRP_LINK,
  K.RTNLGRP_NEIGH,
  K.RTNLGRP_IPV4_IFADDR,
  K.RTNLGRP_IPV6_IFADDR,
  K.RTNLGRP_BRVLAN,
  K.RTNLGRP_TUNNEL,
];
/** Of nexthops and routes, for who writes such. */
const ROUTE_GROUPS = [K.RTNLGRP_NEXTHOP, K.RTNLGRP_IPV4_ROUTE, K.RTNLGRP_IPV6_ROUTE];
const BUFFER = 512 * 1024;
/** A link message of a port with thousands of VLANs is the longest there is. */
const ROOM = 256 * 1024;
/** Datagrams of one reading, mostly one notification each: a fraction of a millisecond's work. */
const READING = 128;
/** One drain reads for so many milliseconds: a storm must not hold the event loop. */
const DRAIN_MS = 2;
/**
 * So does one turn of the event loop, of which it is most, and some of it in any turn. The kernel reports in one line, faster
 * than its reports are handled: whatever is left in it the next host waits for.
 */
const TURN_MS = 3;
const TURN_LEAST_MS = 1;
/** And so it does between two slices of others' work. */
const BETWEEN_MS = 1;
/** What is left over is read for so long at most, which is a thousand notifications, to find in it what goes first. */
const AHEAD_MS = 1;
/** And so often at least: where the processor is somebody else's for a while, time is no measure of what was read. */
const AHEAD_READINGS = 8;

/** What the monitor reports to its owner. */
export interface MonitorEvents {
  /** Before anything is read. */
  reading(): void;
  /** One notification; a NetlinkFormatError that it throws is counted. */
  message(type: number, at: number, end: number): void;
  /** The row may be handed over before what came before it, where nothing of that is about its MAC, its port or its bridge. */
  goesFirst(row: NeighMessage): boolean;
  /** Everything that waited has been handed over. */
  drained(): void;
  /** Notifications are lost: what is known of the kernel is no longer what it holds. */
  lost(cause: 'overrun' | 'truncation'): void;
}

/** Which routes, and nexthops with them, a monitor reports. */
export type FollowedRoutes = 'none' | 'vrfs' | 'all';

/**
 * The notifications of links, addresses, VLANs, FDB rows and neighbors, in the kernel's order, but for rows that go first. The kernel
 * has one line for all, and of fifty thousand hosts at one port each took its turn before one that had moved here.
 */
export class Monitor {
  readonly #socket: RouteSocket;
  readonly #events: MonitorEvents;
  readonly #log: Log;
  #withMainTable: boolean;
  #draining = false;
  #paused = false;
  #closed = false;
  #hearing: Timer | undefined;
  readonly #ahead: ReadAhead;
  /** The last reading has left something. */
  #isBehind = false;
  /** Where the message is that is handed over now. */
  #buffer: MessageBuffer;
  #goesOn: NodeJS.Immediate | undefined;
  #drainedAt = Number.NEGATIVE_INFINITY;
  notifications = 0;
  overruns = 0;
  #malformed = 0;

  /** Throws NetlinkError where the kernel refuses a socket. Nothing is reported before `watch` or `drain`. */
  constructor(
    receiveBuffer: number,
    events: MonitorEvents,
    log: Log,
    sockets?: NetlinkSockets,
    /** Nexthops and routes: none, those of VRFs, or all. */
    routes: FollowedRoutes = 'none',
    readonly clock: Pick<Clock, 'now' | 'sliceEnd'> = systemClock,
  ) {
    this.#events = events;
    this.#withMainTable = routes !== 'vrfs';
    this.#log = log;
    this.#socket = new RouteSocket(BUFFER, ROOM, { receiveBuffer, datagrams: READING, sockets });
    this.#buffer = this.#socket.buffer;
    this.#ahead = new ReadAhead({
      goesFirst: (row) => events.goesFirst(row),
      message: (buffer, type, at, end) => {
        this.#buffer = buffer;
        this.#message(type, at, end);
      },
    });
    if (this.#socket.refused !== undefined)
      log.warn({ receiveBuffer }, `bursts of changes will cost re-reads: ${this.#socket.refused}`);
    if (!this.#withMainTable && !this.#socket.filter(withoutMainTable())) this.#withMainTable = true;
    for (const group of routes !== 'none' ? [...GROUPS, ...ROUTE_GROUPS] : GROUPS)
      if (!this.#socket.join(group))
        log.warn(
          { group },
          'this kernel has no such netlink group: changes of VLANs, or of VNI filters, may go unnoticed',
        );
  }

  /** Where the message is that is handed over now. */
  get buffer(): MessageBuffer {
    return this.#buffer;
  }

  /** Messages that the kernel dropped here because the buffer was full. */
  get drops(): number {
    return this.#closed ? 0 : this.#socket.drops();
  }

  /** Something waits to be handed over. */
  get hasNews(): boolean {
    return !this.#closed && (!this.#ahead.isEmpty || this.#socket.queued() > 0);
  }

  /** From now on hands over notifications as they come, for a few milliseconds a turn of the event loop. */
  watch(): void {
    this.#socket.watch(() => {
      if (this.#paused) this.#hearFirst();
      else this.#read(TURN_MS, TURN_LEAST_MS);
    }, this.#failed);
    this.#hearing = hearBetweenSlices(() => {
      try {
        if (this.#paused) this.#hearFirst();
        else if (this.hasNews) this.#read(BETWEEN_MS);
      } catch (thrown) {
        this.#failed(thrown);
      }
    });
  }

  readonly #failed = (thrown: unknown): void =>
    this.#log.error({ err: thrown }, 'handling notifications failed');

  /** No socket calls for what has been read and not handed over, nor for the word that nothing is left where time ended with the last. */
  #goOn(): void {
    if (!this.#isBehind || this.#closed || this.#paused) return;
    if (this.#ahead.isEmpty && this.#socket.queued() > 0) return;
    this.#goesOn ??= setImmediate(() => {
      this.#goesOn = undefined;
      if (this.#paused) return;
      try {
        this.#read(TURN_MS, TURN_LEAST_MS);
      } catch (thrown) {
        this.#failed(thrown);
      }
    });
  }

  /** Hands over nothing by itself until `resume` but what goes first: what else comes waits, as far as there is room for it. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#closed) this.#socket.resume();
    this.#goOn();
  }

  /** Nothing was left `age` milliseconds ago, or less. */
  wasDrained(age: number): boolean {
    return age > 0 && performance.now() - this.#drainedAt <= age;
  }

  /**
   * Hands over what waits, as far as a few milliseconds go; does nothing while a notification is being handled. True where
   * nothing is left: only then does the kernel report another overrun, until then it drops silently
   * (net/netlink/af_netlink.c netlink_overrun).
   */
  drain(): boolean {
    return this.#read(DRAIN_MS);
  }

  /** Hands over all that waits, however much it is, and lets others have their turns meanwhile. */
  async drainAll(slicer: Slicer): Promise<void> {
    while (!this.drain()) await slicer.breathe();
  }

  /** Leaves this out until called again; undefined leaves out nothing. False where the kernel refuses. */
  hide(hidden: Hidden | undefined): boolean {
    if (this.#closed) return true;
    if (hidden) return this.#socket.filter(echoFilter(hidden, this.#withMainTable));
    return this.#socket.filter(this.#withMainTable ? undefined : withoutMainTable());
  }

  close(): void {
    this.#closed = true;
    this.#hearing?.cancel();
    clearImmediate(this.#goesOn);
    this.#socket.close();
  }

  /** Reads once, and again while this turn of the event loop has time for it. True where nothing is left. */
  #read(most: number, least?: number): boolean {
    if (this.#draining || this.#closed) return this.#closed;
    this.#draining = true;
    try {
      this.#events.reading();
      const end = this.clock.sliceEnd(most, least);
      if (this.#isBehind) this.#lookAhead();
      while (!this.#closed) {
        if (!this.#ahead.isEmpty) this.#ahead.take(this.#aheadDatagram);
        else if (this.#receive()) {
          this.#isBehind = false;
          this.#drainedAt = performance.now();
          this.#events.drained();
          return true;
        }
        if (this.clock.now() >= end) break;
      }
      this.#isBehind = true;
      return this.#closed;
    } finally {
      this.#draining = false;
      this.#goOn();
    }
  }

  /** Hands over nothing but what goes first, without a word to whoever is to know that anything is read. */
  #hearFirst(): void {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    try {
      this.#isBehind = true;
      this.#lookAhead();
      if (this.#ahead.isFull) this.#socket.pause();
    } finally {
      this.#draining = false;
    }
  }

  /** Reads what came behind what is left, and hands over what goes first. */
  #lookAhead(): void {
    const end = this.clock.now() + AHEAD_MS;
    for (let readings = 1; !this.#closed && !this.#ahead.isFull; readings++) {
      const received = this.#ahead.read(this.#socket);
      if (isDrained(received)) break;
      this.#noteLoss(received);
      if (readings >= AHEAD_READINGS && this.clock.now() >= end) break;
    }
    if (!this.#closed) this.#ahead.handOver();
  }

  /** Reads the socket once, and hands over what was read; true where nothing is left in it. */
  #receive(): boolean {
    this.#buffer = this.#socket.buffer;
    const received = this.#socket.receive(this.#datagram);
    if (isDrained(received)) return true;
    this.#noteLoss(received);
    return false;
  }

  #noteLoss({ errno }: Received): void {
    if (errno === K.ENOBUFS) {
      this.overruns++;
      this.#events.lost('overrun');
    } else if (errno === K.EMSGSIZE) this.#events.lost('truncation');
  }

  readonly #aheadDatagram = (buffer: MessageBuffer, start: number, length: number): void => {
    this.#buffer = buffer;
    this.#datagram(start, length);
  };

  /** One garbled datagram must not take the others with it. */
  readonly #datagram = (start: number, length: number): void => {
    if (this.#closed) return;
    try {
      eachMessage(this.#buffer, start, length, this.#message);
    } catch (error) {
      this.#garbled(error);
    }
  };

  readonly #message = (type: number, at: number, end: number): void => {
    if (type === K.NLMSG_NOOP) return;
    this.notifications++;
    if ((type === K.RTM_NEWNEIGH || type === K.RTM_DELNEIGH) && isRtnetlinkEcho(this.#buffer.words, at, end))
      return;
    try {
      this.#events.message(type, at, end);
    } catch (error) {
      this.#garbled(error);
    }
  };

  #garbled(error: unknown): void {
    if (!(error instanceof NetlinkFormatError)) {
      this.#log.error({ err: error }, 'handling a notification failed');
      return;
    }
    this.#malformed++;
    // The first and then ever fewer: a kernel that garbles one will garble many
    if ((this.#malformed & (this.#malformed - 1)) === 0)
      this.#log.warn({ count: this.#malformed }, `malformed netlink message: ${error.message}`);
  }
}
