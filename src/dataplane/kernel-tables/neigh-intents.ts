import {
  type IpNumber,
  IpNumbers,
  KEY_WORDS,
  NumberTable,
  putWideNumber,
  wideNumber,
} from '../../tables/index.js';
import { type Ip, type Mac, macFromParts, macHigh16, macLow32 } from '../../types/index.js';
import type { Failure, Intents, NeighIntent } from './intents.js';

/** The words of an intent after the IP's number; an epoch takes two. */
const MARKS = KEY_WORDS;
const LLADDR_LOW = KEY_WORDS + 1;
const LLADDR_HIGH = KEY_WORDS + 2;
const EPOCH = KEY_WORDS + 3;
const WIDTH = 5;

const ROUTER = 1;
const SETTLED = 2;

/** An intent where it stands, read without a copy. */
class NeighIntentView implements NeighIntent {
  row = 0;

  constructor(
    readonly table: NumberTable<IpNumber>,
    readonly numbers: IpNumbers,
    readonly failures: ReadonlyMap<Ip, Failure>,
  ) {}

  get mac(): Mac {
    const { cells, stride } = this.table;
    const at = this.row * stride;
    return macFromParts(cells[at + LLADDR_HIGH], cells[at + LLADDR_LOW]);
  }
  get router(): boolean {
    return (this.table.cells[this.row * this.table.stride + MARKS] & ROUTER) !== 0;
  }
  get settled(): boolean {
    return (this.table.cells[this.row * this.table.stride + MARKS] & SETTLED) !== 0;
  }
  get overEpoch(): number {
    const { cells, stride } = this.table;
    return wideNumber(cells, this.row * stride + EPOCH);
  }
  get failure(): Failure | undefined {
    return this.failures.size > 0
      ? this.failures.get(this.numbers.ipOf(this.table.keyOf(this.row)))
      : undefined;
  }
}

/** The remote neighbors that a VNI's SVI should have, 28 octets each and the index; an IPv6 address has an entry in a Map besides. */
export class NeighIntents implements Intents<Ip, NeighIntent> {
  readonly #numbers = new IpNumbers();
  readonly #table = new NumberTable<IpNumber>(WIDTH);
  /** Few fail. */
  readonly #failures = new Map<Ip, Failure>();
  readonly #view = new NeighIntentView(this.#table, this.#numbers, this.#failures);

  get size(): number {
    return this.#table.size;
  }

  has(ip: Ip): boolean {
    return this.#find(ip) >= 0;
  }

  /** A copy of what is wanted of the IP, if anything is. */
  get(ip: Ip): NeighIntent | undefined {
    const view = this.peek(ip);
    if (!view) return undefined;
    const { mac, router, overEpoch, settled, failure } = view;
    return { mac, router, overEpoch, settled, failure };
  }

  /** The IP's intent, if any, for a look at once: the next call of anything here may make another of it. */
  peek(ip: Ip): NeighIntent | undefined {
    const row = this.#find(ip);
    if (row < 0) return undefined;
    this.#view.row = row;
    return this.#view;
  }

  /** Every IP. None must come or go meanwhile. */
  *keys(): Iterable<Ip> {
    for (let row = 0; row < this.#table.size; row++) yield this.#numbers.ipOf(this.#table.keyOf(row));
  }

  /** Wants the IP to have the MAC; it is not settled from now on. False where it was wanted so and is settled: it stays so. */
  set(ip: Ip, mac: Mac, router: boolean, overEpoch: number): boolean {
    const size = this.#table.size;
    const row = this.#table.add(this.#numbers.allocate(ip));
    const { cells, stride } = this.#table;
    const at = row * stride;
    const marks = router ? ROUTER : 0;
    const low = macLow32(mac);
    const high = macHigh16(mac);
    if (
      row < size &&
      cells[at + MARKS] === (marks | SETTLED) &&
      cells[at + LLADDR_LOW] === low &&
      cells[at + LLADDR_HIGH] === high
    )
      return false;
    cells[at + MARKS] = marks;
    cells[at + LLADDR_LOW] = low;
    cells[at + LLADDR_HIGH] = high;
    putWideNumber(cells, at + EPOCH, overEpoch);
    return true;
  }

  /** Returns false where there was none. */
  delete(ip: Ip): boolean {
    const number = this.#numbers.find(ip);
    if (number === undefined || this.#table.remove(number) < 0) return false;
    this.#numbers.free(ip);
    if (this.#failures.size > 0) this.#failures.delete(ip);
    return true;
  }

  clear(): void {
    this.#table.clear();
    this.#numbers.clear();
    this.#failures.clear();
  }

  /** Notes whether the kernel holds the neighbor as it is wanted. */
  settle(ip: Ip, settled: boolean): void {
    const row = this.#find(ip);
    if (row < 0) return;
    const { cells, stride } = this.#table;
    const at = row * stride + MARKS;
    cells[at] = settled ? cells[at] | SETTLED : cells[at] & ~SETTLED;
  }

  /** Notes how the last attempt failed; undefined where it did not. */
  fail(ip: Ip, failure: Failure | undefined): void {
    if (failure && this.has(ip)) this.#failures.set(ip, failure);
    else if (this.#failures.size > 0) this.#failures.delete(ip);
  }

  #find(ip: Ip): number {
    const number = this.#numbers.find(ip);
    return number === undefined ? -1 : this.#table.find(number);
  }
}
