import type { Clock, Ip, LimitedLog, Mac, Timer, Vni } from '../types/index.js';
import type { Subject } from './duplicates.js';
import { type RememberedIp, type RememberedMac, VniMemory } from './remembered.js';

/** What all VNIs may take together, in units of some 32 octets: 65,536 MACs, or 4,096 addresses with their moves. */
const MOST_UNITS = 1 << 16;
/**
 * The VNIs that take the most give up this part of it, so that it is not looked for them at each address: 512 MACs, a fraction of a
 * millisecond, however many VNIs there are. An eighth took a turn of the event loop of 20 ms.
 */
const PART = 1 / 128;
/** This part of the room is for what has moved alone. */
const RESERVED = 1 / 8;
/** Milliseconds for which an address is remembered at least, and at most twice that. */
const PERIOD = 900_000;

/**
 * Remembers addresses that nobody claims any more: a host that comes back elsewhere goes on with its sequence number, so
 * that no late route of its old place beats it, and one that is withdrawn before each move is found in two places all the
 * same. Anybody who announces can make any number of them, so they have a bound in number and in time; where there are too
 * many, the VNIs with the most forget their oldest.
 */
export class MoveMemory {
  /** Addresses that were forgotten before their time, since start. */
  forgottenEarly = 0;
  readonly #vnis = new Map<Vni, VniMemory>();
  #units = 0;
  #timer: Timer | undefined;
  #isFullSaid = false;

  constructor(
    readonly clock: Clock,
    readonly log: LimitedLog,
    /** Milliseconds in which moves are counted: as long an address must be remembered. */
    readonly window: () => number,
    /** A duplicate that stands was forgotten. */
    readonly dropped: (subject: Subject) => void,
    readonly mostUnits = MOST_UNITS,
  ) {}

  /** Returns how many addresses are remembered, of one VNI or of all. */
  size(vni?: Vni): number {
    if (vni !== undefined) return this.#vnis.get(vni)?.size ?? 0;
    let size = 0;
    for (const memory of this.#vnis.values()) size += memory.size;
    return size;
  }

  /** Nobody claims the MAC; one that never moved is nothing to remember. */
  putMac(vni: Vni, mac: Mac, remembered: RememberedMac): void {
    if (remembered.sequence === 0 && remembered.history === undefined) return;
    this.#change(this.#of(vni), (memory) => memory.putMac(mac, remembered));
    this.#makeRoom();
  }

  /** The same of an IP; without moves it is remembered while there is room. */
  putIp(vni: Vni, ip: Ip, remembered: RememberedIp): void {
    if (remembered.history === undefined && this.#units >= this.mostUnits * (1 - RESERVED)) return;
    this.#change(this.#of(vni), (memory) => memory.putIp(ip, remembered));
    this.#makeRoom();
  }

  mac(vni: Vni, mac: Mac): RememberedMac | undefined {
    return this.#vnis.get(vni)?.mac(mac);
  }

  ip(vni: Vni, ip: Ip): RememberedIp | undefined {
    return this.#vnis.get(vni)?.ip(ip);
  }

  /** The same of one that somebody claims again: it is remembered no more. */
  takeMac(vni: Vni, mac: Mac): RememberedMac | undefined {
    const memory = this.#vnis.get(vni);
    const remembered = memory?.mac(mac);
    if (memory && remembered) this.#change(memory, () => memory.deleteMac(mac));
    return remembered;
  }

  takeIp(vni: Vni, ip: Ip): RememberedIp | undefined {
    const memory = this.#vnis.get(vni);
    const remembered = memory?.ip(ip);
    if (memory && remembered) this.#change(memory, () => memory.deleteIp(ip));
    return remembered;
  }

  /** The VNI is no longer served. */
  forget(vni: Vni): void {
    this.#units -= this.#vnis.get(vni)?.units ?? 0;
    this.#vnis.delete(vni);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #of(vni: Vni): VniMemory {
    let memory = this.#vnis.get(vni);
    if (!memory) {
      memory = new VniMemory(vni);
      this.#vnis.set(vni, memory);
    }
    this.#timer ??= this.#ageLater();
    return memory;
  }

  #change(memory: VniMemory, change: (memory: VniMemory) => void): void {
    const before = memory.units;
    change(memory);
    this.#units += memory.units - before;
    if (memory.units === 0) this.#vnis.delete(memory.vni);
  }

  #makeRoom(): void {
    if (this.#units <= this.mostUnits) return;
    const before = this.forgottenEarly;
    const enough = Math.floor(this.mostUnits * (1 - PART));
    const largest = this.#largest(this.#units - enough);
    for (const standing of [false, true])
      for (const memory of largest.memories) {
        if (this.#units <= enough) break;
        if (memory.units <= largest.level) continue;
        // The last one need not give all that is above the level
        const left = Math.max(largest.level, memory.units - (this.#units - enough));
        this.#change(memory, () =>
          memory.shrink(left, standing, (subject, isStanding) => {
            this.forgottenEarly++;
            if (isStanding) this.dropped(subject);
          }),
        );
      }
    if (this.#isFullSaid || this.forgottenEarly === before) return;
    this.#isFullSaid = true;
    this.log.warn(
      'too many addresses have moved and gone: the oldest are forgotten before their time',
      () => ({
        vnis: this.#vnis.size,
        remembered: this.size(),
        most: [...this.#vnis.values()].reduce((a, b) => (b.units > a.units ? b : a)).vni,
      }),
    );
  }

  /**
   * Returns the VNIs that hold the most, the largest first, and a number of units above which they hold so many or more in all: none of
   * the others has more than that.
   */
  #largest(excess: number): { memories: VniMemory[]; level: number } {
    const all = Array.from(this.#vnis.values(), (memory) => ({ memory, units: memory.units }));
    all.sort((a, b) => b.units - a.units);
    let level = 0;
    let sum = 0;
    let count = 0;
    for (const { units } of all) {
      if (count > 0 && units <= level) break;
      sum += units;
      level = Math.max(0, Math.floor((sum - excess) / ++count));
    }
    return { memories: all.slice(0, count).map(({ memory }) => memory), level };
  }

  #ageLater(): Timer {
    return this.clock.after(Math.max(PERIOD, this.window()), () => {
      this.#isFullSaid = false;
      for (const memory of [...this.#vnis.values()]) this.#change(memory, () => memory.age());
      this.#timer = this.#vnis.size > 0 ? this.#ageLater() : undefined;
    });
  }
}
