import { KEY_WORDS, NumberTable, putWideNumber, wideNumber } from '../tables/index.js';
import type { Mac } from '../types/index.js';
import type { BridgeFdbRow } from './rows.js';

/** A bridge row with the number of its stay on this port: a MAC that left and came back has another epoch. */
export interface MirroredBridgeRow extends BridgeFdbRow {
  readonly epoch: number;
}

/** The words of a row: state in the lower half of MARKS, flags in the upper; an epoch takes two. */
const PORT = KEY_WORDS;
const MARKS = KEY_WORDS + 1;
const EPOCH = KEY_WORDS + 2;
const WIDTH = 4;

/** A row where it stands, read without a copy. */
class BridgeRowView implements MirroredBridgeRow {
  row = 0;

  constructor(
    readonly bridgeIfindex: number,
    readonly vlan: number,
    readonly table: NumberTable<Mac>,
  ) {}

  get mac(): Mac {
    return this.table.keyOf(this.row);
  }
  get port(): number {
    return this.table.cells[this.row * this.table.stride + PORT];
  }
  get state(): number {
    return this.table.cells[this.row * this.table.stride + MARKS] & 0xffff;
  }
  get flags(): number {
    return this.table.cells[this.row * this.table.stride + MARKS] >>> 16;
  }
  get epoch(): number {
    const { cells, stride } = this.table;
    return wideNumber(cells, this.row * stride + EPOCH);
  }
}

/** The rows of one (bridge, VLAN), 24 octets each and the index. */
export class BridgeRows {
  readonly #table = new NumberTable<Mac>(WIDTH);
  readonly #view: BridgeRowView;

  constructor(bridgeIfindex: number, vlan: number) {
    this.#view = new BridgeRowView(bridgeIfindex, vlan, this.#table);
  }

  get size(): number {
    return this.#table.size;
  }

  /** A copy of the MAC's row, if any. */
  get(mac: Mac): MirroredBridgeRow | undefined {
    const view = this.peek(mac);
    return view && copy(view);
  }

  /** The MAC's row, if any, for a look at once: the next call of anything here may make another of it. */
  peek(mac: Mac): MirroredBridgeRow | undefined {
    const row = this.#table.find(mac);
    if (row < 0) return undefined;
    this.#view.row = row;
    return this.#view;
  }

  /** Stores the row in the place of the one that the MAC has. */
  put(mac: Mac, port: number, state: number, flags: number, epoch: number): void {
    const row = this.#table.add(mac);
    const { cells, stride } = this.#table;
    const at = row * stride;
    cells[at + PORT] = port;
    cells[at + MARKS] = (flags << 16) | state;
    putWideNumber(cells, at + EPOCH, epoch);
  }

  /** Changes nothing but state and flags of the row. */
  mark(mac: Mac, state: number, flags: number): void {
    const { cells, stride } = this.#table;
    const row = this.#table.find(mac);
    if (row >= 0) cells[row * stride + MARKS] = (flags << 16) | state;
  }

  delete(mac: Mac): void {
    this.#table.remove(mac);
  }

  /** Copies of every row, or of those that point to `port`. Rows may come and go meanwhile, as `NumberTable.walk` says. */
  *rows(port?: number): Iterable<MirroredBridgeRow> {
    const view = this.#view;
    for (const row of this.#table.walk()) {
      view.row = row;
      if (port === undefined || view.port === port) yield copy(view);
    }
  }
}

function copy({ bridgeIfindex, vlan, mac, port, state, flags, epoch }: MirroredBridgeRow): MirroredBridgeRow {
  return { bridgeIfindex, vlan, mac, port, state, flags, epoch };
}
