import { Ntf } from '../dataplane/index.js';
import { KEY_WORDS, NumberTable } from '../tables/index.js';
import { type Ip, MAC_ZERO, type Mac, type Vni } from '../types/index.js';

/** Milliseconds that hardware may take for a row before it counts as not taken. */
export const GRACE_MS = 10_000;

/** What a VNI has in the hardware, of what it wants there. */
export interface OffloadCounts {
  readonly offloaded: number;
  /** Written, and not yet seen in the hardware, or not written yet. */
  readonly pending: number;
  /** The driver said no. */
  readonly refused: number;
  /** The hardware has not taken it in time, and nothing was said. */
  readonly notTaken: number;
  /** That was so, and its rows are kept out of the kernel. */
  readonly withheld: number;
}

/** The words of a MAC: its marks, and since which second of the clock, from 1 on, it is missed, 0 for not. */
const MARKS = KEY_WORDS;
const SINCE = KEY_WORDS + 1;
const WIDTH = 2;

/** Marked at the last complete dump: the bridge's row, and the VXLAN device's. */
const BRIDGE = 1;
const VXLAN = 2;
const TAKEN = BRIDGE | VXLAN;
/** Marked as the one under way has seen it, so many bits above the former. */
const SEEN_SHIFT = 2;
/** The one under way has seen a row, be it in software alone. */
const SEEN = 16;

/** Which of a MAC's rows are in the hardware. */
export interface RowsInHardware {
  readonly bridge: boolean;
  readonly vxlan: boolean;
}

/** A default destination. */
interface Flood {
  taken: boolean;
  /** As of a MAC. */
  since: number;
  seen: boolean;
}

/**
 * What the hardware has of one VNI's rows, as the last dump of its VXLAN device showed it. A MAC is there once both of its
 * rows are marked (NTF_OFFLOADED): the bridge's and the VXLAN device's. Pure.
 */
export class VniOffload {
  readonly #macs = new NumberTable<Mac>(WIDTH);
  readonly #floods = new Map<Ip, Flood>();
  /** How many were in the hardware at the last dump, and how many were missed for longer than they may be. */
  macs = 0;
  floods = 0;
  lateMacs = 0;
  lateFloods = 0;
  /** When that dump ended: what it did not show may have been taken since, so that no later clock judges it. */
  dumpedAt = 0;

  constructor(
    readonly vni: Vni,
    readonly switchId: string,
  ) {}

  /** A dump begins. */
  begin(): void {
    const { cells, stride, size } = this.#macs;
    for (let row = 0; row < size; row++) cells[row * stride + MARKS] &= TAKEN;
    for (const flood of this.#floods.values()) flood.seen = false;
  }

  bridgeRow(mac: Mac, flags: number): void {
    this.#mark(mac, (flags & Ntf.OFFLOADED) !== 0 ? SEEN | (BRIDGE << SEEN_SHIFT) : SEEN);
  }

  vxlanRow(mac: Mac, dst: Ip | undefined, flags: number, now: number): void {
    const taken = (flags & Ntf.OFFLOADED) !== 0;
    if (mac !== MAC_ZERO) this.#mark(mac, taken ? SEEN | (VXLAN << SEEN_SHIFT) : SEEN);
    else if (dst !== undefined) {
      const before = this.#floods.get(dst);
      this.#floods.set(dst, { taken, seen: true, since: taken ? 0 : before?.since || second(now) });
    }
  }

  /** The dump is complete; only what is wanted counts. */
  end(now: number, wants: (mac: Mac) => boolean, floods: (dst: Ip) => boolean): void {
    const { stride } = this.#macs;
    this.dumpedAt = now;
    this.macs = 0;
    this.lateMacs = 0;
    for (const row of this.#macs.walk()) {
      const { cells } = this.#macs;
      const at = row * stride;
      const marks = cells[at + MARKS];
      const taken = (marks >> SEEN_SHIFT) & TAKEN;
      if ((marks & SEEN) === 0 || !wants(this.#macs.keyOf(row))) this.#macs.remove(this.#macs.keyOf(row));
      else {
        cells[at + MARKS] = taken;
        if (taken === TAKEN) {
          cells[at + SINCE] = 0;
          this.macs++;
        } else {
          cells[at + SINCE] ||= second(now);
          if (isLate(cells[at + SINCE], now)) this.lateMacs++;
        }
      }
    }
    this.floods = 0;
    this.lateFloods = 0;
    for (const [dst, { seen, taken, since }] of this.#floods)
      if (!seen || !floods(dst)) this.#floods.delete(dst);
      else if (taken) this.floods++;
      else if (isLate(since, now)) this.lateFloods++;
  }

  /** The hardware had the MAC at the last dump. */
  hasMac(mac: Mac): boolean {
    return this.#taken(mac) === TAKEN;
  }

  /** Which of its rows the hardware had then. */
  rows(mac: Mac): RowsInHardware {
    const taken = this.#taken(mac);
    return { bridge: (taken & BRIDGE) !== 0, vxlan: (taken & VXLAN) !== 0 };
  }

  hasFlood(dst: Ip): boolean {
    return this.#floods.get(dst)?.taken ?? false;
  }

  /** The MAC has been missed for longer than it may take. */
  lacksMac(mac: Mac, now: number): boolean {
    const row = this.#macs.find(mac);
    return row >= 0 && isLate(this.#macs.cells[row * this.#macs.stride + SINCE], now);
  }

  lacksFlood(dst: Ip, now: number): boolean {
    return isLate(this.#floods.get(dst)?.since ?? 0, now);
  }

  /** MACs that had been missed for so long at the last dump. They must not come or go meanwhile. */
  *missedMacs(): Iterable<Mac> {
    const { cells, stride, size } = this.#macs;
    for (let row = 0; row < size; row++)
      if (isLate(cells[row * stride + SINCE], this.dumpedAt)) yield this.#macs.keyOf(row);
  }

  /** One of those is missed no longer: its rows are about to go. */
  forget(mac: Mac): void {
    if (this.#macs.remove(mac) >= 0) this.lateMacs--;
  }

  #taken(mac: Mac): number {
    const row = this.#macs.find(mac);
    return row < 0 ? 0 : this.#macs.cells[row * this.#macs.stride + MARKS] & TAKEN;
  }

  #mark(mac: Mac, marks: number): void {
    const row = this.#macs.add(mac);
    this.#macs.cells[row * this.#macs.stride + MARKS] |= marks;
  }
}

/** Milliseconds of the clock as seconds from 1 on, for which a word is room enough. */
function second(now: number): number {
  return 1 + Math.floor(now / 1000);
}

function isLate(since: number, now: number): boolean {
  return since !== 0 && second(now) - since >= GRACE_MS / 1000;
}
