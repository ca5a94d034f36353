import { KEY_WORDS, NumberTable, putWideNumber, wideNumber } from '../../tables/index.js';
import { emptyList, type Mac } from '../../types/index.js';
import type { MacDestination } from './destination.js';
import type { Failure, Intents, MacIntent } from './intents.js';

/** The words of an intent; an epoch takes two. */
const MARKS = KEY_WORDS;
const EPOCH = KEY_WORDS + 1;
const WIDTH = 3;

const PINNED = 1;
const SETTLED = 2;
const WITHHELD = 4;

/** An intent where it stands, read without a copy. */
class MacIntentView implements MacIntent {
  row = 0;

  constructor(
    readonly table: NumberTable<Mac>,
    readonly destinations: readonly MacDestination[],
    readonly failures: ReadonlyMap<Mac, Failure>,
  ) {}

  get to(): MacDestination {
    return this.destinations[this.row];
  }
  get pinned(): boolean {
    return (this.table.cells[this.row * this.table.stride + MARKS] & PINNED) !== 0;
  }
  get settled(): boolean {
    return (this.table.cells[this.row * this.table.stride + MARKS] & SETTLED) !== 0;
  }
  get overEpoch(): number {
    const { cells, stride } = this.table;
    return wideNumber(cells, this.row * stride + EPOCH);
  }
  get failure(): Failure | undefined {
    return this.failures.size > 0 ? this.failures.get(this.table.keyOf(this.row)) : undefined;
  }
}

/** The remote MACs that a VNI should have, 28 octets each and the index. */
export class MacIntents implements Intents<Mac, MacIntent> {
  readonly #table = new NumberTable<Mac>(WIDTH);
  /** Of the same numbers as the table's rows. */
  readonly #destinations = emptyList<MacDestination>();
  /** Few fail. */
  readonly #failures = new Map<Mac, Failure>();
  readonly #view = new MacIntentView(this.#table, this.#destinations, this.#failures);
  /** How many are withheld. */
  withheld = 0;

  get size(): number {
    return this.#table.size;
  }

  /** The MACs whose last attempt failed. */
  get failed(): Iterable<Mac> {
    return this.#failures.keys();
  }

  /** How many those are. */
  get failures(): number {
    return this.#failures.size;
  }

  has(mac: Mac): boolean {
    return this.#table.find(mac) >= 0;
  }

  /** A copy of what is wanted of the MAC, if anything is. */
  get(mac: Mac): MacIntent | undefined {
    const view = this.peek(mac);
    if (!view) return undefined;
    const { to, pinned, overEpoch, settled, failure } = view;
    return { to, pinned, overEpoch, settled, failure };
  }

  /** The MAC's intent, if any, for a look at once: the next call of anything here may make another of it. */
  peek(mac: Mac): MacIntent | undefined {
    const row = this.#table.find(mac);
    if (row < 0) return undefined;
    this.#view.row = row;
    return this.#view;
  }

  /** Every MAC. None must come or go meanwhile. */
  *keys(): Iterable<Mac> {
    for (let row = 0; row < this.#table.size; row++) yield this.#table.keyOf(row);
  }

  /**
   * Wants the MAC there; it is not settled from now on. False where it was wanted so and is settled: it stays so. One that is
   * withheld stays so, but where no frame may move it, and where a row on one of our ports is to be written over: nothing
   * else takes that away.
   */
  set(mac: Mac, to: MacDestination, pinned: boolean, overEpoch: number): boolean {
    const size = this.#table.size;
    const row = this.#table.add(mac);
    const { cells, stride } = this.#table;
    const at = row * stride;
    let marks = pinned ? PINNED : 0;
    if (this.withheld > 0 && row < size && (cells[at + MARKS] & WITHHELD) !== 0) {
      const beats = overEpoch !== 0 && overEpoch !== wideNumber(cells, at + EPOCH);
      if (pinned || beats) this.withheld--;
      else marks |= WITHHELD;
    }
    if (row < size && cells[at + MARKS] === (marks | SETTLED) && this.#destinations[row] === to) return false;
    this.#destinations[row] = to;
    cells[at + MARKS] = marks;
    putWideNumber(cells, at + EPOCH, overEpoch);
    return true;
  }

  /** Returns false where there was none. */
  delete(mac: Mac): boolean {
    if (this.isWithheld(mac)) this.withheld--;
    const row = this.#table.remove(mac);
    if (row < 0) return false;
    const last = this.#destinations.pop();
    if (last !== undefined && row < this.#destinations.length) this.#destinations[row] = last;
    if (this.#failures.size > 0) this.#failures.delete(mac);
    return true;
  }

  clear(): void {
    this.#table.clear();
    this.#destinations.length = 0;
    this.#failures.clear();
    this.withheld = 0;
  }

  /** The MAC is wanted, and no row of it is to stand. */
  isWithheld(mac: Mac): boolean {
    if (this.withheld === 0) return false;
    const row = this.#table.find(mac);
    return row >= 0 && (this.#table.cells[row * this.#table.stride + MARKS] & WITHHELD) !== 0;
  }

  /** Every MAC that is withheld. None must come or go meanwhile. */
  *withheldKeys(): Iterable<Mac> {
    if (this.withheld === 0) return;
    const { cells, stride, size } = this.#table;
    for (let row = 0; row < size; row++)
      if ((cells[row * stride + MARKS] & WITHHELD) !== 0) yield this.#table.keyOf(row);
  }

  /** Withholds a MAC, or no longer; it is not settled from now on. False where it is so already, or is not wanted. */
  withhold(mac: Mac, withheld: boolean): boolean {
    const row = this.#table.find(mac);
    if (row < 0 || this.isWithheld(mac) === withheld) return false;
    const { cells, stride } = this.#table;
    const at = row * stride + MARKS;
    cells[at] = (withheld ? cells[at] | WITHHELD : cells[at] & ~WITHHELD) & ~SETTLED;
    this.withheld += withheld ? 1 : -1;
    return true;
  }

  /** Notes whether the kernel holds the MAC as it is wanted. */
  settle(mac: Mac, settled: boolean): void {
    const row = this.#table.find(mac);
    if (row < 0) return;
    const { cells, stride } = this.#table;
    const at = row * stride + MARKS;
    cells[at] = settled ? cells[at] | SETTLED : cells[at] & ~SETTLED;
  }

  /** Notes how the last attempt failed; undefined where it did not. */
  fail(mac: Mac, failure: Failure | undefined): void {
    if (failure && this.has(mac)) this.#failures.set(mac, failure);
    else if (this.#failures.size > 0) this.#failures.delete(mac);
  }
}
