import type { KnownRows } from '../dataplane/index.js';
import { KEY_WORDS, NumberTable } from '../tables/index.js';
import { Fifo, type Mac } from '../types/index.js';
import * as K from './constants.js';
import type { LinkTable } from './link-table.js';
import { eachMessage, type MessageBuffer, NetlinkFormatError, NLMSG_HDRLEN } from './message.js';
import { decodeNeigh, isRtnetlinkEcho, type NeighMessage, newNeighMessage } from './neigh-codec.js';
import { isOfRoutes } from './route-messages.js';
import type { Received, RouteSocket } from './route-socket.js';
import { isDeviceRow } from './row-set.js';

/** Octets that are kept here at most, some 80,000 notifications; what comes behind waits in the socket. */
const MOST_OCTETS = 8 << 20;

/** What one reading of the socket took. */
interface Reading {
  readonly buffer: MessageBuffer;
  /** Of its datagrams, each at a multiple of 4. */
  readonly lengths: readonly number[];
  /** Of its rows. */
  readonly macs: readonly Mac[];
}

/** Who is asked about what has been read. */
export interface AheadOf {
  /** The row may be handed over before all others. */
  goesFirst(row: NeighMessage): boolean;
  /** Hands it over, from the socket's own buffer. */
  message(type: number, at: number, end: number): void;
}

/** Where the ifindex is: behind four octets of a family and the like, in ifinfomsg, ifaddrmsg, br_vlan_msg and tunnel_msg. */
const IFINDEX = NLMSG_HDRLEN + 4;

/**
 * Notifications that have been read before their turn: in the kernel's order, but that a row which may go first does so where
 * nothing else of its MAC waits, and nothing of its port or its bridge: what came before it could have meant another row.
 */
export class ReadAhead {
  readonly #readings = new Fifo<Reading>();
  #octets = 0;
  /** How many of the rows that wait are of a MAC. */
  readonly #waiting = new NumberTable<Mac>(1);
  /** Of which something waits that is about the device and not about rows or routes. */
  readonly #devices = new Set<number>();
  readonly #row = newNeighMessage();

  constructor(
    readonly owner: AheadOf,
    readonly mostOctets = MOST_OCTETS,
  ) {}

  get isEmpty(): boolean {
    return this.#readings.size === 0;
  }

  get isFull(): boolean {
    return this.#octets >= this.mostOctets;
  }

  /** Reads the socket once, hands over what goes first and keeps the rest. */
  read(socket: Pick<RouteSocket, 'buffer' | 'receive'>): Received {
    const lengths: number[] = [];
    const macs: Mac[] = [];
    let octets = 0;
    const received = socket.receive((start, length) => {
      this.#sort(socket.buffer, start, length, macs);
      lengths.push(length);
      octets = start + ((length + 3) & ~3);
    });
    if (lengths.length === 0) return received;
    const memory = socket.buffer.bytes.buffer.slice(0, octets);
    const buffer = { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
    this.#readings.push({ buffer, lengths, macs });
    this.#octets += octets;
    return received;
  }

  /** Visits each datagram of the oldest reading, which is forgotten then. */
  take(visit: (buffer: MessageBuffer, start: number, length: number) => void): void {
    const reading = this.#readings.take();
    if (!reading) return;
    this.#octets -= reading.buffer.bytes.length;
    for (const mac of reading.macs) this.#forget(mac);
    if (this.isEmpty) this.#devices.clear();
    let start = 0;
    for (const length of reading.lengths) {
      visit(reading.buffer, start, length);
      start += (length + 3) & ~3;
    }
  }

  #sort(buffer: MessageBuffer, start: number, length: number, macs: Mac[]): void {
    try {
      eachMessage(buffer, start, length, (type, at, end) => {
        if (type === K.RTM_NEWNEIGH || type === K.RTM_DELNEIGH) this.#sortRow(buffer, type, at, end, macs);
        else if (!isOfRoutes(type) && end - at >= IFINDEX + 4)
          this.#devices.add(buffer.words[(at + IFINDEX) >> 2]);
      });
    } catch (error) {
      // It is counted when it is handed over
      if (!(error instanceof NetlinkFormatError)) throw error;
    }
  }

  #sortRow(buffer: MessageBuffer, type: number, at: number, end: number, macs: Mac[]): void {
    const { words } = buffer;
    if (isRtnetlinkEcho(words, at, end)) return;
    const row = this.#row;
    decodeNeigh(buffer, at, end, row);
    const { mac } = row;
    if (mac === undefined) return;
    if (type === K.RTM_NEWNEIGH && this.#isAlone(row, mac) && this.owner.goesFirst(row)) {
      this.owner.message(type, at, end);
      const word = (at + 4) >> 2;
      words[word] = (words[word] & 0xffff0000) | K.NLMSG_NOOP;
      return;
    }
    macs.push(mac);
    const count = this.#waiting.add(mac) * this.#waiting.stride + KEY_WORDS;
    this.#waiting.cells[count]++;
  }

  #isAlone({ ifindex, master }: NeighMessage, mac: Mac): boolean {
    return this.#waiting.find(mac) < 0 && !this.#devices.has(ifindex) && !this.#devices.has(master);
  }

  #forget(mac: Mac): void {
    const count = this.#waiting.find(mac) * this.#waiting.stride + KEY_WORDS;
    if (--this.#waiting.cells[count] === 0) this.#waiting.remove(mac);
  }
}

/** The bridge has the host at a port of ours, and behind a VXLAN device by what is known so far: no leaf sends frames here yet. */
export function hasMovedHere(
  row: NeighMessage,
  table: Pick<LinkTable, 'isVxlan'>,
  known: Pick<KnownRows, 'portOf'>,
): boolean {
  const { family, ifindex, master, vlan, mac } = row;
  if (family !== K.AF_BRIDGE || mac === undefined || isDeviceRow(row) || table.isVxlan(ifindex)) return false;
  const port = known.portOf(master, vlan, mac);
  return port !== undefined && table.isVxlan(port);
}
