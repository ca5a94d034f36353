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
import type { Failure, NeighIntent } from './intents.js';
import { IpKeys } from './ip-keys.js';

/** The words of an intent behind the IP's key; an epoch takes two. */
const MARKS = MAC_WORDS;
const LLADDR_LOW = MAC_WORDS + 1;
const LLADDR_HIGH = MAC_WORDS + 2;
const EPOCH = MAC_WORDS + 3;
const WIDTH = 5;

const ROUTER = 1;
const SETTLED = 2;

/** An intent where it stands, read without a copy. */
class NeighIntentView implements NeighIntent {
  row = 0;

  constructor(
    readonly table: MacTable,
    readonly keys: IpKeys,
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
    return this.failures.size > 0 ? this.failures.get(this.keys.ipOf(this.table.macOf(this.row))) : undefined;
  }
}

/** The remote neighbours that a VNI's SVI should have, 28 octets each and the index; an IPv6 address has an entry in a Map besides. */
export class NeighIntents {
  readonly #keys = new IpKeys();
  readonly #table = new MacTable(WIDTH);
  /** Few fail. */
  readonly #failures = new Map<Ip, Failure>();
  readonly #view = new NeighIntentView(this.#table, this.#keys, this.#failures);

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
    for (let row = 0; row < this.#table.size; row++) yield this.#keys.ipOf(this.#table.macOf(row));
  }

  /** Wants the IP to have the MAC; it is not settled from now on. False where it was wanted so and is settled: it stays so. */
  set(ip: Ip, mac: Mac, router: boolean, overEpoch: number): boolean {
    const size = this.#table.size;
    const row = this.#table.add(this.#keys.give(ip));
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
    const key = this.#keys.find(ip);
    if (key === undefined || this.#table.remove(key) < 0) return false;
    this.#keys.drop(ip);
    this.#failures.delete(ip);
    return true;
  }

  clear(): void {
    this.#table.clear();
    this.#keys.clear();
    this.#failures.clear();
  }

  /** Notes whether the kernel holds the neighbour as it is wanted. */
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
    const key = this.#keys.find(ip);
    return key === undefined ? -1 : this.#table.find(key);
  }
}
