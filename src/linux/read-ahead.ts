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
/** Octets that a reading takes beside its datagrams, roughly: it may be of a single one. */
const READING_OVERHEAD = 1024;

/** What one reading of the socket took. */
interface Reading {
  readonly buffer: MessageBuffer;
  /** Of its datagrams, each at a multiple of 4. */
  readonly lengths: readonly number[];
  /** Of its rows that wait. */
  readonly macs: Mac[];
}

/** A row that goes first unless something behind it says otherwise. */
interface Candidate {
  readonly reading: Reading;
  readonly type: number;
  readonly at: number;
  readonly end: number;
  readonly ifindex: number;
  readonly master: number;
  readonly vlan: number;
}

/** Who is asked about what has been read. */
export interface AheadOf {
  /** The row may be handed over before all others. */
  goesFirst(row: NeighMessage): boolean;
  /** Hands it over. */
  message(buffer: MessageBuffer, type: number, at: number, end: number): void;
}

/** Where the ifindex is: behind four octets of a family and the like, in ifinfomsg, ifaddrmsg, br_vlan_msg and tunnel_msg. */
const IFINDEX = NLMSG_HDRLEN + 4;

/**
 * Notifications that have been read before their turn: in the kernel's order, but that a row which may go first does so where
 * nothing of its MAC waits before it, and nothing of its port or its bridge: what came before it could have meant another row. And
 * nothing of its own key behind it, as far as was read: its host may have gone, or we may have written the row since.
 */
export class ReadAhead {
  readonly #readings = new Fifo<Reading>();
  #octets = 0;
  /** How many of the rows that wait are of a MAC. */
  readonly #waiting = new NumberTable<Mac>(1);
  /** Of which something waits that is about the device and not about rows or routes. */
  readonly #devices = new Set<number>();
  /** Of which MACs rows may go first, until `handOver`. */
  readonly #candidates = new Map<Mac, Candidate[]>();
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

  /** Reads the socket once and keeps what was read; `handOver` is called when it has been read for now. */
  read(socket: Pick<RouteSocket, 'buffer' | 'receive'>): Received {
    const lengths: number[] = [];
    let octets = 0;
    const received = socket.receive((start, length) => {
      lengths.push(length);
      octets = start + ((length + 3) & ~3);
    });
    if (lengths.length === 0) return received;
    const memory = socket.buffer.bytes.buffer.slice(0, octets);
    const buffer = { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
    const reading = { buffer, lengths, macs: [] };
    this.#readings.push(reading);
    this.#octets += octets + READING_OVERHEAD;
    eachDatagram(reading, (_, start, length) => this.#sort(reading, start, length));
    return received;
  }

  /** Hands over what goes first: not before all that can be read is known, since what is behind a row may have ended it. */
  handOver(): void {
    if (this.#candidates.size === 0) return;
    const first = [...this.#candidates.values()];
    this.#candidates.clear();
    for (const candidates of first)
      for (const { reading, type, at, end } of candidates) {
        this.owner.message(reading.buffer, type, at, end);
        const { words } = reading.buffer;
        const word = (at + 4) >> 2;
        words[word] = (words[word] & 0xffff0000) | K.NLMSG_NOOP;
      }
  }

  /** Visits each datagram of the oldest reading, which is forgotten then. */
  take(visit: (buffer: MessageBuffer, start: number, length: number) => void): void {
    const reading = this.#readings.take();
    if (!reading) return;
    this.#octets -= reading.buffer.bytes.length + READING_OVERHEAD;
    for (const mac of reading.macs) this.#forget(mac);
    if (this.isEmpty) this.#devices.clear();
    eachDatagram(reading, visit);
  }

  #sort(reading: Reading, start: number, length: number): void {
    const { buffer } = reading;
    try {
      eachMessage(buffer, start, length, (type, at, end) => {
        if (type === K.RTM_NEWNEIGH || type === K.RTM_DELNEIGH) this.#sortRow(reading, type, at, end);
        else if (!isOfRoutes(type) && end - at >= IFINDEX + 4)
          this.#devices.add(buffer.words[(at + IFINDEX) >> 2]);
      });
    } catch (error) {
      // It is counted when it is handed over
      if (!(error instanceof NetlinkFormatError)) throw error;
    }
  }

  #sortRow(reading: Reading, type: number, at: number, end: number): void {
    if (isRtnetlinkEcho(reading.buffer.words, at, end)) return;
    const row = this.#row;
    decodeNeigh(reading.buffer, at, end, row);
    const { mac } = row;
    if (mac === undefined) return;
    const before = this.#candidates.get(mac);
    if (before && row.family === K.AF_BRIDGE && !isDeviceRow(row)) this.#contradict(before, row, type, mac);
    if (type === K.RTM_NEWNEIGH && this.#isAlone(row, mac) && this.owner.goesFirst(row)) {
      const { ifindex, master, vlan } = row;
      const candidate = { reading, type, at, end, ifindex, master, vlan };
      const others = this.#candidates.get(mac);
      if (others) others.push(candidate);
      else this.#candidates.set(mac, [candidate]);
      return;
    }
    this.#wait(reading, mac);
  }

  /** Candidates wait their turn of which a row behind them says something else: the neighbors of the host do not. */
  #contradict(candidates: readonly Candidate[], row: NeighMessage, type: number, mac: Mac): void {
    const left = candidates.filter((candidate) => {
      const isSame = candidate.master === row.master && candidate.vlan === row.vlan;
      if (!isSame || (type === K.RTM_NEWNEIGH && candidate.ifindex === row.ifindex)) return true;
      this.#wait(candidate.reading, mac);
      return false;
    });
    if (left.length > 0) this.#candidates.set(mac, left);
    else this.#candidates.delete(mac);
  }

  #wait(reading: Reading, mac: Mac): void {
    reading.macs.push(mac);
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

function eachDatagram(
  { buffer, lengths }: Reading,
  visit: (buffer: MessageBuffer, start: number, length: number) => void,
): void {
  let start = 0;
  for (const length of lengths) {
    visit(buffer, start, length);
    start += (length + 3) & ~3;
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
