import { KEY_WORDS, NumberTable } from '../tables/index.js';
import { emptyList, type Ip, type Mac } from '../types/index.js';
import type { VxlanFdbRow } from './rows.js';

/** The words of a row: state in the lower half of MARKS, flags in the upper. */
const NEXTHOP = KEY_WORDS;
const MARKS = KEY_WORDS + 1;
const WIDTH = 2;

/** A row where it stands, read without a copy. */
class VxlanRowView implements VxlanFdbRow {
  row = 0;

  constructor(
    readonly ifindex: number,
    readonly srcVni: number,
    readonly table: NumberTable<Mac>,
    readonly dsts: readonly (Ip | undefined)[],
  ) {}

  get mac(): Mac {
    return this.table.keyOf(this.row);
  }
  get dst(): Ip | undefined {
    return this.dsts[this.row];
  }
  get nexthopId(): number {
    return this.table.cells[this.row * this.table.stride + NEXTHOP];
  }
  get state(): number {
    return this.table.cells[this.row * this.table.stride + MARKS] & 0xffff;
  }
  get flags(): number {
    return this.table.cells[this.row * this.table.stride + MARKS] >>> 16;
  }
}

/** The rows of one (device, source VNI), 24 octets each and the index. */
export class VxlanRows {
  readonly #table = new NumberTable<Mac>(WIDTH);
  /** Of the same numbers as the table's rows. */
  readonly #dsts = emptyList<Ip | undefined>();
  readonly #view: VxlanRowView;

  constructor(ifindex: number, srcVni: number) {
    this.#view = new VxlanRowView(ifindex, srcVni, this.#table, this.#dsts);
  }

  get size(): number {
    return this.#table.size;
  }

  /** A copy of the MAC's row, if any. */
  get(mac: Mac): VxlanFdbRow | undefined {
    const view = this.peek(mac);
    return view && copy(view);
  }

  /** The MAC's row, if any, for a look at once: the next call of anything here may make another of it. */
  peek(mac: Mac): VxlanFdbRow | undefined {
    const row = this.#table.find(mac);
    if (row < 0) return undefined;
    this.#view.row = row;
    return this.#view;
  }

  /** Stores the row in the place of the one that the MAC has; returns false if that one was equal. */
  put(mac: Mac, dst: Ip | undefined, nexthopId: number, state: number, flags: number): boolean {
    const size = this.#table.size;
    const row = this.#table.add(mac);
    const { cells, stride } = this.#table;
    const at = row * stride;
    const marks = ((flags << 16) | state) >>> 0;
    if (
      row < size &&
      this.#dsts[row] === dst &&
      cells[at + NEXTHOP] === nexthopId &&
      cells[at + MARKS] === marks
    )
      return false;
    cells[at + NEXTHOP] = nexthopId;
    cells[at + MARKS] = marks;
    this.#dsts[row] = dst;
    return true;
  }

  /** Returns false where there was none. */
  delete(mac: Mac): boolean {
    const row = this.#table.remove(mac);
    if (row < 0) return false;
    const last = this.#dsts.pop();
    if (row < this.#dsts.length) this.#dsts[row] = last;
    return true;
  }

  /** Copies of every row. Rows may come and go meanwhile, as `NumberTable.walk` says. */
  *rows(): Iterable<VxlanFdbRow> {
    for (const row of this.#table.walk()) {
      this.#view.row = row;
      yield copy(this.#view);
    }
  }
}

function copy({ ifindex, srcVni, mac, dst, nexthopId, state, flags }: VxlanFdbRow): VxlanFdbRow {
  return { ifindex, srcVni, mac, dst, nexthopId, state, flags };
}
