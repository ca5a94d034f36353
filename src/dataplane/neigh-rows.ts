import {
  type Ip,
  MAC_WORDS,
  type Mac,
  MacTable,
  macFromParts,
  macHigh16,
  macLow32,
  putWideNumber,
  wideNumber,
} from '../types/index.js';
import { IpKeys } from './ip-keys.js';
import type { NeighRow } from './rows.js';

/** A neighbour row with the number of its stay as a local one with this MAC; 0 while it is none. */
export interface MirroredNeighRow extends NeighRow {
  readonly epoch: number;
}

/** The words of a row behind the IP's key: MARKS holds eight bits of state, sixteen of flags, eight of protocol. */
const LLADDR_LOW = MAC_WORDS;
const LLADDR_HIGH = MAC_WORDS + 1;
const MARKS = MAC_WORDS + 2;
const EPOCH = MAC_WORDS + 3;
const WIDTH = 5;

/** In LLADDR_HIGH of a row without a MAC. */
const NO_MAC = 0xffff_ffff;

/** A row where it stands, read without a copy. */
class NeighRowView implements MirroredNeighRow {
  row = 0;

  constructor(
    readonly ifindex: number,
    readonly table: MacTable,
    readonly keys: IpKeys,
  ) {}

  get ip(): Ip {
    return this.keys.ipOf(this.table.macOf(this.row));
  }
  get mac(): Mac | undefined {
    const { cells, stride } = this.table;
    const at = this.row * stride;
    return cells[at + LLADDR_HIGH] === NO_MAC
      ? undefined
      : macFromParts(cells[at + LLADDR_HIGH], cells[at + LLADDR_LOW]);
  }
  get state(): number {
    return this.table.cells[this.row * this.table.stride + MARKS] & 0xff;
  }
  get flags(): number {
    return (this.table.cells[this.row * this.table.stride + MARKS] >>> 8) & 0xffff;
  }
  get protocol(): number {
    return this.table.cells[this.row * this.table.stride + MARKS] >>> 24;
  }
  get epoch(): number {
    const { cells, stride } = this.table;
    return wideNumber(cells, this.row * stride + EPOCH);
  }
}

/** The neighbours of one device, 28 octets each and the index; an IPv6 address has an entry in a Map besides. */
export class NeighRows {
  readonly #keys = new IpKeys();
  readonly #table = new MacTable(WIDTH);
  readonly #view: NeighRowView;

  constructor(ifindex: number) {
    this.#view = new NeighRowView(ifindex, this.#table, this.#keys);
  }

  /** A copy of the IP's row, if any. */
  get(ip: Ip): MirroredNeighRow | undefined {
    const view = this.peek(ip);
    return view && copy(view);
  }

  /** The IP's row, if any, for a look at once: the next call of anything here may make another of it. */
  peek(ip: Ip): MirroredNeighRow | undefined {
    const key = this.#keys.find(ip);
    const row = key === undefined ? -1 : this.#table.find(key);
    if (row < 0) return undefined;
    this.#view.row = row;
    return this.#view;
  }

  /** Stores the row in the place of the one that the IP has; state and protocol have eight bits, flags sixteen. */
  put(ip: Ip, mac: Mac | undefined, state: number, flags: number, protocol: number, epoch: number): void {
    const row = this.#table.add(this.#keys.give(ip));
    const { cells, stride } = this.#table;
    const at = row * stride;
    cells[at + LLADDR_LOW] = mac === undefined ? 0 : macLow32(mac);
    cells[at + LLADDR_HIGH] = mac === undefined ? NO_MAC : macHigh16(mac);
    cells[at + MARKS] = (protocol << 24) | (flags << 8) | state;
    putWideNumber(cells, at + EPOCH, epoch);
  }

  delete(ip: Ip): void {
    const key = this.#keys.find(ip);
    if (key === undefined) return;
    this.#table.remove(key);
    this.#keys.drop(ip);
  }

  /** Every IP whose row has the MAC: a look at each row. */
  ipsOf(mac: Mac): Ip[] {
    const ips: Ip[] = [];
    const { cells, stride } = this.#table;
    const low = macLow32(mac);
    const high = macHigh16(mac);
    for (let row = 0; row < this.#table.size; row++)
      if (cells[row * stride + LLADDR_LOW] === low && cells[row * stride + LLADDR_HIGH] === high)
        ips.push(this.#keys.ipOf(this.#table.macOf(row)));
    return ips;
  }

  /** Copies of every row. Rows must not come or go meanwhile. */
  *rows(): Iterable<MirroredNeighRow> {
    for (let row = 0; row < this.#table.size; row++) {
      this.#view.row = row;
      yield copy(this.#view);
    }
  }
}

function copy({ ifindex, ip, mac, state, flags, protocol, epoch }: MirroredNeighRow): MirroredNeighRow {
  return { ifindex, ip, mac, state, flags, protocol, epoch };
}
