import {
  type IpNumber,
  IpNumbers,
  KEY_WORDS,
  NumberTable,
  putWideNumber,
  wideNumber,
} from '../tables/index.js';
import { type Ip, type Mac, macFromParts, macHigh16, macLow32 } from '../types/index.js';
import type { NeighRow } from './rows.js';

/** A neighbor row with the number of its stay as a local one with this MAC; 0 while it is none. */
export interface MirroredNeighRow extends NeighRow {
  readonly epoch: number;
}

/** The words of a row after the IP's number: MARKS holds eight bits of state, sixteen of flags, eight of protocol. */
const LLADDR_LOW = KEY_WORDS;
const LLADDR_HIGH = KEY_WORDS + 1;
const MARKS = KEY_WORDS + 2;
const EPOCH = KEY_WORDS + 3;
const WIDTH = 5;

/** In LLADDR_HIGH of a row without a MAC. */
const NO_MAC = 0xffff_ffff;

/** A row where it stands, read without a copy. */
class NeighRowView implements MirroredNeighRow {
  row = 0;

  constructor(
    readonly ifindex: number,
    readonly table: NumberTable<IpNumber>,
    readonly numbers: IpNumbers,
  ) {}

  get ip(): Ip {
    return this.numbers.ipOf(this.table.keyOf(this.row));
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

/** The neighbors of one device, 28 octets each and the index; an IPv6 address has an entry in a Map besides. */
export class NeighRows {
  readonly #numbers = new IpNumbers();
  readonly #table = new NumberTable<IpNumber>(WIDTH);
  readonly #view: NeighRowView;

  constructor(ifindex: number) {
    this.#view = new NeighRowView(ifindex, this.#table, this.#numbers);
  }

  /** A copy of the IP's row, if any. */
  get(ip: Ip): MirroredNeighRow | undefined {
    const view = this.peek(ip);
    return view && copy(view);
  }

  /** The IP's row, if any, for a look at once: the next call of anything here may make another of it. */
  peek(ip: Ip): MirroredNeighRow | undefined {
    const number = this.#numbers.find(ip);
    const row = number === undefined ? -1 : this.#table.find(number);
    if (row < 0) return undefined;
    this.#view.row = row;
    return this.#view;
  }

  /** Stores the row in the place of the one that the IP has; state and protocol have eight bits, flags sixteen. */
  put(ip: Ip, mac: Mac | undefined, state: number, flags: number, protocol: number, epoch: number): void {
    const row = this.#table.add(this.#numbers.allocate(ip));
    const { cells, stride } = this.#table;
    const at = row * stride;
    cells[at + LLADDR_LOW] = mac === undefined ? 0 : macLow32(mac);
    cells[at + LLADDR_HIGH] = mac === undefined ? NO_MAC : macHigh16(mac);
    cells[at + MARKS] = (protocol << 24) | (flags << 8) | state;
    putWideNumber(cells, at + EPOCH, epoch);
  }

  delete(ip: Ip): void {
    const number = this.#numbers.find(ip);
    if (number === undefined) return;
    this.#table.remove(number);
    this.#numbers.free(ip);
  }

  /** Every IP whose row has the MAC: a look at each row. */
  ipsOf(mac: Mac): Ip[] {
    const ips: Ip[] = [];
    const { cells, stride } = this.#table;
    const low = macLow32(mac);
    const high = macHigh16(mac);
    for (let row = 0; row < this.#table.size; row++)
      if (cells[row * stride + LLADDR_LOW] === low && cells[row * stride + LLADDR_HIGH] === high)
        ips.push(this.#numbers.ipOf(this.#table.keyOf(row)));
    return ips;
  }

  /** Copies of every row. Rows may come and go meanwhile, as `NumberTable.walk` says. */
  *rows(): Iterable<MirroredNeighRow> {
    for (const row of this.#table.walk()) {
      this.#view.row = row;
      yield copy(this.#view);
    }
  }
}

function copy({ ifindex, ip, mac, state, flags, protocol, epoch }: MirroredNeighRow): MirroredNeighRow {
  return { ifindex, ip, mac, state, flags, protocol, epoch };
}
